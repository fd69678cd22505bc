"""Our campaigns as Kinbox' `Campaign` object, with every field of its 201 (seeds/002), and its errors.

ours                                     Kinbox' status
running, nothing sent yet                processing
running                                  executing
running, waiting for the next chunk      awaiting-chunk
scheduled                                scheduled
paused                                   paused
cancelled                                canceled
done                                     done, or failed when not one message was sent
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.forecast import chunk_count
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.pacing import chunk_size_for
from dispatcher.providers.kinbox.build import seconds
from dispatcher.providers.kinbox.form import FIELDS

TRACK_MAX_HOURS = 96  # Kinbox' own default: how long an answer counts as one to the campaign

_UNSETTLED = (MessageState.PENDING, MessageState.SENDING)
_OVER = (CampaignState.DONE, CampaignState.CANCELLED)
_STATUSES = {
    CampaignState.SCHEDULED: "scheduled",
    CampaignState.PAUSED: "paused",
    CampaignState.CANCELLED: "canceled",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is (UTC epoch, ms). `updated_at_ms` None: since it was accepted, nothing happened."""

    updated_at_ms: int | None = None
    last_message_at_ms: int | None = None
    finish_ms: int | None = None
    waits_for_chunk: bool = False


_JUST_BORN = Progress()


def campaign_object(
    campaign: Campaign,
    accepted_at_ms: int,
    counts: Mapping[str, int],
    progress: Progress = _JUST_BORN,
) -> dict[str, Any]:
    """The campaign for GET, and for a 201 just after it was accepted.

    `campaign.state` as people are shown it; `counts` by message state, and `delivered`, `read`, `answered`.
    """
    total = sum(counts.get(state.value, 0) for state in MessageState) or campaign.total
    settled = total - sum(counts.get(state.value, 0) for state in _UNSETTLED) if counts else 0
    asked = {name: campaign.options.get(name) for name in FIELDS}
    size = chunk_size_for(total, campaign.pacing.chunk_size, asked["chunksCount"] or 0)
    updated_at = iso(progress.updated_at_ms or accepted_at_ms)
    start_ms = campaign.scheduled_for_ms if campaign.state is CampaignState.SCHEDULED else None
    number, last = campaign_text(campaign.id), iso(progress.last_message_at_ms)
    return {
        **asked,
        "id": number,
        "_id": number,
        "name": campaign.name,
        "operatorId": None,
        "nextScheduledTo": iso(start_ms),
        "finishedAtPrediction": iso(progress.finish_ms) or asked["finishedAtPrediction"],
        "active": campaign.state not in _OVER,
        "shouldCreateConversation": False,
        "status": status_of(campaign.state, counts, progress.waits_for_chunk),
        "chunksCount": chunk_count(total, size),
        "chunkSize": size or total,
        "leadsCount": total,
        "secondsBetweenMessages": seconds(campaign.pacing.delay_max_ms),
        "secondsBetweenChunks": seconds(campaign.pacing.chunk_gap_ms),
        "trackAllChannels": False,
        "trackMaxHours": TRACK_MAX_HOURS,
        "progress": settled * 100 // total if total else 0,
        "resultCounts": _result_counts(counts, settled // (size or total) if total else 0),
        "messagesProcessed": settled,
        "lastMessageProcessedAt": last,
        "healthCheckData": _health(settled, last, number),
        "workspaceId": campaign.account_id,
        "createdAt": iso(accepted_at_ms),
        "lastUpdateAt": updated_at,
        "updatedAt": updated_at,
    }


def status_of(state: CampaignState, counts: Mapping[str, int], waits_for_chunk: bool = False) -> str:
    sent = counts.get(MessageState.SENT.value, 0)
    if state is CampaignState.RUNNING:
        return "awaiting-chunk" if waits_for_chunk else "executing" if sent else "processing"
    if state is CampaignState.DONE:
        doubtful = counts.get(MessageState.IN_DOUBT.value, 0)
        return "done" if sent or doubtful else "failed"
    return _STATUSES[state]


def error_object(status: int, problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """An error in NestJS' shape, a line for each (field, rule)."""
    lines = [f"{where}: {rule}" if where else rule for where, rule in problems]
    return {"statusCode": status, "message": lines, "error": HTTPStatus(status).phrase}


def iso(epoch_ms: int | None) -> str | None:
    if epoch_ms is None:
        return None
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _result_counts(counts: Mapping[str, int], chunks: int) -> dict[str, Any]:
    shown = {
        name: counts.get(ours, 0)
        for name, ours in (("sent", "sent"), ("received", "delivered"), ("read", "read"), ("answered", "answered"))
    }
    return {**shown, "chunksExecuted": chunks, "byChunkId": {}}


def _health(settled: int, last: str | None, number: str) -> dict[str, Any]:
    return {
        "messagesProcessed": settled,
        "lastMessageProcessedAt": last,
        "healthCheckExecutions": 0,
        "jobId": number,
        "chunkId": None,
        "nextHealthCheckAt": None,
        "lastHealthCheckAt": None,
    }
