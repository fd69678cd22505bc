"""The auditor's own book: whose turn it is, how far the rounds got, what does not add up now.

In the ledger, not in Redis: what is wrong with Redis must be told also when Redis has lost its memory.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, text

from dispatcher.domain.audit.checks import AuditView, Check, Finding, FindingView
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.times import epoch_ms

TAKE = text("""
INSERT INTO audit AS kept (id, lease, leased_until) VALUES (1, :lease, now() + make_interval(secs => :lease_s))
ON CONFLICT (id) DO UPDATE SET lease = excluded.lease, leased_until = excluded.leased_until
WHERE (kept.leased_until IS NULL OR kept.leased_until < now())
    AND (kept.ended_at IS NULL OR kept.ended_at <= now() - make_interval(secs => :every_s))
RETURNING places
""")

CLOSE = text("""
UPDATE audit SET lease = NULL, leased_until = NULL, ended_at = clock_timestamp(), places = CAST(:places AS json)
WHERE id = 1 AND lease = :lease
""")

PUT_BACK = text("UPDATE audit SET lease = NULL, leased_until = NULL WHERE id = 1 AND lease = :lease")

FOUND = text("""
INSERT INTO audit_finding AS kept (check_name, subject, campaign_id, seq, items, note)
SELECT * FROM unnest(
    CAST(:checks AS text[]), CAST(:subjects AS text[]), CAST(:campaigns AS bigint[]), CAST(:seqs AS int[]),
    CAST(:items AS int[]), CAST(:notes AS text[])
)
ON CONFLICT (check_name, subject) DO UPDATE SET
    seen_at = now(), items = excluded.items, note = excluded.note, campaign_id = excluded.campaign_id,
    seq = excluded.seq
RETURNING check_name, subject, found_at = seen_at AS is_new
""")

GONE = text("""
DELETE FROM audit_finding f
WHERE NOT EXISTS (
    SELECT FROM unnest(CAST(:checks AS text[]), CAST(:subjects AS text[])) AS found (check_name, subject)
    WHERE found.check_name = f.check_name AND found.subject = f.subject
)
RETURNING *
""")

FINDINGS = text("SELECT * FROM audit_finding WHERE check_name = ANY(:checks) ORDER BY found_at, check_name, subject")

_KNOWN = [check.value for check in Check]  # a newer version may have others

ENDED = text("""
SELECT ended_at, extract(epoch FROM clock_timestamp() - ended_at)::float AS age_s FROM audit WHERE id = 1
""")


class AuditBook:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, every_s: float, lease_s: float) -> tuple[str, Mapping[str, Any]] | None:
        """A turn: its lease, and how far the last one got; None: it is not time, or somebody else is at it."""
        asked = {"lease": secrets.token_hex(8), "every_s": every_s, "lease_s": lease_s}
        with autocommit(self._engine) as connection:
            row = connection.execute(TAKE, asked).first()
        return None if row is None else (str(asked["lease"]), row.places)

    def close(
        self, lease: str, places: Mapping[str, Any], found: Sequence[Finding]
    ) -> tuple[list[Finding], list[Finding]] | None:
        """Write down what a round found, and how far it got: what is new and what is gone. None: the turn was over."""
        with transaction(self._engine) as connection:
            closed = connection.execute(CLOSE, {"lease": lease, "places": json.dumps(places)})
            if not closed.rowcount:
                return None
            return _write(connection, found)

    def put_back(self, lease: str) -> None:
        """The turn ends without a word: nothing could be told."""
        with autocommit(self._engine) as connection:
            connection.execute(PUT_BACK, {"lease": lease})

    def view(self) -> AuditView:
        with autocommit(self._engine) as connection:
            ended = connection.execute(ENDED).first()
            rows = connection.execute(FINDINGS, {"checks": _KNOWN}).all()
        found = tuple(FindingView(_finding(row), epoch_ms(row.found_at), epoch_ms(row.seen_at)) for row in rows)
        if ended is None or ended.ended_at is None:
            return AuditView(None, None, found)
        return AuditView(epoch_ms(ended.ended_at), max(0.0, ended.age_s), found)


def _write(connection: Connection, found: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    checks, subjects = [one.check.value for one in found], [one.subject for one in found]
    given = {
        "checks": checks,
        "subjects": subjects,
        "campaigns": [one.campaign for one in found],
        "seqs": [one.seq for one in found],
        "items": [one.items for one in found],
        "notes": [one.note for one in found],
    }
    rows = connection.execute(FOUND, given).all()
    fresh = {(row.check_name, row.subject) for row in rows if row.is_new}
    gone = connection.execute(GONE, {"checks": checks, "subjects": subjects}).all()
    ours = [_finding(row) for row in gone if row.check_name in _KNOWN]
    return [one for one in found if (one.check, one.subject) in fresh], ours


def _finding(row: Any) -> Finding:
    return Finding(Check(row.check_name), row.subject, row.note, row.items, row.campaign_id, row.seq)
