"""What an upstream app can call stands on its dialect's page: every path, and what an account may set about it."""

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from dispatcher.coordination.scripts import LOCK_VERBS
from dispatcher.ingress import builder, cpc, kinbox, uazapi
from dispatcher.providers.builder.names import Names
from dispatcher.providers.builder.render import ACTION
from dispatcher.providers.cpc import dialect
from dispatcher.providers.cpc.reasons import OTHER
from dispatcher.providers.cpc.reasons import REASONS as CPC_REASONS
from tests.house.documents import blocks
from tests.house.tree import ROOT

DOORS: dict[str, Any] = {"builder": builder, "cpc": cpc, "kinbox": kinbox, "uazapi": uazapi}


def page(dialect: str) -> str:
    return (ROOT / f"docs/dialects/{dialect}.md").read_text(encoding="utf-8")


def calls(door: Any) -> set[str]:
    """`GET /v3/campaigns/{}` of every route, names of parts left out."""
    routes = [route for route in door.router.routes if isinstance(route, APIRoute)]
    return {f"{method} {bare(route.path)}" for route in routes for method in route.methods or ()}


def bare(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


@pytest.mark.parametrize("dialect", DOORS)
def test_every_call_of_a_dialect_is_on_its_page(dialect: str) -> None:
    """A call that shares its row with the one before may leave out what they have in common: `/resume`."""
    cells = re.findall(r"^\| (`(?:GET|POST|PATCH|PUT|DELETE) [^|]*) \|", page(dialect), re.MULTILINE)
    named = set()
    for cell in cells:
        [first, *others] = [bare(one) for one in re.findall(r"`([^`]+)`", cell)]
        named |= {first, *(first.rpartition("/")[0] + one for one in others)}
    assert named == calls(DOORS[dialect])


@pytest.mark.parametrize("name", [*Names.__slots__, *ACTION])
def test_builders_page_names_every_option_and_every_field(name: str) -> None:
    assert f"`{name}`" in page("builder")


def test_cpcs_page_names_every_field() -> None:
    fields = {*dialect.Post.model_fields, *dialect.Message.model_fields}
    assert {name for name in fields if f"`{name}`" not in page("cpc")} == set()


@pytest.mark.parametrize("reason", sorted({row.outcome.reason for row in (*CPC_REASONS, OTHER)}))
def test_cpcs_page_says_what_each_of_its_reasons_means_for_a_message(reason: str) -> None:
    assert re.search(rf"^\| .+ \| .+ \| `{reason}` \|$", page("cpc"), re.MULTILINE)


def test_cpcs_page_names_every_reason_that_we_answer_and_the_most_messages_of_a_post() -> None:
    told = [*cpc.REASONS.items(), ("contact_open", cpc.IN_CONTACT.format(hours=3.5))]
    assert [theirs for ours, theirs in told if f"| `{theirs}` | `{ours}` |" not in page("cpc")] == []
    assert f"at most {dialect.MOST_MESSAGES:,} messages" in page("cpc")


def test_the_picture_of_the_lock_shows_every_verb_that_changes_it() -> None:
    [picture] = blocks(ROOT / "docs/locks.md", "mermaid")
    verbs = {verb.removeprefix("lock_").replace("_", " ") for verb in LOCK_VERBS}
    assert {verb for verb in verbs if f": {verb}" not in picture} == set()


@pytest.mark.parametrize("dialect", DOORS)
def test_a_dialects_page_says_what_is_the_same_what_is_added_and_what_differs(dialect: str) -> None:
    text = page(dialect)
    assert {"## What we add", "## What differs"} <= set(text.splitlines())
    assert f"docs/dialects/{dialect}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
