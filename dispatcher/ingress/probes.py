"""Is it alive, is it ready, how much does it do: for whoever watches. No token is needed, nothing personal is told."""

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.ingress.door import Inside
from dispatcher.ingress.refusals import problem, speaking

router = APIRouter(route_class=speaking(problem), tags=["probes"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(house: Inside) -> Response:
    """Redis and the ledger answer and a worker is there: 200; else 503 with what is missing."""
    checks = house.desk.house.checks()
    ready = all(check.ok for check in checks)
    body: dict[str, Any] = {
        "status": "ready" if ready else "not ready",
        "checks": {check.name: "ok" if check.ok else check.note or "not ok" for check in checks},
    }
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus's text format."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
