"""When to try again, and when to give up: pure decisions over an outcome.

Backoff is exponential with full jitter: the n-th retry comes after a uniform draw from 0 .. base * 2^(n-1),
at most `CAP_S`, but never before the provider's own `Retry-After`.
"""

from dataclasses import replace

from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.pacing import JITTER_STEPS

BASE_S = 2.0  # a provider that is restarted needs seconds
CAP_S = 300.0  # five minutes: a message that is worth another try should not wait for hours


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
