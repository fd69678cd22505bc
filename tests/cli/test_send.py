"""`dispatcher send`, and what `campaigns`, `locks` and `in-doubt` show of it. No worker runs: nothing leaves."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.demo.posts import payload
from tests.cli.conftest import Shell

ANA = "5511900000001"
LEADS = "phone;name\n5511900000001;Ana\n5511900000002;Bruno\n123;Carla\n"


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    file = tmp_path / "june.csv"
    file.write_text(LEADS)
    return file


def written(tmp_path: Path, body: Any) -> Path:
    file = tmp_path / "campaign.json"
    file.write_text(json.dumps(body))
    return file


@pytest.mark.parametrize(("name", "messages"), [("uazapi.json", 5), ("cpc.json", 1)])
def test_a_dialect_is_recognised_and_its_only_account_found(
    shell: Shell, accounts: Path, tmp_path: Path, name: str, messages: int
) -> None:
    receipt = shell.json("send", written(tmp_path, payload(name)))
    assert receipt["accepted"] == receipt["queued"] == messages
    shown = shell.json("campaigns", "show", receipt["id"])
    assert shown["counts"]["pending"] == shown["total"] == messages


def test_a_csv_of_leads_becomes_a_campaign(shell: Shell, accounts: Path, leads: Path) -> None:
    arguments = ("--account", "loja", "--text", "Olá {{name}}", "--delay-min", "3", "--delay-max", "6")
    receipt = shell.json("send", leads, *arguments, "--chunk-size", "2", "--seconds-between-chunks", "30")
    assert (receipt["accepted"], receipt["queued"]) == (3, 2)
    shown = shell.json("campaigns", "show", receipt["id"])
    assert shown["name"] == "june"
    assert shown["counts"]["failed"] == 1
    assert shown["pacing"]["delay_max"] == 6
    assert shown["chunks"]["size"] == 2


def test_the_text_may_come_from_a_file(shell: Shell, accounts: Path, leads: Path, tmp_path: Path) -> None:
    template = tmp_path / "text.txt"
    template.write_text("Olá {{name}}\n")
    assert shell.json("send", leads, "--account", "loja", "--template", template)["queued"] == 2
    both = ("--template", template, "--text", "Olá")
    assert "--text or --template" in shell.trouble("send", leads, "--account", "loja", *both, status=2)


def test_an_account_must_be_named_where_several_fit(shell: Shell, accounts: Path, leads: Path) -> None:
    line = shell.trouble("send", leads, "--text", "Olá")
    assert "--account (cobranca, loja)" in line


def test_an_unknown_account_is_trouble(shell: Shell, accounts: Path, leads: Path) -> None:
    assert "no such account" in shell.trouble("send", leads, "--text", "Olá", "--account", "nobody")


def test_a_body_in_no_dialect_is_trouble(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    assert "known dialects" in shell.trouble("send", written(tmp_path, {"hello": "world"}))


def test_a_broken_message_is_named(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    body = payload("uazapi.json")
    del body["messages"][2]["listButton"]
    assert "messages[2].listButton" in shell.trouble("send", written(tmp_path, body))


@pytest.mark.parametrize("name", ["uazapi.json", "kinbox.json", "builder_acionamento.json"])
def test_a_body_of_another_dialect_needs_cpcs_operator_from_the_account(
    shell: Shell, accounts: Path, tmp_path: Path, name: str
) -> None:
    """The first message without one would halt the tag, for the campaigns of others too."""
    body = payload(name)
    if name == "kinbox.json":
        body = body | {
            "channelId": "emp1",
            "leadsAssetUrl": None,
            "leads": [{"phone": ANA, "name": "Ana", "pedido": 1}],
        }
    file = written(tmp_path, body)
    for dry in ([], ["--dry-run"]):
        assert "account: has no specialist_code" in shell.trouble("send", file, "--account", "cobranca", *dry)
    assert shell.json("campaigns", "list") == []
    options = '[account.options]\nspecialist_code = "equipe"\n[[account.sender]]\nname = "emp1"'
    accounts.write_text(accounts.read_text().replace('[[account.sender]]\nname = "emp1"', options))
    shell("accounts", "apply", accounts)
    assert shell.json("send", file, "--account", "cobranca")["queued"] > 0


def test_the_same_key_sends_once(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    file = written(tmp_path, payload("uazapi.json"))
    first = shell.json("send", file, "--idempotency-key", "june")
    again = shell.json("send", file, "--idempotency-key", "june")
    assert again["id"] == first["id"]
    assert again["replayed"]
    file.write_text(json.dumps(payload("uazapi.json") | {"delayMax": 7}))
    assert "key" in shell.trouble("send", file, "--idempotency-key", "june")


def test_a_dry_run_says_what_would_happen_and_stores_nothing(shell: Shell, accounts: Path, leads: Path) -> None:
    arguments = ("--account", "loja", "--text", "Olá {{name}}", "--delay-min", "10", "--delay-max", "20")
    outlook = shell.json("send", leads, *arguments, "--dry-run")
    assert outlook["recipients"] == 2
    assert outlook["invalid"] == {"invalid_number": 1}
    assert outlook["lanes"] == 3
    assert shell.json("campaigns", "list") == []


def test_a_dry_run_counts_with_the_delays_of_one_lane(shell: Shell, accounts: Path, leads: Path) -> None:
    arguments = ("--account", "loja", "--text", "Olá {{name}}", "--delay-min", "10", "--delay-max", "20")
    outlook = shell.json("send", leads, *arguments, "--sender", "5511900000002", "--dry-run")
    start, *ends = (
        datetime.fromisoformat(outlook[name]) for name in ("starts", "earliest_end", "expected_end", "latest_end")
    )
    assert [(end - start).total_seconds() for end in ends] == [10, 15, 20]


def test_a_dry_run_tells_of_follow_ups_and_of_what_waits_for_a_client(
    shell: Shell, accounts: Path, tmp_path: Path
) -> None:
    steps = [{"after_s": 3600, "text": "Oi {{nome}}?"}, {"after_s": 60, "text": "Tchau"}]
    people = [{"phone": "11900000001", "nome": "Ana"}, {"phone": "11900000002"}]
    body = {"account": "loja", "text": "Olá", "recipients": people, "cpc": True, "on_locked": "defer"}
    outlook = shell.json("send", written(tmp_path, body | {"follow_ups": steps}), "--dry-run")
    assert outlook["on_locked"] == "defer"
    assert outlook["follow_ups"] == ["3600 s later: Oi {{nome}}?", "60 s later: Tchau"]
    last, end = (datetime.fromisoformat(outlook[name]) for name in ("last_follow_up_not_before", "expected_end"))
    assert (last - end).total_seconds() == 3660
    assert outlook["warnings"] == ["follow_ups[0].text: recipients who have no 'nome', and will not be sent it: 1"]


def test_a_dry_run_counts_with_the_calls_of_the_provider(shell: Shell, leads: Path, tmp_path: Path) -> None:
    """Kinbox is handed a whole chunk in one call, in whatever dialect it came."""
    file = tmp_path / "kinbox.toml"
    file.write_text(
        """
        [[account]]
        name = "caixa"
        provider = "kinbox"
        base_urls = ["http://127.0.0.1:9"]
        credentials = { token = "secret-of-caixa" }
        sender = [{ name = "canal-1" }]
        """
    )
    shell("accounts", "apply", file)
    outlook = shell.json("send", leads, "--text", "Olá {{name}}", "--chunk-size", "2", "--dry-run")
    assert (outlook["chunks"], outlook["messages_per_call"]) == (2, 2)


def test_a_dry_run_says_when_nobody_could_send(shell: Shell, accounts: Path, leads: Path) -> None:
    shell("senders", "pause", "loja")
    outlook = shell.json("send", leads, "--account", "loja", "--text", "Olá", "--dry-run")
    assert outlook["lanes"] == 0
    assert outlook["expected_end"].startswith("never")


def test_campaigns_are_paused_resumed_and_cancelled(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    body = payload("uazapi.json") | {"scheduled_for": 0}
    campaign = shell.json("send", written(tmp_path, body))["id"]
    assert shell.json("campaigns", "pause", campaign)["state"] == "paused"
    assert [one["id"] for one in shell.json("campaigns", "list", "--state", "paused")] == [campaign]
    assert "cancelled" in shell("campaigns", "cancel", campaign).stdout
    assert "cancelled" in shell.trouble("campaigns", "resume", campaign)


def test_a_campaign_that_is_not_there_is_trouble(shell: Shell, accounts: Path) -> None:
    assert "no such campaign" in shell.trouble("campaigns", "show", "0f3k9x2m7q4t")
    assert "12 letters" in shell.trouble("campaigns", "show", "june")


def test_watching_ends_with_the_campaign(shell: Shell, accounts: Path, leads: Path) -> None:
    """One whose recipients are all refused is done at once."""
    leads.write_text("phone\n123\n")
    shown = shell("send", leads, "--account", "loja", "--text", "Olá", "--watch").stdout
    assert "1/1" in shown
    assert "1 failed" in shown


def test_a_client_without_an_open_contact_is_free(shell: Shell, accounts: Path) -> None:
    assert "free" in shell("locks", "show", "+55 (11) 90000-0001").stdout
    assert shell.json("locks", "show", "5511900000001") == []
    assert "free" in shell("locks", "release", "5511900000001").stdout
    assert "5511" not in shell.trouble("locks", "show", "5511abc")


def test_nothing_is_in_doubt(shell: Shell, accounts: Path) -> None:
    assert shell.json("in-doubt", "list") == []
    assert "no such message" in shell.trouble("in-doubt", "resolve", "0f3k9x2m7q4t-1", "--as", "sent")
