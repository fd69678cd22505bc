"""When to try again, and when to give up: pure decisions over an outcome.

Backoff is exponential with full jitter: the n-th retry comes after a uniform draw from 0 .. base * 2^(n-1),
at most `CAP_S`, but never before the provider's own `Retry-After`.

The lane clock is only told of what is due soon (`near`); what waits longer waits in the ledger, however much of it
there is, and the sweeper files it in slices of `SLICE` when its time comes.
"""

from collections.abc import Iterable
from dataclasses import replace

from dispatcher.domain.account import OnDoubt
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.pacing import JITTER_STEPS
from dispatcher.domain.tickets import Retry

BASE_S = 2.0  # a provider that is restarted needs seconds
CAP_S = 300.0  # five minutes: a message that is worth another try should not wait for hours
NEAR_MS = 60_000  # far above the time between two sweeps: what comes due is filed before it is
RESENT_AFTER_S = 60.0  # whoever answers meanwhile shows that the message may have arrived
SLICE = 1_000  # messages of a campaign that are filed at once: a fast campaign's work for a few seconds


def backoff_ms(attempt: int, jitter: int, retry_after_s: float | None = None) -> int:
    """Milliseconds until the retry after the `attempt`-th try (from 1); `jitter` is a draw below JITTER_STEPS."""
    ceiling_s = min(CAP_S, BASE_S * 2 ** min(attempt - 1, 30))
    drawn_ms = int(ceiling_s * 1000 * jitter / JITTER_STEPS)
    return drawn_ms + int((retry_after_s or 0) * 1000)


def after_attempt(outcome: Outcome, attempt: int, max_attempts: int) -> Outcome:
    """The outcome as it counts: the last allowed attempt's retry is a failure."""
    if outcome.fate is Fate.RETRY and attempt >= max_attempts:
        return replace(outcome, fate=Fate.FAILED, reason="attempts_exhausted", detail=outcome.detail or outcome.reason)
    return outcome


def first_look_s(lookup_s: float | None, on_doubt: OnDoubt) -> float | None:
    """How long after the call to look at a doubt whose provider is first asked after `lookup_s` (None: it cannot be
    asked, and there only the account's policy could settle it). None: an operator decides."""
    return RESENT_AFTER_S if lookup_s is None and on_doubt is OnDoubt.RESEND else lookup_s


def near(retries: Iterable[Retry], now_ms: int) -> list[Retry]:
    """Those that the clock should know of now."""
    return [retry for retry in retries if retry.due_ms <= now_ms + NEAR_MS]
