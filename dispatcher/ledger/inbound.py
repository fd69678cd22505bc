"""What webhooks bring: stored once, processed once, and what it means for the messages it is about."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from sqlalchemy import Engine, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dispatcher.domain.account import Account
from dispatcher.domain.followups import STEP
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState, StoredEvent
from dispatcher.ledger import tables
from dispatcher.ledger.departures import LEFT_BEFORE
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.texts import reference, storable
from dispatcher.ledger.times import epoch_ms, moment

_E = tables.inbound_event
NO_ACCOUNT = 0
MOST_BREAKS = 5  # 2 s, 10 s, … 20 min: a fault of ours may be mended meanwhile
LONGEST_ID = 300  # honest ids have 20 to 40 characters; an index entry holds some 2,700 bytes

_WAITS = """
processed_at IS NULL
    AND (due_at <= now() OR due_at IS NULL AND received_at < now() - make_interval(secs => :older_than_s))
    AND (leased_until IS NULL OR leased_until <= now())
"""

WAITING = text(f"""
WITH RECURSIVE holder AS (
    (SELECT account_id FROM inbound_event WHERE processed_at IS NULL ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT account_id FROM inbound_event
        WHERE processed_at IS NULL AND account_id > holder.account_id ORDER BY account_id LIMIT 1)
    FROM holder WHERE holder.account_id IS NOT NULL
), chosen AS (
    SELECT turn.id, turn.place FROM holder, LATERAL (
        SELECT id, row_number() OVER (ORDER BY received_at) AS place FROM inbound_event
        WHERE account_id = holder.account_id AND {_WAITS} ORDER BY received_at LIMIT :limit
    ) AS turn ORDER BY turn.place, turn.id LIMIT :limit
), taken AS (
    SELECT e.id, chosen.place FROM chosen JOIN inbound_event e ON e.id = chosen.id
    WHERE {_WAITS} FOR UPDATE OF e SKIP LOCKED
), leased AS (
    UPDATE inbound_event e SET leased_until = now() + make_interval(secs => :leased_s)
    FROM taken WHERE e.id = taken.id RETURNING e.id, taken.place
)
SELECT id FROM leased ORDER BY place, id
""")
"""The accounts take turns: the oldest of each, then the next of each. A storm of one does not hold up the others."""

BROKEN = text("""
UPDATE inbound_event SET tries = tries + 1, due_at = now() + make_interval(secs => 2 * 5 ^ tries), leased_until = NULL,
    processed_at = CASE WHEN tries >= :most THEN now() END, what = CASE WHEN tries >= :most THEN 'broken' END
WHERE id = :number AND processed_at IS NULL
""")

ANSWERED = text(f"""
WITH about AS (
    SELECT campaign_id, seq, claimed_at FROM message WHERE phone_key = :key AND sent_at IS NOT NULL
    UNION ALL
    SELECT campaign_id, seq, claimed_at FROM message WHERE phone_key = :key AND state = 'sending'
    UNION ALL
    SELECT campaign_id, seq, claimed_at FROM message WHERE phone_key = :key AND state = 'in_doubt'
), latest AS (
    SELECT about.campaign_id, about.seq FROM about JOIN campaign c ON c.id = about.campaign_id
    JOIN message m ON m.campaign_id = about.campaign_id AND m.seq = about.seq
    WHERE about.claimed_at < :at AND {LEFT_BEFORE} AND (
        CAST(:account AS int) IS NULL OR c.account_id = :account OR EXISTS (
            SELECT FROM contact_lock l WHERE l.phone_key = :key AND l.lifted_at = :at
                AND l.campaign_id = about.campaign_id AND l.seq = about.seq % {STEP}
        ))
    ORDER BY (c.account_id = :account) DESC, about.claimed_at DESC LIMIT 1
)
UPDATE message m SET answered_at = :at FROM latest
WHERE m.campaign_id = latest.campaign_id AND m.seq = latest.seq
    AND m.answered_at IS NULL AND m.state IN ('sending', 'sent', 'in_doubt')
""")

RECEIPT = text("""
UPDATE message m SET
    delivered_at = CASE WHEN :delivered THEN coalesce(m.delivered_at, :at) ELSE m.delivered_at END,
    read_at = CASE WHEN :read THEN coalesce(m.read_at, :at) ELSE m.read_at END,
    reason = CASE
        WHEN :failed AND m.delivered_at IS NULL THEN 'not_delivered'
        WHEN :delivered AND m.reason = 'not_delivered' THEN NULL
        ELSE m.reason END,
    detail = CASE
        WHEN :failed AND m.delivered_at IS NULL THEN :why
        WHEN :delivered AND m.reason = 'not_delivered' THEN NULL
        ELSE m.detail END
FROM campaign c
WHERE m.provider_ref = :ref AND c.id = m.campaign_id AND (CAST(:account AS int) IS NULL OR c.account_id = :account)
""")


HEARD = text("""
SELECT min(at) FROM inbound_event WHERE kind = 'reply' AND phone_key = :key AND at >= :from AND at < :before
""")

AWAITED = text("""
SELECT EXISTS (SELECT FROM message WHERE state = 'sending' AND :key IN ('', phone_key))
    OR EXISTS (SELECT FROM message WHERE state = 'in_doubt' AND phone_key = :key)
    OR :key = '' AND EXISTS (SELECT FROM message WHERE state = 'in_doubt')
""")


NAMED = text("""
WITH ours AS (
    SELECT m.campaign_id, m.seq, m.state, m.due_at, m.doubt_tries FROM message m JOIN campaign c ON c.id = m.campaign_id
    WHERE m.provider_ref = :job AND m.phone_key = :key AND c.account_id = :account
    ORDER BY m.campaign_id, m.seq LIMIT 1 FOR UPDATE OF m
), carrying_on AS (
    SELECT m.campaign_id, m.seq FROM message m JOIN ours USING (campaign_id)
    WHERE m.provider_ref = :job AND m.state = 'sent' AND m.seq <> ours.seq
        AND ours.state = 'sent' AND ours.due_at IS NOT NULL
    ORDER BY m.seq LIMIT 1 FOR UPDATE OF m
), named AS (
    UPDATE message m SET provider_ref = :ref, due_at = CASE WHEN m.state <> 'sent' THEN m.due_at END
    FROM ours WHERE m.campaign_id = ours.campaign_id AND m.seq = ours.seq
    RETURNING m.seq
), asked AS (
    UPDATE message m SET due_at = ours.due_at, doubt_tries = ours.doubt_tries
    FROM ours, carrying_on one WHERE m.campaign_id = one.campaign_id AND m.seq = one.seq
)
SELECT count(*) FROM named
""")
"""Who has a name of its own has left: should it carry the questions about its job, another of the job's goes on."""


class InboundEvents:
    """`paced`: providers that space a batch out: its messages leave one after the other, long after the call."""

    def __init__(self, engine: Engine, paced: Sequence[str] = ()) -> None:
        self._engine = engine
        self._paced = list(paced)

    def store(self, account: Account | None, events: Iterable[InboundEvent], due_ms: int | None = None) -> list[int]:
        """Write events down once for each account and event id; the numbers of those that are new. `due_ms`: from then
        on whoever looks for waiting events finds them; None: when their job is overdue.

        In one order for everybody, so that two deliveries of one webhook do not wait for each other in a circle.
        """
        holder = NO_ACCOUNT if account is None else account.id
        rows = sorted(
            (_row(holder, event) | {"due_at": due_ms} for event in events), key=lambda row: str(row["event_id"])
        )
        if not rows:
            return []
        stored = insert(_E).values(rows).on_conflict_do_nothing().returning(_E.c.id)
        with autocommit(self._engine) as connection:
            return list(connection.execute(stored).scalars())

    def take(self, number: int) -> StoredEvent | None:
        """An event that still waits to be processed."""
        with autocommit(self._engine) as connection:
            found = connection.execute(select(_E).where(_E.c.id == number, _E.c.processed_at.is_(None)))
            row = found.mappings().first()
        return None if row is None else StoredEvent(row["account_id"] or None, _event(row), row["tries"])

    def processed(self, number: int, what: str) -> None:
        """It is done; what the client wrote is forgotten."""
        done = update(_E).where(_E.c.id == number).values(processed_at=func.now(), what=storable(what), text="")
        with autocommit(self._engine) as connection:
            connection.execute(done)

    def put_off(self, number: int, due_ms: int) -> None:
        """It waits until then, and one try more is counted."""
        later = update(_E).where(_E.c.id == number, _E.c.processed_at.is_(None))
        with autocommit(self._engine) as connection:
            connection.execute(later.values(due_at=due_ms, leased_until=None, tries=_E.c.tries + 1))

    def heard(self, key: str, from_ms: int, before_ms: int) -> int | None:
        """When the first reply of the client that is known from this time happened, whoever told of it."""
        asked = {"key": key, "from": moment(from_ms), "before": moment(before_ms)}
        with autocommit(self._engine) as connection:
            return epoch_ms(connection.execute(HEARD, asked).scalar())

    def is_awaited(self, key: str) -> bool:
        """A message to this client ("": to anybody) is being sent, or in doubt: its name may become known yet."""
        with autocommit(self._engine) as connection:
            return bool(connection.execute(AWAITED, {"key": key}).scalar())

    def broken(self, number: int) -> None:
        """It broke whoever took it: it waits for longer each time, and after MOST_BREAKS it is as good as processed."""
        with autocommit(self._engine) as connection:
            connection.execute(BROKEN, {"number": number, "most": MOST_BREAKS})

    def waiting(self, older_than_s: float, limit: int, leased_s: float = 0.0) -> list[int]:
        """Events that are due, or came longer ago than that and wait for nothing, each account's oldest first.

        Nobody else is given them for `leased_s`.
        """
        asked = {"older_than_s": older_than_s, "limit": limit, "leased_s": leased_s}
        with autocommit(self._engine) as connection:
            return list(connection.execute(WAITING, asked).scalars())

    def answered(self, key: str, at_ms: int, account_id: int | None) -> None:
        """The client's latest message from this account (None: from any) that left before then has been answered; the
        first answer counts. It may still be leaving: a reply can be faster than the answer to our call.

        Of an account that never wrote to the client the reply answers the message whose lock it lifted.
        """
        said = {"key": key, "at": moment(at_ms), "paced": self._paced, "account": account_id}
        with autocommit(self._engine) as connection:
            connection.execute(ANSWERED, said)

    def named(self, account_id: int, event: InboundEvent) -> bool:
        """A message that had its job's name gets its own, which receipts use; False when there is no such message."""
        told = {
            "account": account_id,
            "job": reference(event.job_ref),
            "key": event.key,
            "ref": reference(event.provider_ref),
        }
        with autocommit(self._engine) as connection:
            return bool(connection.execute(NAMED, told).scalar())

    def receipt(
        self, account_id: int | None, provider_ref: str, state: ReceiptState, at_ms: int, why: str = ""
    ) -> bool:
        """Move a message's delivered_at or read_at forward, never back; False when there is no such message.

        What was not delivered stays sent, with that reason and the provider's own, until it is delivered after all.
        """
        told = {
            "account": account_id,
            "ref": reference(provider_ref),
            "at": moment(at_ms),
            "why": storable(why) or None,
            "delivered": state in (ReceiptState.DELIVERED, ReceiptState.READ),
            "read": state is ReceiptState.READ,
            "failed": state is ReceiptState.FAILED,
        }
        with autocommit(self._engine) as connection:
            return connection.execute(RECEIPT, told).rowcount > 0


def _row(account_id: int, event: InboundEvent) -> dict[str, object]:
    return {
        "account_id": account_id,
        "event_id": _indexable(storable(event.event_id)),
        "kind": event.kind.value,
        "at": event.at_ms,
        "phone_key": storable(event.key),
        "text": storable(event.text),
        "provider_ref": storable(event.provider_ref),
        "receipt": None if event.receipt is None else event.receipt.value,
        "sender_name": storable(event.sender_name),
        "connected": event.connected,
        "reason": storable(event.reason),
        "job_ref": storable(event.job_ref),
    }


def _indexable(event_id: str) -> str:
    """PostgreSQL's index takes no longer texts; who told it apart by so long an id is told apart by its digest."""
    return event_id if len(event_id) <= LONGEST_ID else f"sha256:{sha256(event_id.encode()).hexdigest()}"


def _event(row: RowMapping) -> InboundEvent:
    return InboundEvent(
        kind=InboundKind(row["kind"]),
        event_id=row["event_id"],
        at_ms=row["at"],
        key=row["phone_key"],
        text=row["text"],
        provider_ref=row["provider_ref"],
        receipt=None if row["receipt"] is None else ReceiptState(row["receipt"]),
        sender_name=row["sender_name"],
        connected=row["connected"],
        reason=row["reason"],
        job_ref=row["job_ref"],
    )
