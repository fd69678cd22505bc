"""`GET /v3/campaigns?status=…`: Kinbox' statuses as what we know of a campaign; `render.status_of` the other way round.

Statuses that none of our campaigns ever has find nothing.
"""

from dataclasses import replace

from dispatcher.domain.changes import Wanted
from dispatcher.domain.lifecycle import CampaignState

_NOTHING = Wanted(numbers=())
_RUNNING = Wanted(state=CampaignState.RUNNING)
_AWAITING_CHUNK = "awaiting-chunk"
_AWAITING_HOURS = "awaiting-business-hours"

STATUSES: dict[str, Wanted] = {
    "processing": replace(_RUNNING, sent=False),
    "scheduled": Wanted(state=CampaignState.SCHEDULED),
    "executing": replace(_RUNNING, sent=True),
    "paused": Wanted(state=CampaignState.PAUSED),
    _AWAITING_CHUNK: _RUNNING,
    _AWAITING_HOURS: _RUNNING,
    "awaiting-other-campaign": _NOTHING,
    "canceled": Wanted(state=CampaignState.CANCELLED),
    "failed": Wanted(state=CampaignState.DONE, sent=False),
    "done": Wanted(state=CampaignState.DONE, sent=True),
    "done-sent": _NOTHING,
}


def wanted_by(status: str, between_chunks: tuple[int, ...], closed: tuple[str, ...] = ()) -> Wanted:
    """Campaigns of a status; "" is any. `between_chunks`: numbers of those that wait for their next chunk; `closed`:
    business hours ("" for the account's own) outside of which it is now, and for which their campaigns wait."""
    if not status:
        return Wanted()
    if status == _AWAITING_HOURS:
        return replace(_RUNNING, hours=closed)
    wanted = STATUSES[status]
    if closed and wanted.state is CampaignState.RUNNING:
        wanted = replace(wanted, not_hours=closed)
    if status == _AWAITING_CHUNK:
        return replace(wanted, numbers=between_chunks)
    return replace(wanted, not_numbers=between_chunks) if wanted.state is CampaignState.RUNNING else wanted
