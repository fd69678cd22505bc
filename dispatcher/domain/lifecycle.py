"""A message's states and the moves between them.

                 +------------------------- retry -------------------------+
                 v                                                         |
    accepted -> pending -> sending -> sent        (delivered_at, read_at, answered_at fill in later)
                 |           |  |       '-> failed  (the provider took it, and says later that it reached nobody)
                 |           |  |---> failed | blocked | suppressed | expired | cancelled
                 |           |  +---> in_doubt -> sent | failed | pending (resolved)
                 |           +------> pending     (retry, or moved aside)
                 +------------------> cancelled | blocked | suppressed | expired | failed

`MOVES` is the one table; the ledger's statements and the one in docs/architecture.md follow it.
"""

from enum import StrEnum


class MessageState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BLOCKED = "blocked"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


class CampaignState(StrEnum):
    """`SCHEDULED` is shown, not stored: a running campaign whose start lies ahead."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


S = MessageState

MOVES: dict[MessageState, frozenset[MessageState]] = {
    S.PENDING: frozenset({S.SENDING, S.FAILED, S.BLOCKED, S.SUPPRESSED, S.EXPIRED, S.CANCELLED}),
    S.SENDING: frozenset({S.PENDING, S.SENT, S.FAILED, S.BLOCKED, S.SUPPRESSED, S.EXPIRED, S.CANCELLED, S.IN_DOUBT}),
    S.IN_DOUBT: frozenset({S.SENT, S.FAILED, S.PENDING}),
    S.FAILED: frozenset({S.PENDING}),
    S.SENT: frozenset({S.FAILED}),
    S.BLOCKED: frozenset(),
    S.SUPPRESSED: frozenset(),
    S.EXPIRED: frozenset(),
    S.CANCELLED: frozenset(),
}

OPEN = frozenset({S.PENDING, S.SENDING})
"""States that keep a campaign from being done. In doubt is settled as far as pacing goes."""

RESUMABLE = (MessageState.PENDING, MessageState.FAILED, MessageState.IN_DOUBT)
"""What of a campaign may be resumed: what waits; what failed at the provider; what may have reached its recipient."""


def campaign_state(stored: CampaignState, scheduled_for_ms: int | None, now_ms: int) -> CampaignState:
    """The state that people are shown: running, but not before its start, is scheduled."""
    if stored is CampaignState.RUNNING and scheduled_for_ms is not None and scheduled_for_ms > now_ms:
        return CampaignState.SCHEDULED
    return stored
