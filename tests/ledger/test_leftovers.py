"""What nobody needs any more is cleared, in slices; what somebody may need stays."""

import pytest
from sqlalchemy import Engine, text

from dispatcher.ledger import leftovers
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.leftovers import Cleared, Leftovers
from tests.ledger.steps import run

OLD, YOUNG = "31 days", "29 days"
EVENT = """
INSERT INTO inbound_event
    (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason, processed_at)
VALUES (1, :id, 'reply', now(), '', '', '', '', '', {})
"""
LOCK = "INSERT INTO contact_lock VALUES ('global', :key, 1, 0, now() - interval '90 days', {}, {})"


def left(engine: Engine, table: str, column: str) -> list[str]:
    with autocommit(engine) as connection:
        return sorted(connection.execute(text(f"SELECT {column} FROM {table}")).scalars())


@pytest.fixture
def old_and_young(engine: Engine) -> None:
    for age in (OLD, YOUNG):
        ago = f"now() - interval '{age}'"
        run(engine, f"INSERT INTO idempotency_key VALUES (1, :key, 'd', NULL, {ago})", key=age)
        run(engine, EVENT.format(ago), id=age)
        run(engine, LOCK.format(ago, "NULL"), key=f"ended {age}")
        run(engine, LOCK.format("now() + interval '1 day'", ago), key=f"lifted {age}")
    run(engine, EVENT.format("NULL"), id="waits")
    run(engine, LOCK.format("now() + interval '1 hour'", "NULL"), key="holds")


@pytest.mark.usefixtures("old_and_young")
def test_what_is_older_than_it_is_kept_goes_and_nothing_else(engine: Engine) -> None:
    clearing = Leftovers(engine, days=30)
    assert clearing.clear() == Cleared(keys=1, events=1, locks=2)
    assert left(engine, "idempotency_key", "key") == [YOUNG]
    assert left(engine, "inbound_event", "event_id") == [YOUNG, "waits"]
    assert left(engine, "contact_lock", "phone_key") == [f"ended {YOUNG}", "holds", f"lifted {YOUNG}"]
    assert [clearing.clear() for _ in range(3)] == [Cleared()] * 3


def test_a_round_is_bounded_and_the_next_goes_on(engine: Engine) -> None:
    slice_, rest = leftovers.SLICE, 7
    numbers = f"generate_series(1, {slice_ + rest}) AS n"
    ago = f"now() - interval '{OLD}'"
    run(engine, f"INSERT INTO idempotency_key SELECT 1, n::text, 'd', NULL, {ago} FROM {numbers}")
    run(engine, f"INSERT INTO contact_lock SELECT 'global', n::text, 1, 0, {ago}, {ago}, NULL FROM {numbers}")
    clearing = Leftovers(engine, days=30)
    assert clearing.clear() == Cleared(keys=slice_, locks=slice_)
    assert clearing.clear() == Cleared(keys=rest, locks=rest)
