"""Our campaigns as Kinbox' `Campaign` object, with every field of its 201 (seeds/002), and its errors.

ours                                     Kinbox' status
running, nothing sent yet                processing
running                                  executing
running, between two chunks              awaiting-chunk
running, outside its hours               awaiting-business-hours
scheduled                                scheduled
paused                                   paused
cancelled                                canceled
done                                     done, or failed when not one message was sent
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.changes import ChunkCount
from dispatcher.domain.forecast import chunk_count
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.pacing import chunk_size_for
from dispatcher.domain.views import Looks, MessageView
from dispatcher.providers.kinbox.build import seconds
from dispatcher.providers.kinbox.form import FIELDS
from dispatcher.providers.stamps import iso

TRACK_MAX_HOURS = 96  # Kinbox' own default: how long an answer counts as one to the campaign

_UNPROCESSED = (MessageState.PENDING, MessageState.SENDING, MessageState.CANCELLED)
_OVER = (CampaignState.DONE, CampaignState.CANCELLED)
_STATUSES = {
    CampaignState.SCHEDULED: "scheduled",
    CampaignState.PAUSED: "paused",
    CampaignState.CANCELLED: "canceled",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is (UTC epoch, ms). `updated_at_ms` None: since it was accepted, nothing happened.

    `gate_ms`: when the next chunk may start, while the campaign stands between two. `looks`: how it was looked
    after; `next_look_ms`: when it will be next. `opens_ms`: when its hours begin, outside of them.
    """

    updated_at_ms: int | None = None
    last_message_at_ms: int | None = None
    finish_ms: int | None = None
    gate_ms: int | None = None
    looks: Looks | None = None
    next_look_ms: int | None = None
    opens_ms: int | None = None
    chunks: Mapping[int, ChunkCount] = field(default_factory=dict)


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
    total, processed = _extent(campaign, counts, progress.chunks)
    asked = asked_of(campaign)
    size = chunk_size_for(total, campaign.pacing.chunk_size, asked["chunksCount"] or 0)
    updated_at = iso(progress.updated_at_ms or accepted_at_ms)
    running = campaign.state is CampaignState.RUNNING
    start_ms = campaign.scheduled_for_ms if campaign.state is CampaignState.SCHEDULED else None
    next_ms = max(progress.gate_ms or 0, progress.opens_ms or 0) or None
    number = campaign_text(campaign.id)
    return {
        **asked,
        "id": number,
        "_id": number,
        "name": campaign.name,
        "operatorId": None,
        "nextScheduledTo": iso(next_ms if running else start_ms),
        "finishedAtPrediction": iso(progress.finish_ms) or asked["finishedAtPrediction"],
        "active": campaign.state not in _OVER,
        "shouldCreateConversation": False,
        "status": status_of(campaign.state, counts, progress.gate_ms is not None, progress.opens_ms is not None),
        "chunksCount": chunk_count(total, size),
        "chunkSize": size or total,
        "leadsCount": total,
        "secondsBetweenMessages": seconds(campaign.pacing.delay_max_ms),
        "secondsBetweenChunks": seconds(campaign.pacing.chunk_gap_ms),
        "trackAllChannels": False,
        "trackMaxHours": TRACK_MAX_HOURS,
        "progress": processed * 100 // total if total else 0,
        "resultCounts": _result_counts(counts, progress.chunks, processed // (size or total) if total else 0),
        "messagesProcessed": processed,
        "lastMessageProcessedAt": iso(progress.last_message_at_ms),
        "healthCheckData": _health(processed, campaign, progress),
        "workspaceId": campaign.account_id,
        "createdAt": iso(accepted_at_ms),
        "lastUpdateAt": updated_at,
        "updatedAt": updated_at,
    }


def status_of(
    state: CampaignState, counts: Mapping[str, int], waits_for_chunk: bool = False, closed: bool = False
) -> str:
    sent = counts.get(MessageState.SENT.value, 0)
    if state is CampaignState.RUNNING and closed:
        return "awaiting-business-hours"
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


def asked_of(campaign: Campaign) -> dict[str, Any]:
    """Every field of a creating request, as this campaign's asked for it; null where it did not."""
    if campaign.dialect == "kinbox":
        return {name: campaign.options.get(name) for name in FIELDS} | {"businessHoursId": campaign.business_hours}
    text = (campaign.content or {}).get("text")
    known = {"name": campaign.name, "message": text, "scheduledTo": iso(campaign.scheduled_for_ms)}
    return {**dict.fromkeys(FIELDS), **known, "businessHoursId": campaign.business_hours}


def lead_object(message: MessageView, chunk_size: int) -> dict[str, Any]:
    """A recipient for `chunk-leads`: `status` is pending, sent or error; `state` and `reason` are our own words.

    Who is in doubt is pending: an app that reads an error sends again, and the first message may have arrived.
    """
    return {
        "chunkId": str(message.id.seq // chunk_size if chunk_size else 0),
        "phone": message.phone,
        "status": _LEAD_STATUSES.get(message.state, "error"),
        "state": message.state.value,
        "reason": message.reason or None,
        "sentAt": iso(message.sent_at_ms),
        "receivedAt": iso(message.delivered_at_ms),
        "readAt": iso(message.read_at_ms),
        "answeredAt": iso(message.answered_at_ms),
    }


def _extent(campaign: Campaign, counts: Mapping[str, int], chunks: Mapping[int, ChunkCount]) -> tuple[int, int]:
    """How many leads there are, and how many are settled: counted by chunk, for follow-ups are in none."""
    if chunks:
        return sum(one.total for one in chunks.values()), sum(one.settled for one in chunks.values())
    total = sum(counts.get(state.value, 0) for state in MessageState) or campaign.total
    return total, total - sum(counts.get(state.value, 0) for state in _UNPROCESSED) if counts else 0


_LEAD_STATUSES = {
    **dict.fromkeys((MessageState.PENDING, MessageState.SENDING, MessageState.IN_DOUBT), "pending"),
    MessageState.SENT: "sent",
}


def _result_counts(counts: Mapping[str, int], chunks: Mapping[int, ChunkCount], executed: int) -> dict[str, Any]:
    if chunks:
        executed = sum(one.settled == one.total for one in chunks.values())
    begun = {str(index): _received(one) for index, one in chunks.items() if one.settled}
    shown = {
        name: counts.get(ours, 0)
        for name, ours in (("sent", "sent"), ("received", "delivered"), ("read", "read"), ("answered", "answered"))
    }
    return {**shown, "chunksExecuted": executed, "byChunkId": begun}


def _received(chunk: ChunkCount) -> dict[str, int]:
    return {"sent": chunk.sent, "received": chunk.delivered, "read": chunk.read, "answered": chunk.answered}


def _chunk_at_work(state: CampaignState, chunks: Mapping[int, ChunkCount]) -> str | None:
    """The first chunk that is not through, of a campaign that is not over."""
    if state in _OVER:
        return None
    return next((str(index) for index, one in chunks.items() if one.settled < one.total), None)


def _health(processed: int, campaign: Campaign, progress: Progress) -> dict[str, Any]:
    """Every worker's sweeper looks after every campaign that runs: that is a check here."""
    looks = progress.looks
    return {
        "messagesProcessed": processed,
        "lastMessageProcessedAt": iso(progress.last_message_at_ms),
        "healthCheckExecutions": looks.rounds if looks else 0,
        "jobId": campaign_text(campaign.id),
        "chunkId": _chunk_at_work(campaign.state, progress.chunks),
        "nextHealthCheckAt": iso(progress.next_look_ms),
        "lastHealthCheckAt": iso(looks.last_ms if looks else None),
    }
