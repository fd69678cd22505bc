"""Accounts and senders as the stations of the pipeline see them.

Their defaults and their meaning are in the accounts file, see INTERFACE and docs/accounts.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dispatcher.domain.hours import Hours
from dispatcher.domain.ids import Lane


class CpcScope(StrEnum):
    """Among whom "one contact per client" counts: everybody, one account, or one sender (CPC's tag)."""

    GLOBAL = "global"
    ACCOUNT = "account"
    TAG = "tag"


class OnLocked(StrEnum):
    BLOCK = "block"
    DEFER = "defer"


class OnDoubt(StrEnum):
    HOLD = "hold"
    RESEND = "resend"


BY_HAND = "paused by an operator"
"""The reason of a sender's pause that only an operator ends."""
DISCONNECTED = "disconnected"
"""How the reason of a pause begins that ends when the line is up again."""


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials and base URLs for one provider, and its policies. Durations carry their unit in the name.

    `ingress_mark` stands for the ingress token and changes with it; it cannot be turned back into one.
    """

    id: int
    name: str
    provider: str
    base_urls: tuple[str, ...]
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    mode: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    cpc: bool = False
    cpc_scope: CpcScope = CpcScope.GLOBAL
    on_locked: OnLocked = OnLocked.BLOCK
    on_doubt: OnDoubt = OnDoubt.HOLD
    timeout_s: float = 30.0
    max_attempts: int = 5
    delay_min_ms: int = 0
    delay_max_ms: int = 0
    validity_s: int = 86_400
    batch: int = 1
    hours: Hours | None = None
    business_hours: Mapping[str, Hours] = field(default_factory=dict)
    pause_at_error_rate: float = 0.5
    error_rate_of: int = 100
    ingress_mark: str = field(default="", repr=False)
    callback_secret: str = field(default="", repr=False)

    def hours_for(self, named: str | None) -> Hours | None:
        """When a campaign may send that names these `business_hours`; None names none: the account's own."""
        return self.business_hours.get(named or "", self.hours)

    @property
    def lane_hours(self) -> Hours | None:
        """The hours for which lanes rest. Where campaigns may name hours, each waits for its own, and no lane does."""
        return None if self.business_hours else self.hours


@dataclass(frozen=True, slots=True)
class Sender:
    """One number, channel, bot or tag that messages leave from. `token` and `base_urls` override the account's.

    `warm_up`: (day, limit) in order of the days; the ramp began at `warm_up_from_ms`.
    """

    id: int
    account_id: int
    name: str
    concurrency: int = 1
    min_gap_ms: int = 0
    daily_limit: int = 0
    warm_up: tuple[tuple[int, int], ...] = ()
    warm_up_from_ms: int = 0
    token: str | None = field(default=None, repr=False)
    base_urls: tuple[str, ...] = ()
    paused_reason: str | None = None
    paused_until_ms: int | None = None
    resumed_ms: int | None = field(default=None, compare=False)  # when its last pause ended

    @property
    def lanes(self) -> tuple[Lane, ...]:
        return tuple(Lane(self.id, slot) for slot in range(self.concurrency))


def token_of(account: Account, sender: Sender) -> str:
    return sender.token or account.credentials.get("token", "")


def base_urls_of(account: Account, sender: Sender) -> tuple[str, ...]:
    return sender.base_urls or account.base_urls
