"""What a run sends adds up to what was asked for, to people of whom some are written to by several campaigns."""

from dispatcher.domain.accounts_file import read_accounts
from tests.chaos.mailings import GUARDED, LANES, Mailing, accounts_toml, mailings


def people(mailing: Mailing) -> set[int]:
    return set(range(mailing.first, mailing.first + mailing.size))


def test_as_many_messages_as_asked_for_and_a_campaign_for_each_submit_that_is_cut_off() -> None:
    at_once, late = mailings(1000, 60, 3)
    assert [one.name for one in late] == ["late-0", "late-1", "late-2", "again"]
    assert sum(one.size for one in [*at_once, *late[:-1]]) == 1000
    assert {one.account for one in at_once} == set(LANES)


def test_only_guarded_campaigns_share_their_people() -> None:
    at_once, late = mailings(1000, 60, 2)
    guarded = [one for one in [*at_once, *late] if one.account in GUARDED]
    others = [one for one in [*at_once, *late] if one.account not in GUARDED]
    assert len(set().union(*map(people, others))) == sum(one.size for one in others)
    assert not set().union(*map(people, others)) & set().union(*map(people, guarded))
    assert people(guarded[0]) & people(guarded[1])


def test_its_accounts_file_is_sound() -> None:
    accounts = read_accounts(accounts_toml("http://127.0.0.1:9"), {})
    assert {one.name: len(one.sender) for one in accounts} == LANES
