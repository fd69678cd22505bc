"""The crash table is whole: each effect has a fault point, each row what tries it; the figures are counted here."""

import ast
import re
from typing import Any, get_origin, get_type_hints

from dispatcher.pipeline.change import ChangeBook
from dispatcher.pipeline.courier import CallbackBook
from dispatcher.pipeline.decide import DoubtBook
from dispatcher.pipeline.ports.clock import ClockBuilder
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.steer import CampaignBook, DoubtsBook
from dispatcher.wiring.tripwire import read_moment
from tests.house.documents import read, rows, section
from tests.house.tree import ROOT

MOMENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)?:(?:before|after|during|within)(?::\d+)?")
BESIDE = {
    "campaigns": CampaignBook,
    "doubts": DoubtsBook,
    "changes": ChangeBook,
    "builder": ClockBuilder,
    "callbacks": CallbackBook,
}
BY_NAME = {
    "doubts": {name for name in vars(DoubtBook) if not name.startswith("_")},
    "accounts": {"apply", "remove"},
    "changes": {"remove"},
    "folders": {"remove_ended"},
    "suppressions": {"add", "remove"},
    "callbacks": {"send_again"},
}
"""What desks and commands do beside the protocols."""

QUESTIONS = {
    "accounts": "named senders once_paused sent_since changed_within",
    "builder": "is_ours",
    "callbacks": "due",
    "caller": "is_up look_up poll",
    "campaigns": "get running over",
    "clock": "silent_ms",
    "control": "idle known",
    "doubts": "job",
    "errors": "tally",
    "feedback": "heard is_awaited",
    "polls": "job failed named",
    "inbound": "take",
    "messages": "whereabouts stuck",
    "plans": "plan_of unopened",
    "retries": "waiting",
    "waits": "campaigns due of_client",
    "": "campaign account sender is_known provider_of batch suppressed contacted expected now_ms jitter leads_url"
    " open_leads check_callback_url events_queued pause",
}
"""Verbs that change nothing: who dies before one leaves behind the same as who dies after it."""

SAME_AS = {
    "clock.depart": "caller.call:before",  # the lease lasts longer, and a start is written down that nobody used
    "clock.spare": "clock.begin:after",  # the flight is the same, and not held against its messages
    "doubts.retry_all": "doubts.resolve:after",  # the same for many, in slices that each stand by themselves
    "suppressions.remove": "suppressions.add:after",  # one statement, nothing behind it
}


def table() -> list[list[str]]:
    return rows(section("docs/architecture.md", "## When something dies"))


def points(row: list[str]) -> set[str]:
    return set(MOMENT.findall(row[-1]))


def played() -> set[str]:
    """The moments at which the tests of crashes let a process die."""
    found: set[str] = set()
    for file in (ROOT / "tests" / "crash").glob("test_*.py"):
        texts = (node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant))
        found |= {text for text in texts if isinstance(text, str) and MOMENT.fullmatch(text)}
    return found


def effects() -> set[str]:
    """`port.verb` of everything that changes something."""
    verbs = {name: _verbs(kind) for name, kind in get_type_hints(Stations).items()}
    found = {f"{port}.{verb}" for port, theirs in verbs.items() for verb in theirs}
    found |= {port for port, theirs in verbs.items() if not theirs}
    found |= {f"{port}.{verb}" for port, kind in BESIDE.items() for verb in _verbs(kind)}
    found |= {f"{port}.{verb}" for port, theirs in BY_NAME.items() for verb in theirs}
    return found - questions()


def questions() -> set[str]:
    return {f"{port}.{verb}".lstrip(".") for port, verbs in QUESTIONS.items() for verb in verbs.split()}


def _verbs(port: Any) -> set[str]:
    """None of a port that is a function."""
    return set() if get_origin(port) else {name for name in vars(port) if not name.startswith("_")}


def test_each_row_of_the_crash_table_names_what_tries_it() -> None:
    untried = [row[0] for row in table() if not points(row) and "tests/" not in row[-1]]
    assert untried == []


def test_the_crash_table_and_the_tests_have_the_same_fault_points() -> None:
    listed = set().union(*map(points, table()))
    assert (listed - played(), played() - listed) == (set(), set())


def test_each_fault_point_can_be_set() -> None:
    assert [str(read_moment(one)) for one in played()]


def test_each_test_that_the_crash_table_names_exists() -> None:
    named = [one for row in table() for one in re.findall(r"tests/[\w/]+\.py(?:::\w+)?", row[-1])]
    missing = []
    for file, _, test in (one.partition("::") for one in named):
        path = ROOT / file
        if not path.is_file() or (test and f"def {test}(" not in path.read_text()):
            missing.append(f"{file}::{test}")
    assert missing == []


def test_each_effect_of_a_port_has_a_fault_point_right_after_it() -> None:
    covered = {one.partition(":")[0] for one in played() if ":after" in one or ":within" in one} | set(SAME_AS)
    assert effects() - covered == set()


def test_nothing_is_excused_that_is_not_there() -> None:
    everything = effects() | questions()
    assert {one for one in questions() | set(SAME_AS) if one not in everything} == set()
    assert set(SAME_AS.values()) - played() == set()


def test_the_figures_of_the_crash_table_are_counted() -> None:
    covered = f"{len(table())} of {len(table())} rows, {len(effects())} of {len(effects())} effects, "
    assert covered + f"{len(played())} fault points" in read("docs/reliability.md")
