"""`dispatcher campaigns retry-failed` and `export`, `senders`, `suppress`, `locks`, `in-doubt`. No worker runs."""

import csv
import json
from pathlib import Path

import pytest

from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import Lane, parse_campaign
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Ticket
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from tests.cli.conftest import Shell

ANA = "5511900000001"
NOBODY = "0f3k9x2m7q4t"


@pytest.fixture
def campaign(shell: Shell, accounts: Path, tmp_path: Path) -> str:
    """A campaign of two messages, one of which failed at once."""
    leads = tmp_path / "june.csv"
    leads.write_text(f"phone\n{ANA}\n=1+1\n")
    made = shell.json("send", leads, "--account", "loja", "--text", "Olá")
    return str(made["id"])


def test_messages_are_exported(shell: Shell, campaign: str, tmp_path: Path) -> None:
    printed = shell("campaigns", "export", campaign).stdout
    rows = list(csv.DictReader(printed.splitlines()))
    assert [(row["phone"], row["state"]) for row in rows] == [(ANA, "pending"), ("'=1+1", "failed")]
    file = tmp_path / "out.csv"
    assert shell("campaigns", "export", campaign, "--output", file).stdout == ""
    assert file.read_text().splitlines() == printed.splitlines()
    lines = [json.loads(line) for line in shell("campaigns", "export", campaign, "--json").stdout.splitlines()]
    assert [(one["phone"], one["seq"]) for one in lines] == [(ANA, 0), ("=1+1", 1)]


def test_an_export_of_nothing_is_one_line(shell: Shell, campaign: str, tmp_path: Path) -> None:
    assert "no such campaign" in shell.trouble("campaigns", "export", NOBODY)
    shell.trouble("campaigns", "export", "x")
    assert "nowhere" in shell.trouble("campaigns", "export", campaign, "--output", tmp_path / "nowhere" / "out.csv")


def test_what_never_reached_a_provider_is_not_sent_again(shell: Shell, campaign: str) -> None:
    assert shell.json("campaigns", "retry-failed", campaign)["counts"]["failed"] == 1
    shell("campaigns", "cancel", campaign)
    assert "cancelled" in shell.trouble("campaigns", "retry-failed", campaign)
    assert "no such campaign" in shell.trouble("campaigns", "retry-failed", NOBODY)


def test_senders_are_paused_and_resumed(shell: Shell, accounts: Path) -> None:
    [paused] = shell.json("senders", "pause", "loja", ANA)
    assert (paused["sender"], paused["state"], paused["reason"]) == (ANA, "paused", "paused by an operator")
    assert [one["state"] for one in shell.json("senders", "resume", "loja")] == ["active", "active"]


def test_a_client_is_suppressed_listed_and_let_go(shell: Shell, accounts: Path) -> None:
    assert shell("suppress", "add", "+55 (11) 90000-0001", "--reason", "asked").stdout == "suppressed\n"
    assert shell.json("suppress", "add", ANA)["reason"] == "asked"
    shell("suppress", "add", "5511900000002")
    assert [one["phone"] for one in shell.json("suppress", "list")] == [ANA, "5511900000002"]
    assert [one["phone"] for one in shell.json("suppress", "list", "11900000001")] == [ANA]
    assert ANA in shell("suppress", "list").stdout
    assert shell.json("suppress", "remove", ANA) == {"phone": ANA, "removed": True}
    assert shell("suppress", "remove", ANA).stdout == "this client was not suppressed\n"
    assert shell.json("suppress", "list", ANA) == []


@pytest.mark.parametrize("arguments", [("suppress", "add"), ("suppress", "remove"), ("locks", "show")])
def test_no_phone_number_is_one_line_that_does_not_repeat_it(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert "12399" not in shell.trouble(*arguments, "12399")


def test_a_free_client_is_released_from_nothing(shell: Shell, accounts: Path) -> None:
    assert shell.json("locks", "release", ANA) == {"phone": ANA, "lifted": 0}
    assert "no such message" in shell.trouble("in-doubt", "resolve", f"{NOBODY}-1", "--as", "sent", "--json")


def test_a_campaigns_pace_is_changed_and_the_change_is_shown(shell: Shell, campaign: str) -> None:
    assert shell("campaigns", "change", campaign, "--delay-max", "8", "--priority", "3").stdout.endswith("is changed\n")
    [change] = shell.json("campaigns", "show", campaign)["changes"]
    assert change["now"] == {"delay_max": 8, "priority": 3}
    assert "already" in shell("campaigns", "change", campaign, "--priority", "3").stdout
    assert "delay_min" in shell.trouble("campaigns", "change", campaign, "--delay-min", "9")
    shell.trouble("campaigns", "change", campaign)


def test_sending_again_what_is_in_doubt_is_asked_about(shell: Shell, campaign: str) -> None:
    wiring = Wiring(Settings())
    wiring.rebuild_clock()
    ticket = Ticket(Lane(wiring.accounts.all_senders()[0].id, 0), parse_campaign(campaign), 0, 1, "t-1")
    [claimed] = wiring.messages.claim(ticket).rows
    wiring.messages.settle(ticket.campaign, [Settled(0, claimed.attempt, Outcome(Fate.IN_DOUBT, "no_answer"))])
    again = ("campaigns", "resume", campaign, "--scope", "pending,in_doubt")
    assert "--yes" in shell(*again, status=1).stderr
    assert shell.json("campaigns", "show", campaign)["counts"]["in_doubt"] == 1
    assert shell.json(*again, "--yes")["counts"]["pending"] == 1
    wiring.close()
