"""`dispatcher audit`, and what `doctor` says of it and of messages in doubt. Tests put auditors to work themselves."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.coordination import keys
from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import Lane, parse_campaign
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Ticket
from dispatcher.pipeline.audit import Auditor
from dispatcher.settings import Settings
from dispatcher.telemetry import configure
from dispatcher.wiring import Wiring
from tests.cli.conftest import Shell
from tests.cli.test_control import NOBODY, campaign
from tests.ledger.steps import run

__all__ = ["campaign"]


@pytest.fixture
def wiring(shell: Shell, accounts: Path) -> Iterator[Wiring]:
    made = Wiring(Settings())
    made.rebuild_clock()
    yield made
    made.close()


def look(wiring: Wiring) -> None:
    """A round of an auditor that does not wait between its looks."""
    configure("CRITICAL")
    auditor = Auditor(wiring.stations, wiring.audited, every_s=0, confirm_s=0)
    while not auditor.audit():
        pass


def problems(shell: Shell, check: str) -> list[str]:
    """What `doctor` complains of under this name."""
    lines = shell("doctor", status=1).stderr.splitlines()
    return [line for line in lines if line.startswith(f"problem: {check}: ")]


def found(shell: Shell, check: str) -> str:
    """What `doctor` says where it has nothing to complain of."""
    [line] = [line for line in shell("doctor", status=1).stdout.splitlines() if line.startswith(f"{check} ")]
    return line


def test_before_the_first_round_and_after_a_quiet_one_there_is_nothing_to_complain_of(
    shell: Shell, wiring: Wiring
) -> None:
    assert shell("audit").stdout == "no worker has looked yet\n"
    assert "no worker has looked yet" in found(shell, "audit")
    look(wiring)
    assert shell("audit").stdout.startswith("all adds up, as of 20")
    assert "all added up" in found(shell, "audit")


def test_what_does_not_add_up_is_told_with_what_it_means_and_what_to_do(shell: Shell, wiring: Wiring) -> None:
    taken_ms = wiring.stations.now_ms()
    wiring.redis.set(keys.lock("global", "0" * 32), f"{NOBODY}-0|{taken_ms}|{taken_ms + 60_000}", px=60_000)
    look(wiring)
    [line] = problems(shell, "audit")
    assert line.startswith("problem: audit: lock_without_owner global:000")
    assert line.endswith("see `dispatcher audit`")
    told = shell("audit", status=1)
    assert "dispatcher locks release PHONE" in " ".join(told.stdout.split())
    assert told.stderr == "1 finding\n"
    [one] = json.loads(shell("audit", "--json", status=1).stdout)["findings"]
    assert (one["check"], one["campaign_id"], one["message_id"]) == ("lock_without_owner", NOBODY, f"{NOBODY}-0")
    assert all(one[name] for name in ("found", "means", "do", "since", "seen_at"))
    wiring.redis.delete(keys.lock("global", "0" * 32))
    look(wiring)
    assert shell.json("audit")["findings"] == []


def test_who_has_not_looked_for_long_is_a_problem(shell: Shell, wiring: Wiring) -> None:
    look(wiring)
    run(wiring.engine, "UPDATE audit SET ended_at = now() - interval '20 min'")
    assert problems(shell, "audit") == ["problem: audit: nobody has looked for 20 minutes: is a worker there?"]


@pytest.fixture
def doubt(wiring: Wiring, campaign: str) -> str:
    """A message in doubt whose provider will be asked in a minute."""
    ticket = Ticket(Lane(wiring.accounts.all_senders()[0].id, 0), parse_campaign(campaign), 0, 1, "t-1")
    [claimed] = wiring.messages.claim(ticket).rows
    later_ms = wiring.stations.now_ms() + 60_000
    doubtful = Settled(0, claimed.attempt, Outcome(Fate.IN_DOUBT, "no_answer"), later_ms)
    wiring.messages.settle(ticket.campaign, [doubtful])
    return f"{campaign}-0"


def test_doubts_that_wait_for_an_operator_are_a_problem_and_settled_at_once(
    shell: Shell, wiring: Wiring, doubt: str
) -> None:
    assert "1 message will be looked up" in found(shell, "in doubt")
    assert shell.json("in-doubt", "list", "--undecided") == []
    run(wiring.engine, "UPDATE message SET due_at = NULL, claimed_at = now() - interval '3 h' WHERE state = 'in_doubt'")
    [line] = problems(shell, "in doubt")
    assert line.startswith("problem: in doubt: 1 message waits for you, the first for 3 hours: ")
    [shown] = shell.json("in-doubt", "list", "--undecided")
    assert shown["id"] == doubt
    settled = shell("in-doubt", "resolve", f"{NOBODY}-1", doubt, "--as", "sent", status=1)
    assert (settled.stdout, settled.stderr) == (f"{doubt}: sent\n", f"{NOBODY}-1: there is no such message\n")
    assert problems(shell, "in doubt") == []
    assert "is not in doubt" in shell.trouble("in-doubt", "resolve", doubt, "--as", "sent")
