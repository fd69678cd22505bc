"""What operators can do stands in docs/control.md: every path of the native API, every command of theirs."""

import re

import pytest
from fastapi.routing import APIRoute

from dispatcher.cli import callbacks, campaigns, in_doubt, locks, senders, suppress
from dispatcher.domain.optout import DEFAULT
from dispatcher.ingress import callbacks as callbacks_door
from dispatcher.ingress import native, operations
from dispatcher.pipeline.desk import Order
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "control.md").read_text()
GROUPS = {
    "campaigns": campaigns,
    "senders": senders,
    "locks": locks,
    "suppress": suppress,
    "in-doubt": in_doubt,
    "callbacks": callbacks,
}


def paths() -> set[str]:
    """`GET /v1/…` of every route; those that take an order once for each."""
    found = set()
    for route in (*native.router.routes, *operations.router.routes, *callbacks_door.router.routes):
        assert isinstance(route, APIRoute)
        words = [one.value for one in Order] if "campaigns" in route.path else ["pause", "resume"]
        for method in route.methods or ():
            found |= {f"{method} {route.path.replace('{order}', word)}" for word in words}
    return found


def commands() -> set[str]:
    found = set()
    for group, module in GROUPS.items():
        for command in module.commands.registered_commands:
            assert command.callback is not None
            found.add(f"dispatcher {group} {command.name or command.callback.__name__}")
    return found


@pytest.mark.parametrize("what", sorted(paths() | commands()))
def test_what_operators_can_do_is_documented(what: str) -> None:
    assert re.search(rf"`{re.escape(what)}[`? ]", PAGE)


def test_the_default_opt_out_words_are_documented() -> None:
    assert "opt_out_words = [" + ", ".join(f'"{word}"' for word in DEFAULT) + "]" in PAGE
