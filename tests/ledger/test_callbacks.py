"""The outbox in the ledger: what is written down with each change, who may bring what, what becomes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatcher.domain.account import Account
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.callbacks import EVENTS, GONE, CallbackState, Mark, Rest
from dispatcher.domain.claims import Claimed
from dispatcher.domain.followups import STEP
from dispatcher.domain.inbound import ReceiptState
from dispatcher.domain.lifecycle import OPEN, CampaignState, MessageState
from dispatcher.domain.outcomes import Fate
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.callbacks import Callbacks
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.followups import FollowUps
from dispatcher.ledger.inbound import InboundEvents
from dispatcher.ledger.messages import Messages
from dispatcher.secrecy import Secrecy
from tests.ledger.conftest import FILE
from tests.ledger.drafts import draft, message
from tests.ledger.steps import fate, run, ticket

HOOK = "https://loja.example/hook"
SECRET = "whsec_" + "c2VjcmV0" * 4
FAR = 4_102_444_800_000  # the year 2100
AT = 1_900_000_000_000


@pytest.fixture
def book(engine: Engine) -> Callbacks:
    return Callbacks(engine)


@pytest.fixture
def messages(engine: Engine) -> Messages:
    return Messages(engine)


def told(engine: Engine, campaign: int) -> list[tuple[int, str]]:
    """(seq, type) of everything that was written down, in order."""
    query = text("SELECT seq, type FROM callback WHERE campaign_id = :campaign ORDER BY id")
    with autocommit(engine) as connection:
        return [(row.seq, row.type) for row in connection.execute(query, {"campaign": campaign})]


def claim(messages: Messages, campaign: int, seq: int = 0) -> Claimed:
    [row] = messages.claim(ticket(campaign, seq)).rows
    return row


def took(*ids: int) -> list[Mark]:
    return [Mark(number, CallbackState.DELIVERED, AT, "") for number in ids]


WELL = Rest(0, None, 0)


# ---------------------------------------------------------------- what is written down


@pytest.mark.parametrize("what", [Fate.SENT, Fate.FAILED, Fate.BLOCKED, Fate.SUPPRESSED, Fate.EXPIRED, Fate.IN_DOUBT])
def test_every_outcome_is_told(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages, what: Fate
) -> None:
    campaign = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id
    messages.settle(campaign, [fate(claim(messages, campaign), what)])
    assert told(engine, campaign) == [(-1, "campaign.running"), (0, f"message.{what}")]


def test_a_retry_is_not_told(engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages) -> None:
    campaign = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id
    messages.settle(campaign, [fate(claim(messages, campaign), Fate.RETRY)])
    assert told(engine, campaign) == [(-1, "campaign.running")]


def test_receipts_and_answers_are_told_once_and_in_order(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign, inbound = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id, InboundEvents(engine)
    messages.settle(campaign, [fate(claim(messages, campaign), Fate.SENT, provider_ref="ref")])
    inbound.receipt(loja.id, "ref", ReceiptState.FAILED, AT)
    for _ in range(2):
        inbound.receipt(loja.id, "ref", ReceiptState.READ, AT)
        inbound.answered(message(0).key, AT, loja.id)
    events = ["sent", "undelivered", "delivered", "read", "answered"]
    assert told(engine, campaign)[1:] == [(0, f"message.{event}") for event in events]


def test_an_answer_that_is_faster_than_the_outcome_is_told_after_it(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id
    for becomes in (Fate.RETRY, Fate.SENT):
        row = claim(messages, campaign)
        InboundEvents(engine).answered(row.key, AT, loja.id)
        messages.settle(campaign, [fate(row, becomes)])
    assert told(engine, campaign)[1:] == [(0, "message.sent"), (0, "message.answered")]


def test_what_was_settled_when_it_was_accepted_is_told(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    broken = [message(0), message(1, problem="invalid_number")]
    campaign = campaigns.accept(loja, draft(broken, callback_url=HOOK)).campaign_id
    assert told(engine, campaign) == [(-1, "campaign.running"), (1, "message.failed")]


def test_a_follow_up_is_told_as_a_message_of_its_own(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    steps = ({"after_s": 1, "text": "?"}, {"after_s": 1, "text": "??"})
    campaign = campaigns.accept(loja, draft(1, callback_url=HOOK, follow_ups=steps)).campaign_id
    for step in range(2):
        row = claim(messages, campaign, step * STEP)
        messages.settle(campaign, [fate(row, Fate.SENT)._replace(follow_up_ms=1)])
    FollowUps(engine).suppress(message(0).key)
    sent = [(0, "message.sent"), (STEP, "message.sent")]
    assert told(engine, campaign)[1:] == [*sent, (2 * STEP, "message.suppressed")]


def test_a_campaign_that_many_posts_feed_goes_on_telling_whom_it_told(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages, book: Callbacks
) -> None:
    """The endpoint is the campaign's, whatever a later post names."""
    campaign = campaigns.accept(loja, draft(1, callback_url=HOOK, join_key="k")).campaign_id
    assert campaigns.accept(loja, draft(1, join_key="k")).campaign_id == campaign
    for seq in (0, 1):
        messages.settle(campaign, [fate(claim(messages, campaign, seq), Fate.SENT)])
    assert told(engine, campaign)[1:] == [(0, "message.sent"), (1, "message.sent")]
    assert {view.url for view in book.page(None)} == {HOOK}


def test_a_campaigns_ways_are_told(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    campaign = campaigns.accept(loja, draft(2, callback_url=HOOK)).campaign_id
    campaigns.pause(campaign)
    campaigns.pause(campaign)
    campaigns.resume(campaign)
    campaigns.cancel(campaign)
    ways = [(-1, f"campaign.{way}") for way in ("running", "paused", "running", "cancelled")]
    assert told(engine, campaign) == [*ways, (0, "message.cancelled"), (1, "message.cancelled")]
    later = campaigns.accept(loja, draft(1, callback_url=HOOK, scheduled_for_ms=FAR)).campaign_id
    assert told(engine, later) == [(-1, "campaign.scheduled")]
    settled = campaigns.accept(loja, draft([message(0, problem="invalid_number")], callback_url=HOOK)).campaign_id
    assert (-1, "campaign.done") in told(engine, settled)


def test_every_state_has_its_event() -> None:
    of_messages = {f"message.{state}" for state in MessageState if state not in OPEN}
    receipts = {f"message.{what}" for what in ("delivered", "undelivered", "read", "answered")}
    assert set(EVENTS) == of_messages | receipts | {f"campaign.{state}" for state in CampaignState}


def test_a_campaign_without_an_endpoint_writes_nothing_down(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages, book: Callbacks
) -> None:
    campaign = campaigns.accept(loja, draft(1)).campaign_id
    messages.settle(campaign, [fate(claim(messages, campaign), Fate.SENT)])
    assert told(engine, campaign) == []
    assert book.take(10) is None


# ---------------------------------------------------------------- the account's endpoint


@pytest.fixture
def declare(engine: Engine, secrecy: Secrecy, loja: Account) -> Callable[[str], str]:
    accounts = Accounts(engine, secrecy)

    def apply(url: str) -> str:
        """What applying the file with this URL does to the account; "" names none."""
        keys = f'validity_s = 3600\ncallback_url = "{url}"\ncallback_secret = "{SECRET}"'
        applied = accounts.apply(read_accounts(FILE.replace("validity_s = 3600", keys) if url else FILE, {}))
        return next(what for what, names in applied._asdict().items() if names)

    return apply


def test_the_same_callback_twice_changes_nothing(declare: Callable[[str], str]) -> None:
    assert [declare(HOOK), declare(HOOK), declare(f"{HOOK}2"), declare(""), declare("")] == [
        *("changed", "unchanged", "changed"),
        *("changed", "unchanged"),
    ]


def test_the_secret_is_stored_encrypted(engine: Engine, secrecy: Secrecy, declare: Callable[[str], str]) -> None:
    declare(HOOK)
    with autocommit(engine) as connection:
        stored = str(connection.execute(text("SELECT a::text FROM account a")).scalar_one())
    assert SECRET not in stored
    assert Accounts(engine, secrecy).named("loja").callback_secret == SECRET


def test_what_waits_follows_the_accounts_file(
    loja: Account, campaigns: Campaigns, book: Callbacks, declare: Callable[[str], str]
) -> None:
    declare(HOOK)
    campaigns.accept(loja, draft(1))
    declare("")
    campaigns.accept(loja, draft(1))
    assert book.take(10) is None
    assert book.counts() == {"waiting": 0, "failed": 1}
    [view] = book.page(CallbackState.FAILED)
    assert view.trouble == "not_named"
    declare(f"{HOOK}/new")
    endpoint = book.take(10)
    assert endpoint is not None
    assert endpoint.url == f"{HOOK}/new"


# ---------------------------------------------------------------- bringing


def test_only_the_first_waiting_event_of_a_message_is_due(
    loja: Account, campaigns: Campaigns, messages: Messages, book: Callbacks, engine: Engine
) -> None:
    campaign = campaigns.accept(loja, draft(2, callback_url=HOOK)).campaign_id
    for seq in (0, 1):
        messages.settle(campaign, [fate(claim(messages, campaign, seq), Fate.SENT, provider_ref=f"ref{seq}")])
        InboundEvents(engine).receipt(loja.id, f"ref{seq}", ReceiptState.DELIVERED, AT)
    endpoint = book.take(10)
    assert endpoint is not None
    first = book.due(endpoint.id, 10)
    assert [(one.seq, one.type) for one in first] == [
        (-1, "campaign.running"),
        (0, "message.sent"),
        (1, "message.sent"),
    ]
    assert book.settle(endpoint.id, [*took(first[1].id), Mark(first[2].id, CallbackState.WAITING, FAR, "x")], WELL, 10)
    assert [(one.seq, one.type) for one in book.due(endpoint.id, 10)][1:] == [(0, "message.delivered")]


def test_an_endpoint_is_one_couriers_until_its_lease_ends(
    engine: Engine, loja: Account, campaigns: Campaigns, book: Callbacks
) -> None:
    campaigns.accept(loja, draft(1, callback_url=HOOK))
    other, endpoint = Callbacks(engine), book.take(60)
    assert endpoint is not None
    assert other.take(60) is None
    run(engine, "UPDATE callback_endpoint SET leased_until = now()")
    assert other.take(60) is not None
    [due] = other.due(endpoint.id, 10)
    assert not book.settle(endpoint.id, took(due.id), WELL, 60)
    assert other.settle(endpoint.id, took(due.id), WELL, 60)
    assert other.due(endpoint.id, 10) == []


def test_a_courier_whose_lease_ended_is_given_nothing_to_bring(
    engine: Engine, loja: Account, campaigns: Campaigns, book: Callbacks
) -> None:
    """It stood still, or looked a host up for too long: somebody else may be at it."""
    campaigns.accept(loja, draft(1, callback_url=HOOK))
    endpoint = book.take(60)
    assert endpoint is not None
    assert len(book.due(endpoint.id, 10)) == 1
    run(engine, "UPDATE callback_endpoint SET leased_until = now()")
    assert book.due(endpoint.id, 10) == []


def test_what_waits_behind_an_event_is_due_with_it(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages, book: Callbacks
) -> None:
    """Else every round would look at all that cannot go yet."""
    campaign, inbound = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id, InboundEvents(engine)
    messages.settle(campaign, [fate(claim(messages, campaign), Fate.SENT, provider_ref="ref")])
    inbound.receipt(loja.id, "ref", ReceiptState.DELIVERED, AT)
    campaigns.pause(campaign)
    endpoint = book.take(10)
    assert endpoint is not None
    later = [Mark(one.id, CallbackState.WAITING, FAR, "http_500") for one in book.due(endpoint.id, 10)]
    assert book.settle(endpoint.id, later, WELL, 10)
    inbound.receipt(loja.id, "ref", ReceiptState.READ, AT)
    campaigns.resume(campaign)
    assert {view.due_at_ms for view in book.page(None)} == {FAR}
    assert len(book.page(None)) == 6


def test_endpoints_that_took_their_time_are_left_alone_by_who_serves_as_many_as_it_may(
    loja: Account, campaigns: Campaigns, book: Callbacks
) -> None:
    campaigns.accept(loja, draft(1, callback_url=HOOK))
    for slow in (True, False):
        endpoint = book.take(10, slow_too=True)
        assert endpoint is not None
        assert book.settle(endpoint.id, [], WELL._replace(slow=slow), 10)
        book.give_back(endpoint.id, 0)
        assert (book.take(10, slow_too=False) is None) is slow


def test_endpoints_that_nobody_has_called_do_not_hold_up_one_that_is_known_to_be_quick(
    loja: Account, campaigns: Campaigns, book: Callbacks
) -> None:
    """They may all be dead: they come last."""
    for url in (HOOK, f"{HOOK}/new"):
        campaigns.accept(loja, draft(1, callback_url=url))
    known = book.take(10)
    assert known is not None
    assert book.settle(known.id, [], WELL, 10)
    book.give_back(known.id, 0)
    turns = [book.take(10), book.take(10), book.take(10)]
    assert [endpoint and endpoint.url for endpoint in turns] == [HOOK, f"{HOOK}/new", None]


def test_the_endpoint_that_waited_longest_has_its_turn(loja: Account, campaigns: Campaigns, book: Callbacks) -> None:
    for name in "ab":
        campaigns.accept(loja, draft(1, callback_url=f"https://{name}.example"))
    turns = []
    for _ in range(4):
        endpoint = book.take(10)
        assert endpoint is not None
        turns.append(endpoint.url)
        book.give_back(endpoint.id, 0)
    assert turns == ["https://a.example", "https://b.example"] * 2


def test_what_a_disabled_endpoint_was_not_told_is_sent_again_when_somebody_says_so(
    loja: Account, campaigns: Campaigns, book: Callbacks
) -> None:
    campaigns.accept(loja, draft(1, callback_url=HOOK))
    endpoint = book.take(10)
    assert endpoint is not None
    [due] = book.due(endpoint.id, 10)
    book.settle(endpoint.id, [Mark(due.id, CallbackState.WAITING, AT, GONE)], Rest(1, AT, 0, GONE), 10)
    book.give_back(endpoint.id, 0)
    [failed] = book.page(CallbackState.FAILED)
    assert (failed.id, failed.trouble, book.disabled()) == (due.id, GONE, 1)
    assert book.take(10) is None
    assert book.send_again(due.id) == 1
    assert book.take(10) is not None
    assert [one.id for one in book.due(endpoint.id, 10)] == [due.id]


def test_what_was_brought_goes_away_after_a_day_and_what_failed_after_a_week(
    engine: Engine, loja: Account, campaigns: Campaigns, book: Callbacks
) -> None:
    for fate_, days in (("delivered", 0.9), ("delivered", 1.1), ("failed", 6.9), ("failed", 7.1), (None, 30)):
        campaign = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id
        over = "UPDATE callback SET fate = :fate, made_at = now() - :days * interval '1 day'"
        settled = ", settled_at = now() - :days * interval '1 day'" if fate_ else ""
        run(engine, f"{over}{settled} WHERE campaign_id = :campaign", fate=fate_, days=days, campaign=campaign)
    assert book.clear() == 2
    assert [view.state for view in book.page(None)] == ["delivered", "failed", "waiting"]


@pytest.mark.parametrize("known", [False, True], ids=["fresh", "analyzed"])
def test_a_round_reads_no_more_than_it_brings(
    engine: Engine, loja: Account, campaigns: Campaigns, book: Callbacks, known: bool
) -> None:
    """Thirty thousand events that are over, or not due, or due as well, do not make a round slower."""
    run(engine, "ALTER TABLE callback SET (autovacuum_enabled = false)")
    campaign = campaigns.accept(loja, draft(1, callback_url=HOOK)).campaign_id
    endpoint = book.take(10)
    assert endpoint is not None
    row = "SELECT :endpoint, :campaign, n, 'message.sent', 'sent', now()"
    into = "INSERT INTO callback (goes_to, campaign_id, seq, type, state, at, due_at, settled_at)"
    more = {"endpoint": endpoint.id, "campaign": campaign}
    run(engine, f"{into} {row}, now(), now() FROM generate_series(1, 10000) n", **more)
    run(engine, f"{into} {row}, now() + interval '1 hour', NULL FROM generate_series(10001, 20000) n", **more)
    run(engine, f"{into} {row}, now(), NULL FROM generate_series(20001, 30000) n", **more)
    if known:
        run(engine, "ANALYZE callback")
    assert rows_read(engine, endpoint.id) < 200


def rows_read(engine: Engine, endpoint: int) -> int:
    from dispatcher.ledger.callbacks import DUE

    query = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {DUE.text}")
    with autocommit(engine) as connection:
        lease = connection.execute(text("SELECT lease FROM callback_endpoint")).scalar_one()
        [plan] = connection.execute(query, {"endpoint": endpoint, "lease": lease, "limit": 10}).scalar_one()
    return _rows(plan["Plan"])


def _rows(node: dict[str, Any]) -> int:
    own = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
    return int(own) + sum(_rows(below) for below in node.get("Plans", []))
