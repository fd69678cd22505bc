"""The web application: every door on one floor."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from dispatcher.ingress import (
    assets,
    builder,
    callbacks,
    cpc,
    kinbox,
    native,
    operations,
    pages,
    probes,
    uazapi,
    webhooks,
)
from dispatcher.ingress.access import AccessLog
from dispatcher.ingress.document import completed
from dispatcher.ingress.door import House
from dispatcher.ingress.following import Looks
from dispatcher.ingress.metrics import InboundMeter, TurnedAway, registry_for
from dispatcher.ingress.paths import PlainPaths
from dispatcher.ingress.places import Door
from dispatcher.ingress.refusals import Shape, problem, told
from dispatcher.pipeline.desk import Desk
from dispatcher.secrecy import Secrecy
from dispatcher.settings import Settings

# Builder's paths begin with any two names, so its door comes last.
DOORS = (pages, probes, native, operations, callbacks, webhooks, assets, uazapi, kinbox, cpc, builder)

SPEAKERS = {step: door.shape for door in (uazapi, kinbox, cpc, builder) for step in door.FIRST_STEPS}
"""How a refusal sounds below the first step of a path where a provider's API has something."""


def create_app(desk: Desk, settings: Settings) -> FastAPI:
    """The application over a desk; `settings` must hold the secret key and the admin token."""
    app = doors()
    app.state.looks = Looks()
    app.state.leaving = False  # set by the server that is told to stop: streams end by themselves then
    app.state.registry, meter = registry_for(desk.house)
    app.state.inbound = InboundMeter(app.state.registry)
    door = Door(settings, TurnedAway(app.state.registry))
    app.state.house = House(desk, settings, Secrecy(settings.secret_key.get_secret_value()), door)
    app.add_middleware(AccessLog, meter=meter)
    app.add_middleware(PlainPaths)
    return app


def doors() -> FastAPI:
    """The doors with nothing behind them: enough to describe them."""
    app = FastAPI(
        title="WhatsApp dispatcher",
        summary="Campaigns through provider APIs: paced, guarded, each message once",
        version=version("whatsapp-dispatcher"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _refuse, RequestValidationError: _refuse},
    )
    for door in DOORS:
        app.include_router(door.router)
    app.openapi = completed(app.openapi)  # type: ignore[method-assign]
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    """A path that no door has, or a method that it does not take: said as the path's own dialect says it."""
    refused = told(error, "none")
    if refused.status == 405:
        refused.headers["Allow"] = ", ".join(_methods(request))
    return _shape_at(request.scope["path"])(refused)


def _shape_at(path: str) -> Shape:
    steps = path.strip("/").split("/")
    return builder.shape if builder.is_action(steps) else SPEAKERS.get(steps[0], problem)


def _methods(request: Request) -> list[str]:
    """What the path takes, by the template that fits with the fewest names, whichever route has it."""
    routes = [route for door in DOORS for route in door.router.routes]
    near = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    templates = [str(getattr(route, "path", "")) for route in near]
    closest = min(templates, key=lambda template: template.count("{"))
    same = [route for route, template in zip(near, templates, strict=True) if template == closest]
    return sorted({method for route in same for method in getattr(route, "methods", None) or ()})
