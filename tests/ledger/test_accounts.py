"""Accounts: declared by a file, found by who asks, secrets kept as nobody can read them."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatcher.domain.account_specs import AccountSpec
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.engine import LedgerFault, autocommit
from dispatcher.secrecy import Secrecy
from tests.waiting import wait_until

FILE = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["https://impeto.uazapi.com"]
ingress_token = "ingress-plain"
webhook_secret = "hook-plain"
delay_min = 1.5
delay_max = 2
mode = "direct"
options = {{ opt_out_words = ["um", "dois"] }}
[account.credentials]
token = "token-plain"
[account.hours]
windows = ["mon-fri 08:00-20:00"]
{senders}
"""
FIRST = '[[account.sender]]\nname = "5511900000001"\nconcurrency = 3\nmin_gap_s = 0.25\ntoken = "sender-plain"\n'
SECOND = '[[account.sender]]\nname = "5511900000002"\n'


@pytest.fixture
def accounts(engine: Engine, secrecy: Secrecy) -> Accounts:
    return Accounts(engine, secrecy)


def specs(senders: str = FIRST + SECOND, **replaced: str) -> tuple[AccountSpec, ...]:
    written = FILE.format(senders=senders)
    for old, new in replaced.items():
        written = written.replace(old.replace("_", "-"), new)
    return read_accounts(written, {})


def test_an_account_comes_back_as_it_was_declared(accounts: Accounts) -> None:
    assert accounts.apply(specs()).added == ("loja",)
    account = accounts.named("loja")
    assert account == accounts.account(account.id)
    assert (account.provider, account.mode, account.options) == ("uazapi", "direct", {"opt_out_words": ["um", "dois"]})
    assert (account.delay_min_ms, account.delay_max_ms, account.credentials) == (1500, 2000, {"token": "token-plain"})
    first, second = accounts.senders(account.id)
    assert (first.name, first.concurrency, first.min_gap_ms, first.token) == ("5511900000001", 3, 250, "sender-plain")
    assert (second.token, len(first.lanes), second.lanes[0].sender_id) == (None, 3, second.id)
    assert accounts.sender(first.id) == first
    assert accounts.all_senders() == [first, second]


def test_applying_the_same_file_twice_changes_nothing(engine: Engine, accounts: Accounts) -> None:
    accounts.apply(specs())
    before = everything(engine)
    assert accounts.apply(specs()) == ((), (), ("loja",))
    assert everything(engine) == before


@pytest.mark.parametrize(
    "changed", [{"token_plain": "other"}, {"sender_plain": "other"}, {"ingress_plain": "other"}, {"direct": "sender"}]
)
def test_a_changed_file_changes_only_what_it_says(accounts: Accounts, changed: dict[str, str]) -> None:
    accounts.apply(specs())
    before = accounts.named("loja")
    assert accounts.apply(specs(**changed)).changed == ("loja",)
    assert accounts.apply(specs(**changed)).unchanged == ("loja",)
    assert accounts.named("loja").id == before.id


def test_a_sender_that_vanished_comes_back_under_its_number(accounts: Accounts) -> None:
    accounts.apply(specs())
    account = accounts.named("loja")
    both = accounts.senders(account.id)
    assert accounts.apply(specs(FIRST)).changed == ("loja",)
    assert accounts.senders(account.id) == both[:1]
    assert accounts.sender(both[1].id) == both[1]
    accounts.apply(specs())
    assert accounts.senders(account.id) == both


def test_who_is_paused_or_was_before_is_found_among_all(accounts: Accounts) -> None:
    accounts.apply(specs())
    first, second = accounts.all_senders()
    assert accounts.once_paused() == []
    accounts.halt([second.id], "logged out", None)
    assert [(sender.id, sender.paused_reason) for sender in accounts.once_paused()] == [(second.id, "logged out")]
    accounts.resume([second.id])
    accounts.halt([first.id], "too many requests", 1)
    assert accounts.once_paused() == [first, second]
    assert all(sender.resumed_ms for sender in accounts.once_paused())


def test_an_account_is_found_by_its_token_for_its_provider_only(accounts: Accounts) -> None:
    accounts.apply(specs())
    loja = accounts.named("loja")
    assert accounts.by_token("uazapi", "ingress-plain") == loja
    assert accounts.by_token("kinbox", "ingress-plain") is None
    assert accounts.by_token("uazapi", "hook-plain") is None
    assert accounts.by_webhook("loja", "hook-plain") == loja
    assert accounts.by_webhook("loja", "ingress-plain") is None
    assert accounts.by_webhook("nobody", "hook-plain") is None


def test_an_account_without_a_webhook_secret_has_no_webhook(accounts: Accounts) -> None:
    accounts.apply(read_accounts(FILE.format(senders=FIRST).replace('webhook_secret = "hook-plain"', ""), {}))
    assert accounts.by_webhook("loja", "-") is None
    assert accounts.by_webhook("loja", "") is None


def test_a_removed_account_answers_nobody_and_can_be_declared_again(accounts: Accounts) -> None:
    accounts.apply(specs())
    loja = accounts.named("loja")
    accounts.remove("loja")
    assert accounts.by_token("uazapi", "ingress-plain") is None
    assert accounts.by_webhook("loja", "hook-plain") is None
    assert accounts.all() == []
    assert accounts.all_senders() == []
    assert accounts.account(loja.id) == loja
    with pytest.raises(UnknownAccount):
        accounts.named("loja")
    with pytest.raises(UnknownAccount):
        accounts.remove("loja")
    assert accounts.apply(specs()).changed == ("loja",)
    assert accounts.named("loja") == loja


def test_a_file_is_applied_whole_or_not_at_all(accounts: Accounts) -> None:
    """Two accounts with one ingress token, from two files: the second is refused by the ledger."""
    accounts.apply(specs())
    (again,) = read_accounts(FILE.format(senders=FIRST).replace('"loja"', '"outra"'), {})
    (good,) = read_accounts(
        FILE.format(senders=FIRST).replace('"loja"', '"boa"').replace('ingress_token = "ingress-plain"', ""), {}
    )
    with pytest.raises(LedgerFault, match="account_ingress"):
        accounts.apply((good, again))
    assert [account.name for account in accounts.all()] == ["loja"]


def test_a_halt_ends_when_its_time_is_over_or_when_it_is_ended(accounts: Accounts, engine: Engine) -> None:
    accounts.apply(specs())
    first, second = accounts.senders(accounts.named("loja").id)
    accounts.halt([first.id, second.id], "disconnected", None)
    assert accounts.sender(first.id).paused_reason == "disconnected"
    accounts.resume([first.id])
    assert accounts.sender(first.id) == first
    accounts.halt([second.id], "reachout", server_ms(engine) + 300)
    assert accounts.sender(second.id).paused_reason == "disconnected", "one without an end outlasts it"
    accounts.resume([second.id])
    accounts.halt([second.id], "reachout", server_ms(engine) + 300)
    assert accounts.sender(second.id).paused_reason == "reachout"
    wait_until(lambda: accounts.sender(second.id) == second)


def test_no_secret_can_be_read_in_the_ledger(engine: Engine, accounts: Accounts) -> None:
    accounts.apply(specs())
    assert "plain" not in str(everything(engine))


def everything(engine: Engine) -> list[Any]:
    with autocommit(engine) as connection:
        return [
            connection.execute(text(f"SELECT *, xmin::text FROM {table} ORDER BY id")).all()
            for table in ("account", "sender")
        ]


def server_ms(engine: Engine) -> int:
    with autocommit(engine) as connection:
        found: int = connection.execute(text("SELECT (extract(epoch FROM now()) * 1000)::bigint")).scalar_one()
    return found


RAMP = FIRST + "warm_up = { 1 = 50, 3 = 100 }\n"


def ramp(accounts: Accounts) -> tuple[tuple[tuple[int, int], ...], int]:
    [sender] = [one for one in accounts.all_senders() if one.name == "5511900000001"]
    return sender.warm_up, sender.warm_up_from_ms


def test_a_ramp_begins_when_it_is_first_applied_and_stays_when_it_is_applied_again(accounts: Accounts) -> None:
    accounts.apply(specs(RAMP))
    began = ramp(accounts)
    assert began[0] == ((1, 50), (3, 100))
    assert began[1] > 0
    assert accounts.apply(specs(RAMP)).unchanged == ("loja",)
    assert ramp(accounts) == began
    accounts.apply(specs(RAMP.replace("100", "200")))
    assert ramp(accounts) == (((1, 50), (3, 200)), began[1]), "another table goes on from the same day"


def test_a_ramp_that_was_taken_away_and_put_back_begins_anew(accounts: Accounts) -> None:
    accounts.apply(specs(RAMP))
    _, began = ramp(accounts)
    accounts.apply(specs(FIRST))
    assert ramp(accounts)[0] == ()
    wait_until(lambda: bool(accounts.apply(specs(RAMP))) and ramp(accounts)[1] > began)
    _, again = ramp(accounts)
    accounts.apply(specs(SECOND))
    wait_until(lambda: bool(accounts.apply(specs(RAMP + SECOND))) and ramp(accounts)[1] > again)


def test_accounts_that_were_changed_lately_are_told(accounts: Accounts) -> None:
    accounts.apply(specs())
    assert [one.name for one in accounts.changed_within(60)] == ["loja"]
    assert accounts.changed_within(0) == []


def test_the_hours_of_an_account_come_back_as_they_were_written(accounts: Accounts) -> None:
    accounts.apply(specs())
    assert accounts.named("loja").hours == read_hours(
        {"timezone": "America/Sao_Paulo", "windows": ["mon-fri 08:00-20:00"]}
    )
