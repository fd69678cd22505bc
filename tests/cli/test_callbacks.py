"""`dispatcher callbacks`, and what `accounts apply` and `doctor` say about them. No worker runs."""

from pathlib import Path

import pytest

from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from tests.cli.conftest import ACCOUNTS, Shell
from tests.journey.receiver import SECRET
from tests.ledger.steps import run

ANA = "5511900000001"


def with_callbacks(url: str) -> str:
    keys = f'name = "loja"\ncallback_url = "{url}"\ncallback_secret = "{SECRET}"'
    return ACCOUNTS.replace('name = "loja"', keys)


@pytest.fixture
def failed(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A callback that failed, of a campaign of the account's."""
    monkeypatch.setenv("DISPATCHER_ALLOW_PRIVATE_URLS", "1")
    accounts, leads = tmp_path / "accounts.toml", tmp_path / "leads.csv"
    accounts.write_text(with_callbacks("http://127.0.0.1:9/hook"))
    leads.write_text(f"phone\n{ANA}\n")
    shell("accounts", "apply", accounts)
    shell("send", leads, "--account", "loja", "--text", "Olá")
    wiring = Wiring(Settings())
    run(wiring.engine, "UPDATE callback SET fate = 'failed', settled_at = now(), trouble = 'http_500', attempts = 40")
    [view] = wiring.callbacks.page(None)
    wiring.close()
    return view.id


def test_what_was_not_taken_is_listed_with_the_reason(shell: Shell, failed: int) -> None:
    [shown] = shell.json("callbacks", "list", "--state", "failed")
    assert (shown["id"], shown["type"], shown["trouble"], shown["attempts"]) == (
        failed,
        "campaign.running",
        "http_500",
        40,
    )
    assert shell.json("callbacks", "list", "--state", "waiting") == []
    assert "http_500" in shell("callbacks", "list").stdout
    assert ANA not in shell("callbacks", "list").stdout


def test_one_is_sent_again(shell: Shell, failed: int) -> None:
    assert shell("callbacks", "send-again", str(failed)).stdout == "1 posted again\n"
    assert "has not failed" in shell.trouble("callbacks", "send-again", str(failed))
    assert "no such callback" in shell.trouble("callbacks", "send-again", str(failed + 9))
    assert [one["id"] for one in shell.json("callbacks", "list", "--state", "waiting")] == [failed]


def test_all_of_an_account_are_sent_again(shell: Shell, failed: int) -> None:
    assert shell.json("callbacks", "send-again", "--account", "cobranca") == {"sent_again": 0}
    assert "no such account" in shell.trouble("callbacks", "send-again", "--account", "nobody")
    assert shell.json("callbacks", "send-again", "--account", "loja") == {"sent_again": 1}


def test_a_state_that_there_is_not_is_wrong_use(shell: Shell) -> None:
    assert "waiting, delivered, failed" in shell.trouble("callbacks", "list", "--state", "lost", status=2)


def test_the_doctor_says_that_some_failed(shell: Shell, failed: int) -> None:
    lines = shell("doctor", status=1).stderr.splitlines()
    assert any(line.startswith("problem: callbacks: 1 failed") for line in lines)


def test_an_account_must_not_name_a_private_address(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text(with_callbacks("http://10.0.0.1/hook"))
    assert "account[0].callback_url: points at a private address" in shell.trouble("accounts", "apply", file)
    assert shell.json("accounts", "list") == []


def test_a_host_that_is_not_known_yet_may_be_named(shell: Shell, tmp_path: Path) -> None:
    """Each call looks it up anew; an installation also starts while names are not resolved."""
    file = tmp_path / "accounts.toml"
    file.write_text(with_callbacks("https://nobody.invalid/hook"))
    shell("accounts", "apply", file)
