"""`dispatcher accounts` and `dispatcher senders`."""

from pathlib import Path

import pytest

from dispatcher.domain.account_specs import AccountSpec
from tests.cli.conftest import Shell


def test_applying_the_same_file_twice_changes_nothing(shell: Shell, accounts: Path) -> None:
    again = shell.json("accounts", "apply", accounts)
    assert again == [{"account": "loja", "is": "unchanged"}, {"account": "cobranca", "is": "unchanged"}]


def test_the_list_names_every_account(shell: Shell, accounts: Path) -> None:
    found = {one["name"]: one for one in shell.json("accounts", "list")}
    assert found["loja"]["senders"] == 2
    assert found["cobranca"]["cpc"] is True
    assert "loja" in shell("accounts", "list").stdout


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_account_is_shown_without_its_secrets(shell: Shell, accounts: Path, options: tuple[str, ...]) -> None:
    shown = shell("accounts", "show", "loja", *options).stdout
    assert "5511900000002" in shown
    for secret in ("secret-of-loja", "ingress-of-loja"):
        assert secret not in shown


def test_an_account_is_shown_by_the_names_of_the_accounts_file(shell: Shell, accounts: Path) -> None:
    shown = shell.json("accounts", "show", "loja")
    assert set(shown) - {"senders"} <= set(AccountSpec.model_fields)
    assert (shown["delay_min"], shown["senders"]) == (0, ["5511900000001", "5511900000002"])


def test_a_removed_account_is_gone_and_can_come_back(shell: Shell, accounts: Path) -> None:
    shell("accounts", "remove", "loja")
    assert [one["name"] for one in shell.json("accounts", "list")] == ["cobranca"]
    assert "loja" in shell.trouble("accounts", "remove", "loja")
    shell("accounts", "apply", accounts)
    assert len(shell.json("accounts", "list")) == 2


def test_a_broken_file_is_refused_in_one_line(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text('[[account]]\nname = "loja"\nprovider = "pombo"\n')
    assert "account[0].provider" in shell.trouble("accounts", "apply", file)
    assert shell.json("accounts", "list") == []


def test_a_sender_is_paused_by_hand_and_resumed(shell: Shell, accounts: Path) -> None:
    def states() -> dict[str, str]:
        return {one["sender"]: one["state"] for one in shell.json("senders", "list", "--account", "loja")}

    shell("senders", "pause", "loja", "5511900000001")
    assert states() == {"5511900000001": "paused", "5511900000002": "active"}
    [loja] = [one for one in shell.json("accounts", "list") if one["name"] == "loja"]
    assert loja["state"] == "1 of 2 senders paused"
    shell("senders", "pause", "loja")
    assert set(states().values()) == {"paused"}
    shell("senders", "resume", "loja")
    assert set(states().values()) == {"active"}


def test_a_sender_that_is_not_there_is_trouble(shell: Shell, accounts: Path) -> None:
    assert "no such sender" in shell.trouble("senders", "pause", "loja", "5511900000009")
    shell.trouble("senders", "list", "--account", "nobody")


def test_the_hours_of_an_account_are_shown(shell: Shell, accounts: Path) -> None:
    hours = '[account.hours]\nwindows = ["sat 09:00-13:00"]\n'
    hours += '[account.business_hours.domingo]\nwindows = ["sun 09:00-13:00"]\n'
    hours += '[account.credentials]\ntoken = "secret-of-loja"'
    accounts.write_text(accounts.read_text().replace('[account.credentials]\ntoken = "secret-of-loja"', hours))
    shell("accounts", "apply", accounts)
    shown = shell.json("accounts", "show", "loja")
    assert shown["hours"]["windows"] == ["sat 09:00-13:00"]
    assert shown["business_hours"]["domingo"]["windows"] == ["sun 09:00-13:00"]
    assert "09:00-13:00" in shell("accounts", "show", "loja").stdout
