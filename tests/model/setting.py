"""What a world holds, and what may happen in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Campaign = tuple[tuple[int, ...], Mapping[str, Any]]
"""To whom, and what a native body says besides."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Setting:
    """`may`: how often what may happen in one play; `orders`: what an operator may say, each once.

    `tickets_a_job`: so many that are released together share a job. `handed_over` comes in during the play, as often
    as it may, always under the same idempotency key.
    `sender`: what the accounts file says of the last sender, by key. `lookup_waits_s` empty: the provider cannot be
    asked about a doubt. `steps`: how many are decided before the play only comes to rest.
    """

    campaigns: tuple[Campaign, ...]
    lanes: int = 1
    workers: int = 2
    tickets_a_job: int = 1
    account: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    sender: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    answers: tuple[str, ...] = ("sent",)
    may: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    orders: tuple[str, ...] = ()
    handed_over: Campaign | None = None
    lookup_waits_s: tuple[float, ...] = (1.0,)
    steps: int = 60

    @property
    def resends(self) -> bool:
        """Who is in doubt and cannot be asked about is sent to once more, by the account's policy."""
        return self.account.get("on_doubt") == "resend"
