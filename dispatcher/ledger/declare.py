"""Making one account what the accounts file says: rows are written only where something differs."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dispatcher.domain.account_specs import AccountSpec, SenderSpec
from dispatcher.domain.accounts_file import AccountsFileError
from dispatcher.ledger import tables
from dispatcher.ledger.callback_endpoints import name_own
from dispatcher.ledger.crews import crews_changed
from dispatcher.secrecy import Secrecy

_A, _S = tables.account, tables.sender
T = TypeVar("T")

HOURS_IN_USE = text("""
SELECT DISTINCT business_hours FROM campaign
WHERE account_id = :account AND business_hours IS NOT NULL AND finished_at IS NULL AND state IN ('running', 'paused')
ORDER BY business_hours
""")


def declare(connection: Connection, secrecy: Secrecy, spec: AccountSpec) -> Literal["added", "changed", "unchanged"]:
    """Make an account and its senders what the specification says; what had to be done."""
    wanted = _columns(secrecy, spec)
    row = connection.execute(select(_A).where(_A.c.name == spec.name).with_for_update()).mappings().first()
    if row is None:
        sealed = {**wanted, "credentials": _seal(secrecy, spec.credentials)}
        account_id = connection.execute(insert(_A).values(**sealed).returning(_A.c.id)).scalar_one()
        _declare_senders(connection, secrecy, account_id, spec.sender)
        name_own(connection, account_id, spec.callback_url or "")
        return "added"
    _keeps_hours_in_use(connection, row["id"], spec)
    changed = _declare_senders(connection, secrecy, row["id"], spec.sender)
    changed |= name_own(connection, row["id"], spec.callback_url or "")
    stays = _opened(partial(unseal, secrecy), row["credentials"]) == spec.credentials
    wanted["credentials"] = row["credentials"] if stays else _seal(secrecy, spec.credentials)
    if row["callback_secret"] and _opened(secrecy.decrypt, row["callback_secret"]) == spec.callback_secret:
        wanted["callback_secret"] = row["callback_secret"]
    if changed or any(row[column] != value for column, value in wanted.items()):
        connection.execute(update(_A).where(_A.c.id == row["id"]).values(**wanted, changed_at=func.now()))
        crews_changed(connection, row["id"])
        return "changed"
    return "unchanged"


def _keeps_hours_in_use(connection: Connection, account_id: int, spec: AccountSpec) -> None:
    """A campaign whose hours were taken away would leave at any hour."""
    for name in connection.execute(HOURS_IN_USE, {"account": account_id}).scalars():
        if name not in spec.business_hours:
            raise AccountsFileError(f"account {spec.name}: business_hours.{name}: must stay, an open campaign names it")


def _declare_senders(connection: Connection, secrecy: Secrecy, account_id: int, specs: Sequence[SenderSpec]) -> bool:
    rows = connection.execute(select(_S).where(_S.c.account_id == account_id)).mappings()
    known = {row["name"]: row for row in rows}
    changed = [_declare_sender(connection, secrecy, account_id, spec, known.get(spec.name)) for spec in specs]
    named = {spec.name for spec in specs}
    gone = [row["id"] for row in known.values() if row["name"] not in named and row["removed_at"] is None]
    if gone:
        connection.execute(update(_S).where(_S.c.id.in_(gone)).values(removed_at=func.now()))
    return any(changed) or bool(gone)


def _declare_sender(
    connection: Connection, secrecy: Secrecy, account_id: int, spec: SenderSpec, row: RowMapping | None
) -> bool:
    wanted: dict[str, Any] = {
        "concurrency": spec.concurrency,
        "min_gap_ms": round(spec.min_gap_s * 1000),
        "daily_limit": spec.daily_limit,
        "base_urls": list(spec.base_urls),
        "token": secrecy.encrypt(spec.token) if spec.token else None,
        "warm_up": spec.warm_up,
        "removed_at": None,
    }
    if _begins_to_warm_up(spec, row):
        wanted["warm_up_from"] = func.now()
    if row is None:
        connection.execute(insert(_S).values(account_id=account_id, name=spec.name, **wanted))
        return True
    if row["token"] and spec.token == _opened(secrecy.decrypt, row["token"]):
        wanted["token"] = row["token"]
    if "warm_up_from" not in wanted and all(row[column] == value for column, value in wanted.items()):
        return False
    connection.execute(update(_S).where(_S.c.id == row["id"]).values(**wanted))
    return True


def _begins_to_warm_up(spec: SenderSpec, row: RowMapping | None) -> bool:
    """A ramp begins when it is first applied, or put back after it, or its sender, was taken away; not when it is
    changed."""
    return spec.warm_up is not None and (row is None or row["warm_up"] is None or row["removed_at"] is not None)


def _columns(secrecy: Secrecy, spec: AccountSpec) -> dict[str, Any]:
    """Everything but the credentials. Ciphertext differs each time: who compares puts the stored one in."""
    ingress, webhook = spec.ingress_token, spec.webhook_secret
    return {
        "name": spec.name,
        "provider": spec.provider,
        "base_urls": list(spec.base_urls),
        "ingress_digest": secrecy.digest("ingress", ingress) if ingress else None,
        "webhook_digest": secrecy.digest("webhook", webhook) if webhook else None,
        "callback_secret": secrecy.encrypt(spec.callback_secret) if spec.callback_secret else None,
        "mode": spec.mode,
        "options": spec.options,
        "cpc": spec.guarded,
        "cpc_scope": spec.cpc_scope.value,
        "on_locked": spec.on_locked.value,
        "on_doubt": spec.on_doubt.value,
        "timeout_s": spec.timeout_s,
        "max_attempts": spec.max_attempts,
        "delay_min_ms": round(spec.delay_min * 1000),
        "delay_max_ms": round(spec.delay_max * 1000),
        "validity_s": spec.validity_s,
        "batch": spec.batch,
        "pause_at_error_rate": spec.pause_at_error_rate,
        "error_rate_of": spec.error_rate_of,
        "hours": spec.hours.model_dump(mode="json") if spec.hours else None,
        "business_hours": {name: one.model_dump(mode="json") for name, one in spec.business_hours.items()},
        "removed_at": None,
    }


def _seal(secrecy: Secrecy, credentials: dict[str, str]) -> str:
    return secrecy.encrypt(json.dumps(credentials))


def _opened(read: Callable[[str], T], sealed: str) -> T | None:
    """None where it was encrypted under another key: it is written anew."""
    try:
        return read(sealed)
    except ValueError:
        return None


def unseal(secrecy: Secrecy, sealed: str) -> dict[str, str]:
    opened: dict[str, str] = json.loads(secrecy.decrypt(sealed))
    return opened
