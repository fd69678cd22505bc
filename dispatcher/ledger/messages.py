"""A message's way through the ledger, each step one statement.

    claim    pending -> sending          durable before anything leaves; writes the attempt
    settle   sending, in doubt -> fate   only for the attempt that was claimed; closes it, and makes the follow-up;
                                         a reply that came meanwhile is no answer to what did not leave

What many threads claim or settle at the same moment goes as one statement, as long as it is of one campaign and near.
Rows are locked in the order of seq, counts follow by the trigger, and no statement waits for one of another
campaign: workers cannot wait for each other in a circle.

Every look into message and attempt is bounded by seq, also where a join says the same: PostgreSQL has no
statistics of a campaign that came a moment ago, takes it for one row, and would read all of a million. What is locked
is looked up for each that was given: of a join it would think that one row comes of it, and compare each with each.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, Row, text

from dispatcher.domain.claims import Claim, Claimed, Settled, Whereabouts
from dispatcher.domain.followups import STEP
from dispatcher.domain.guards import CONTACT_OPEN
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import MOVES, MessageState
from dispatcher.domain.outcomes import STATE_OF
from dispatcher.domain.tickets import Ticket, merged
from dispatcher.ledger.departures import UNHEARD
from dispatcher.ledger.engine import LedgerFault, autocommit
from dispatcher.ledger.texts import reference, storable
from dispatcher.ledger.times import epoch_ms, moment
from dispatcher.ledger.triggers import SHARDS
from dispatcher.together import Together

CLAIM = text(f"""
WITH open_campaign AS (
    SELECT id, business_hours FROM campaign WHERE id = :campaign AND state = 'running'
), ticket AS (
    SELECT * FROM unnest(
        CAST(:firsts AS int[]), CAST(:afters AS int[]), CAST(:senders AS int[]), CAST(:slots AS int[]),
        CAST(:tokens AS text[])
    ) WITH ORDINALITY AS ticket (first, after, sender, slot, token, place)
), waiting AS (
    SELECT ticket.place, ticket.sender, m.seq FROM open_campaign, ticket CROSS JOIN LATERAL (
        SELECT seq FROM message
        WHERE campaign_id = :campaign AND seq >= ticket.first AND seq < ticket.after AND state = 'pending'
        ORDER BY seq FOR UPDATE
    ) AS m
), claimed AS (
    UPDATE message m SET
        state = 'sending', attempts = m.attempts + 1, sender_id = waiting.sender, claimed_at = clock_timestamp(),
        due_at = NULL
    FROM waiting WHERE m.campaign_id = :campaign AND m.seq = waiting.seq AND m.seq >= :low AND m.seq < :high
    RETURNING waiting.place, m.seq, m.attempts, m.deferrals, m.waited, m.phone, m.phone_key, m.payload, m.accepted_at,
        m.claimed_at
), job AS (
    SELECT DISTINCT ON (place) place, concat(CAST(:name AS text), '-', seq, '.', attempts) AS id
    FROM claimed ORDER BY place, seq
), noted AS (
    INSERT INTO attempt (campaign_id, seq, attempt, sender_id, slot, token, job_id, started_at)
    SELECT :campaign, c.seq, c.attempts, ticket.sender, ticket.slot, ticket.token, job.id, c.claimed_at
    FROM claimed c JOIN ticket USING (place) JOIN job USING (place)
)
SELECT EXISTS (SELECT FROM open_campaign) AS running, (SELECT business_hours FROM open_campaign) AS hours, c.*,
    c.phone_key <> '' AND EXISTS (SELECT FROM suppression s WHERE s.phone_key = c.phone_key) AS suppressed,
    c.seq >= {STEP} AND EXISTS (
        SELECT FROM message before
        WHERE before.campaign_id = :campaign AND before.answered_at IS NOT NULL
            AND before.seq = ANY(ARRAY(SELECT generate_series(c.seq % {STEP}, c.seq - {STEP}, {STEP})))
    ) AS answered,
    c.seq >= {STEP} AND {UNHEARD.format(message="c")} AS unheard
FROM (VALUES (1)) AS always LEFT JOIN claimed c ON true
ORDER BY c.seq
""")

WAITING = text("""
SELECT seq FROM message
WHERE campaign_id = :campaign AND seq >= :first AND seq < :after AND state = 'pending' ORDER BY seq
""")

_ALLOWED = " ".join(
    f"WHEN '{old}' THEN CAST('{{{','.join(sorted(MOVES[old]))}}}' AS message_state[])"
    for old in (MessageState.SENDING, MessageState.IN_DOUBT)
)

SETTLE = text(f"""
WITH given AS (
    SELECT * FROM unnest(
        CAST(:seqs AS int[]), CAST(:attempts AS int[]), CAST(:states AS message_state[]), CAST(:fates AS text[]),
        CAST(:reasons AS text[]), CAST(:details AS text[]), CAST(:refs AS text[]), CAST(:dues AS timestamptz[]),
        CAST(:follow_ups AS timestamptz[])
    ) AS given (seq, attempt, state, fate, reason, detail, ref, due, follow_up)
), open_attempt AS (
    SELECT m.was, given.* FROM given CROSS JOIN LATERAL (
        SELECT state AS was FROM message
        WHERE campaign_id = :campaign AND seq = given.seq AND attempts = given.attempt
            AND given.state = ANY(CASE state {_ALLOWED} END)
        FOR UPDATE
    ) AS m
), moved AS (
    UPDATE message m SET
        state = o.state,
        reason = o.reason,
        detail = o.detail,
        provider_ref = coalesce(o.ref, m.provider_ref),
        due_at = CASE WHEN o.state = 'pending' THEN coalesce(o.due, clock_timestamp())
            WHEN o.state IN ('in_doubt', 'sent', 'failed') THEN o.due END,
        sent_at = CASE o.state WHEN 'sent' THEN
            CASE o.was WHEN 'in_doubt' THEN m.claimed_at ELSE clock_timestamp() END END,
        settled_at = CASE WHEN o.state NOT IN ('pending', 'in_doubt') THEN clock_timestamp() END,
        answered_at = CASE WHEN o.state IN ('sent', 'in_doubt') THEN m.answered_at END,
        deferrals = m.deferrals + CASE o.fate WHEN 'deferred' THEN 1 ELSE 0 END,
        waited = m.waited OR o.fate = 'deferred' AND o.reason IS NOT DISTINCT FROM '{CONTACT_OPEN}',
        doubt_tries = 0
    FROM open_attempt o WHERE m.campaign_id = :campaign AND m.seq = o.seq AND m.seq = ANY(:seqs)
    RETURNING o.*, m.phone, m.phone_key, m.payload, m.answered_at, m.callback_endpoint_id
), followed AS (
    INSERT INTO message (campaign_id, seq, phone, phone_key, payload, accepted_at, due_at, callback_endpoint_id)
    SELECT :campaign, o.seq + {STEP}, o.phone, o.phone_key, o.payload, o.follow_up, o.follow_up, o.callback_endpoint_id
    FROM moved o
    WHERE o.state = 'sent' AND o.follow_up IS NOT NULL AND o.answered_at IS NULL
        AND NOT EXISTS (SELECT FROM campaign WHERE id = :campaign AND state = 'cancelled')
        AND NOT EXISTS (
            SELECT FROM message before
            WHERE before.campaign_id = :campaign AND before.answered_at IS NOT NULL
                AND before.seq = ANY(ARRAY(SELECT generate_series(o.seq % {STEP}, o.seq, {STEP}))))
    ON CONFLICT DO NOTHING
    RETURNING seq
), counted AS (
    INSERT INTO campaign_count AS kept (campaign_id, shard, pending)
    SELECT :campaign, mod(pg_backend_pid(), {SHARDS}), count(*) FROM followed HAVING count(*) > 0
    ON CONFLICT (campaign_id, shard) DO UPDATE SET pending = kept.pending + excluded.pending
), closed AS (
    UPDATE attempt a SET
        ended_at = coalesce(a.ended_at, clock_timestamp()), fate = o.fate, reason = o.reason, detail = o.detail
    FROM moved o
    WHERE a.campaign_id = :campaign AND a.seq = o.seq AND a.attempt = o.attempt AND a.seq = ANY(:seqs)
), reopened AS (
    UPDATE campaign SET finished_at = NULL, state = CASE state WHEN 'done' THEN 'running' ELSE state END
    WHERE id = :campaign AND (EXISTS (SELECT FROM moved WHERE was = 'in_doubt' AND state = 'pending')
        OR finished_at IS NOT NULL AND EXISTS (SELECT FROM followed))
)
SELECT seq, attempt FROM moved
""")

WHEREABOUTS = text("""
SELECT m.seq, m.attempts, m.phone_key, m.due_at, m.state = 'pending' AS pending, m.state = 'sending' AS sending,
    a.token = :token AND a.fate IN ('failed', 'retry') AND m.phone_key <> '' AS unsent
FROM message m
LEFT JOIN attempt a ON a.campaign_id = :campaign AND a.seq = m.seq AND a.attempt = m.attempts
    AND a.seq >= :first AND a.seq < :after
WHERE m.campaign_id = :campaign AND m.seq >= :first AND m.seq < :after
    AND (m.state = 'pending' OR m.state IN ('sending', 'failed') AND a.token = :token)
ORDER BY m.seq
""")

LAST_ATTEMPT = """
CROSS JOIN LATERAL (
    SELECT * FROM attempt
    WHERE campaign_id = m.campaign_id AND seq = m.seq AND attempt = m.attempts OFFSET 0
) AS a
"""
"""Of few messages `m` each one's attempt `a`; OFFSET 0 keeps it a look into the primary key for each."""

EXPECTED = text("""
SELECT DISTINCT phone_key FROM message
WHERE campaign_id = :campaign AND state IN ('pending', 'sending') AND phone_key = ANY(:keys)
""")

STUCK = text("""
SELECT campaign_id, seq, attempts FROM message
WHERE state = 'sending' AND claimed_at < now() - make_interval(secs => :older_than_s)
ORDER BY claimed_at LIMIT :limit
""")


MOST_AT_ONCE = 64
STATEMENTS = 4  # claims under way, and outcomes: of different campaigns, or far from each other; the pool has 16
NEAR = 1024
"""Messages so near to each other go in one statement: it looks at no more than the range that they span."""


class Messages:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._claims = Together(self._claim_all, _near_ticket, MOST_AT_ONCE, STATEMENTS, apart=(LedgerFault,))
        self._settles = Together(self._settle_all, _near_outcome, MOST_AT_ONCE, STATEMENTS, apart=(LedgerFault,))

    def claim(self, ticket: Ticket) -> Claim:
        """Move the ticket's pending messages to sending, each with a new attempt, if the campaign runs."""
        return self._claims(ticket)

    def claim_all(self, tickets: Sequence[Ticket]) -> list[Callable[[], Claim]]:
        """The same for several, those of a campaign in one statement; each claim raises what its ticket failed with."""
        return self._claims.all(tickets)

    def settle(self, campaign: int, settled: Sequence[Settled]) -> int:
        """Write outcomes of attempts that are still sending or in doubt; how many were written.

        Again with the same outcomes it writes none: what was not heard of may be repeated.
        """
        return self._settles((campaign, settled)) if settled else 0

    def settle_all(self, asked: Sequence[tuple[int, Sequence[Settled]]]) -> list[Callable[[], int]]:
        """The same for several, those of a campaign in one statement; each answer raises what its own failed with."""
        answers = iter(self._settles.all([one for one in asked if one[1]]))
        return [next(answers) if settled else _none for _, settled in asked]

    def _claim_all(self, tickets: Sequence[Ticket]) -> list[Claim]:
        """Of one campaign. A message that two of them name is given to one."""
        order = sorted(range(len(tickets)), key=lambda index: tickets[index].seq)
        with autocommit(self._engine) as connection:
            rows = connection.execute(CLAIM, claim_values([tickets[index] for index in order])).all()
            if not rows[0].running:
                return [Claim((), False, self._waiting(connection, ticket)) for ticket in tickets]
        found: list[list[Claimed]] = [[] for _ in tickets]
        for row in rows:
            if row.seq is not None:
                found[order[row.place - 1]].append(claimed(row))
        return [Claim(tuple(its), True, hours=rows[0].hours) for its in found]

    def _waiting(self, connection: Connection, ticket: Ticket) -> tuple[int, ...]:
        return tuple(connection.execute(WAITING, _range(ticket)).scalars())

    def _settle_all(self, asked: Sequence[tuple[int, Sequence[Settled]]]) -> list[int]:
        """Of one campaign. An attempt that is named twice is settled once."""
        values = settle_values(asked[0][0], [one for _, part in asked for one in part])
        with autocommit(self._engine) as connection:
            written = {(row.seq, row.attempt) for row in connection.execute(SETTLE, values)}
        return [sum((one.seq, one.attempt) in written for one in part) for _, part in asked]

    def whereabouts(self, ticket: Ticket) -> Whereabouts:
        """What became of a ticket whose lease ran out: what waits, what is sending under its token, and what that
        certainly did not send."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(WHEREABOUTS, _range(ticket) | {"token": ticket.token}).all()
        waiting = ((row.seq, epoch_ms(row.due_at) or 0) for row in rows if row.pending)
        sending = tuple((row.seq, row.attempts) for row in rows if row.sending)
        unsent = tuple((row.seq, row.phone_key) for row in rows if row.unsent)
        return Whereabouts(tuple(merged(waiting, ticket.size)), sending, unsent)

    def expected(self, campaign: int, keys: Sequence[str]) -> set[str]:
        """Of these clients, those for whom a message of the campaign waits or is leaving. Reads the whole campaign."""
        with autocommit(self._engine) as connection:
            return set(connection.execute(EXPECTED, {"campaign": campaign, "keys": list(keys)}).scalars())

    def stuck(self, older_than_s: float, limit: int) -> list[tuple[int, int, int]]:
        """(campaign, seq, attempt) of messages that have been sending for longer than that."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(STUCK, {"older_than_s": older_than_s, "limit": limit}).all()
        return [(row.campaign_id, row.seq, row.attempts) for row in rows]


def claim_values(tickets: Sequence[Ticket]) -> dict[str, object]:
    """CLAIM's, for tickets of one campaign in the order of their seq; its `place` counts them from 1."""
    campaign = tickets[0].campaign
    return {
        "campaign": campaign,
        "name": campaign_text(campaign),
        "low": tickets[0].seq,
        "high": max(ticket.seq + ticket.size for ticket in tickets),
        "firsts": [ticket.seq for ticket in tickets],
        "afters": [ticket.seq + ticket.size for ticket in tickets],
        "senders": [ticket.lane.sender_id for ticket in tickets],
        "slots": [ticket.lane.slot for ticket in tickets],
        "tokens": [ticket.token for ticket in tickets],
    }


def settle_values(campaign: int, settled: Sequence[Settled]) -> dict[str, object]:
    """SETTLE's, in the order of seq: so are the rows locked."""
    settled = sorted(settled, key=lambda one: one.seq)
    outcomes = [one.outcome for one in settled]
    return {
        "campaign": campaign,
        "seqs": [one.seq for one in settled],
        "attempts": [one.attempt for one in settled],
        "states": [STATE_OF[outcome.fate].value for outcome in outcomes],
        "fates": [outcome.fate.value for outcome in outcomes],
        "reasons": [storable(outcome.reason) or None for outcome in outcomes],
        "details": [storable(outcome.detail) or None for outcome in outcomes],
        "refs": [outcome.provider_ref and reference(outcome.provider_ref) for outcome in outcomes],
        "dues": [moment(one.due_ms) for one in settled],
        "follow_ups": [moment(one.follow_up_ms) for one in settled],
    }


def claimed(row: Row[tuple[object, ...]]) -> Claimed:
    """A message's row as what a worker needs of it."""
    return Claimed(
        seq=row.seq,
        attempt=row.attempts,
        phone=row.phone,
        key=row.phone_key,
        payload=row.payload or {},
        accepted_at_ms=epoch_ms(row.accepted_at),
        suppressed=row.suppressed,
        tries=row.attempts - row.deferrals,
        waited=row.waited,
        answered=row.answered,
        unheard=row.unheard,
    )


def _none() -> int:
    return 0


def _near_ticket(ticket: Ticket) -> tuple[int, int]:
    return ticket.campaign, ticket.seq // NEAR


def _near_outcome(asked: tuple[int, Sequence[Settled]]) -> tuple[int, int]:
    campaign, settled = asked
    return campaign, settled[0].seq // NEAR


def _range(ticket: Ticket) -> dict[str, object]:
    return {"campaign": ticket.campaign, "first": ticket.seq, "after": ticket.seq + ticket.size}
