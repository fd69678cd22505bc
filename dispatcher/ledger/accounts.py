"""Accounts and senders: as the accounts file says (`apply`), as they are, and whether they may send.

Credentials, sender tokens and callback secrets are kept encrypted, the ingress token and the webhook secret as digests.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Engine, RowMapping, func, select, text, true, update

from dispatcher.domain.account import BY_HAND, DISCONNECTED, Account, CpcScope, OnDoubt, OnLocked, Sender
from dispatcher.domain.account_specs import AccountSpec
from dispatcher.domain.caps import Sent, read_warm_up
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.loststarts import REASON
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.ledger import tables
from dispatcher.ledger.crews import crews_changed
from dispatcher.ledger.declare import declare, unseal
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.times import epoch_ms, moment
from dispatcher.secrecy import Secrecy

_A, _S = tables.account, tables.sender
T = TypeVar("T")

SENT_SINCE = text("""
SELECT sender_id, max(coalesce(ended_at, clock_timestamp())) AS last,
    count(*) FILTER (WHERE started_at >= :start AND (fate IS NULL OR fate IN ('sent', 'in_doubt'))) AS messages
FROM attempt
WHERE sender_id = ANY(:senders) AND started_at >= :before
    AND (fate IS NULL OR fate IN ('sent', 'in_doubt', 'retry', 'failed'))
GROUP BY sender_id
""")


class Applied(NamedTuple):
    """Names of accounts by what `apply` did to them."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class Accounts:
    """Reads and writes accounts; remembers nothing between calls."""

    def __init__(self, engine: Engine, secrecy: Secrecy) -> None:
        self._engine = engine
        self._secrecy = secrecy

    # ------------------------------------------------------------ reading

    def account(self, account_id: int) -> Account:
        """Also one that was removed: its campaigns are still there. Raises UnknownAccount."""
        return self._one(_A.c.id == account_id)

    def these(self, numbers: Sequence[int]) -> list[Account]:
        """Those of these numbers that there are, removed ones too."""
        return self._accounts(_A.c.id.in_(numbers))

    def named(self, name: str) -> Account:
        """Raises UnknownAccount."""
        return self._one(_A.c.name == name, _A.c.removed_at.is_(None))

    def all(self) -> list[Account]:
        return self._accounts(_A.c.removed_at.is_(None))

    def by_token(self, provider: str, token: str) -> Account | None:
        """The account of that provider whose ingress token this is."""
        digest = self._secrecy.digest("ingress", token)
        found = self._accounts(_A.c.provider == provider, _A.c.ingress_digest == digest, _A.c.removed_at.is_(None))
        return found[0] if found else None

    def by_webhook(self, name: str, secret: str) -> Account | None:
        """The account of that name, if this is its webhook secret."""
        with autocommit(self._engine) as connection:
            row = connection.execute(select(_A).where(_A.c.name == name, _A.c.removed_at.is_(None))).mappings().first()
        known = row is not None and row["webhook_digest"]
        if row is None or not self._secrecy.matches("webhook", secret, known or "-"):
            return None
        return self._account(row)

    def sender(self, sender_id: int) -> Sender:
        """Also one that was removed. Raises LookupError."""
        found = self._senders(_S.c.id == sender_id)
        if not found:
            raise LookupError("no sender has that number")
        return found[0]

    def these_senders(self, numbers: Sequence[int]) -> list[Sender]:
        """Those of these numbers that there are, removed ones too."""
        return self._senders(_S.c.id.in_(numbers))

    def senders(self, account_id: int) -> list[Sender]:
        return self._senders(_S.c.account_id == account_id, _S.c.removed_at.is_(None))

    def all_senders(self) -> list[Sender]:
        """Those of every account, in the order of accounts and names."""
        return self._senders(*self._in_use())

    def once_paused(self) -> list[Sender]:
        """Those of them that are paused, or were before: few, where all are thousands. One that cannot be read sends
        nothing anyhow: it is left out, and keeps nobody from the others; so is one that kills whoever reads it."""
        once = _S.c.paused_reason.is_not(None) | _S.c.paused_until.is_not(None)
        spared = func.coalesce(_S.c.paused_reason, "").not_like(f"{REASON}:%")
        return list(_readable(self._sender, self._sender_rows(*self._in_use(), once, spared)))

    def changed_within(self, seconds: float) -> list[Account]:
        """Those that can be read, of those that were applied with a change in that time."""
        since = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        return list(_readable(self._account, self._account_rows(_A.c.changed_at >= since, _A.c.removed_at.is_(None))))

    def sent_since(self, sender_id: int, day_start_ms: int, gap_ms: int = 0) -> Sent:
        """What left from a sender since then, or may have, and what is on its way; and the moment by which its last
        call had started, if that was made a gap before then at the earliest."""
        return self.sent_by([sender_id], day_start_ms, gap_ms).get(sender_id, Sent())

    def sent_by(self, senders: Sequence[int], day_start_ms: int, gap_ms: int = 0) -> dict[int, Sent]:
        """The same of several, in one query; who sent nothing is left out."""
        asked = {"senders": list(senders), "start": moment(day_start_ms), "before": moment(day_start_ms - gap_ms)}
        with autocommit(self._engine) as connection:
            rows = connection.execute(SENT_SINCE, asked).all()
        return {row.sender_id: Sent(row.messages, epoch_ms(row.last) or 0) for row in rows}

    # ------------------------------------------------------------ steering

    def halt(self, sender_ids: Sequence[int], reason: str, until_ms: int | None) -> None:
        """Write down that senders are paused and why; `until_ms` (UTC epoch) ends it by itself.

        Nothing shorter replaces a pause, and nothing an operator's: whatever ends another must not end that one.
        """
        longer = true() if until_ms is None else _S.c.paused_reason.is_(None) | (_S.c.paused_until <= until_ms)
        meant = _S.c.id.in_(sender_ids) & _S.c.paused_reason.is_distinct_from(BY_HAND) & longer
        change = update(_S).where(meant).values(paused_reason=reason, paused_until=until_ms)
        with autocommit(self._engine) as connection:
            connection.execute(change)

    def resume(self, sender_ids: Sequence[int], by_hand: bool = False) -> list[int]:
        """Write down that senders go on, since when, and which; what an operator paused, only by hand."""
        ours = _S.c.paused_reason.is_distinct_from(BY_HAND)
        meant = _S.c.id.in_(sender_ids) & (true() if by_hand else ours)
        change = update(_S).where(meant).values(paused_reason=None, paused_until=func.now()).returning(_S.c.id)
        with autocommit(self._engine) as connection:
            return list(connection.execute(change).scalars())

    def line_changed(self, sender_ids: Sequence[int], at_ms: int, reason: str | None) -> list[int]:
        """Senders' lines went down, and why, or (None) came up, at `at_ms` (UTC epoch): those that went on are
        paused, or those that were paused for that go on; whose pause began or ended. What is older than what is known
        of a line changes nothing.
        """
        newest = _S.c.id.in_(sender_ids) & (_S.c.line_at.is_(None) | (_S.c.line_at <= at_ms))
        noted = update(_S).where(newest).values(line_at=at_ms).returning(_S.c.id)
        with transaction(self._engine) as connection:
            known = _S.c.id.in_(list(connection.execute(noted).scalars()))
            if reason is None:
                lost = _S.c.paused_reason.startswith(DISCONNECTED) & _S.c.paused_until.is_(None)
                change = update(_S).where(known & lost).values(paused_reason=None, paused_until=func.now())
            else:
                goes_on = _S.c.paused_reason.is_(None) | (_S.c.paused_until <= func.now())
                change = update(_S).where(known & goes_on).values(paused_reason=reason, paused_until=None)
            return list(connection.execute(change.returning(_S.c.id)).scalars())

    # ------------------------------------------------------------ the accounts file

    def apply(self, specs: Iterable[AccountSpec]) -> Applied:
        """Make these accounts what the file says, all or none; others stay. Twice the same changes nothing.

        A sender that vanished from its account's file is marked as removed and comes back with its number. The
        clock is to be told of the campaigns that this concerns (`pipeline.plan.plan_unopened`). Raises
        AccountsFileError for business hours that are gone while a campaign names them.
        """
        done: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
        with transaction(self._engine) as connection:
            for spec in specs:
                done[declare(connection, self._secrecy, spec)].append(spec.name)
        return Applied(*(tuple(done[what]) for what in Applied._fields))

    def remove(self, name: str) -> None:
        """Take an account out of use: its campaigns are paused and stay readable. Raises UnknownAccount."""
        with transaction(self._engine) as connection:
            named = update(_A).where(_A.c.name == name, _A.c.removed_at.is_(None))
            gone = connection.execute(named.values(removed_at=func.now()).returning(_A.c.id)).scalar()
            if gone is None:
                raise UnknownAccount(f"no account is named {name}")
            crews_changed(connection, gone)

    # ------------------------------------------------------------ rows as values

    def _one(self, *conditions: Any) -> Account:
        found = self._accounts(*conditions)
        if not found:
            raise UnknownAccount("no such account")
        return found[0]

    def _accounts(self, *conditions: Any) -> list[Account]:
        return [self._account(row) for row in self._account_rows(*conditions)]

    def _in_use(self) -> tuple[ColumnElement[bool], ...]:
        there = select(_A.c.id).where(_A.c.removed_at.is_(None))
        return _S.c.removed_at.is_(None), _S.c.account_id.in_(there)

    def _account_rows(self, *conditions: Any) -> Sequence[RowMapping]:
        with autocommit(self._engine) as connection:
            return connection.execute(select(_A).where(*conditions).order_by(_A.c.name)).mappings().all()

    def _senders(self, *conditions: Any) -> list[Sender]:
        return [self._sender(row) for row in self._sender_rows(*conditions)]

    def _sender_rows(self, *conditions: ColumnElement[bool]) -> Sequence[RowMapping]:
        """A halt that is over by itself is not shown."""
        halted = _S.c.paused_until.is_(None) | (_S.c.paused_until > func.now())
        query = select(_S, halted.label("halted")).where(*conditions).order_by(_S.c.account_id, _S.c.name)
        with autocommit(self._engine) as connection:
            return connection.execute(query).mappings().all()

    def _account(self, row: RowMapping) -> Account:
        return Account(
            id=row["id"],
            name=row["name"],
            provider=row["provider"],
            base_urls=tuple(row["base_urls"]),
            credentials=unseal(self._secrecy, row["credentials"]),
            mode=row["mode"],
            options=row["options"],
            cpc=row["cpc"],
            cpc_scope=CpcScope(row["cpc_scope"]),
            on_locked=OnLocked(row["on_locked"]),
            on_doubt=OnDoubt(row["on_doubt"]),
            timeout_s=row["timeout_s"],
            max_attempts=row["max_attempts"],
            delay_min_ms=row["delay_min_ms"],
            delay_max_ms=row["delay_max_ms"],
            validity_s=row["validity_s"],
            batch=row["batch"],
            hours=read_hours(row["hours"]) if row["hours"] else None,
            business_hours={name: read_hours(one) for name, one in row["business_hours"].items()},
            pause_at_error_rate=row["pause_at_error_rate"],
            error_rate_of=row["error_rate_of"],
            ingress_mark=row["ingress_digest"] or "",
            callback_secret=self._secrecy.decrypt(row["callback_secret"]) if row["callback_secret"] else "",
        )

    def _sender(self, row: RowMapping) -> Sender:
        paused = row["halted"] and row["paused_reason"] is not None
        return Sender(
            id=row["id"],
            account_id=row["account_id"],
            name=row["name"],
            concurrency=row["concurrency"],
            min_gap_ms=row["min_gap_ms"],
            daily_limit=row["daily_limit"],
            warm_up=read_warm_up(row["warm_up"]) if row["warm_up"] else (),
            warm_up_from_ms=row["warm_up_from"] or 0,
            token=self._secrecy.decrypt(row["token"]) if row["token"] else None,
            base_urls=tuple(row["base_urls"]),
            paused_reason=row["paused_reason"] if paused else None,
            paused_until_ms=row["paused_until"] if paused else None,
            resumed_ms=None if paused else row["paused_until"],
        )


def _readable(read: Callable[[RowMapping], T], rows: Iterable[RowMapping]) -> Iterator[T]:
    """Without those that break whoever reads them; who needs them hears of it."""
    for row in rows:
        with suppress(ValueError, TypeError, LookupError, AttributeError):
            yield read(row)
