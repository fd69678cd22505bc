"""Our campaigns as uazapi's folders, and their messages as its message objects (PROVIDERS 1.2, 1.4).

ours                              folder status     ours                              message status   listed under
scheduled                         scheduled         pending                           Queued           Scheduled
running, nothing sent yet         queued            sending, in_doubt                 Pending          Scheduled
running                           sending           sent                              Sent             Sent
paused                            paused            sent and delivered                Delivered        Sent
done                              done              sent and read                     Read             Sent
cancelled, calls in flight        deleting          failed blocked suppressed expired Failed           Failed
cancelled                         done              cancelled                         Canceled         Failed

A message in doubt counts as neither sent nor failed: a client that sent it again might reach somebody twice.
"""

from collections.abc import Mapping
from typing import Any

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.folders import FolderLine, Receipts
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import CampaignState, MessageState, campaign_state
from dispatcher.domain.views import MessageView

S = MessageState

LISTED: dict[str, tuple[MessageState, ...]] = {
    "scheduled": (S.PENDING, S.SENDING, S.IN_DOUBT),
    "sent": (S.SENT,),
    "failed": (S.FAILED, S.BLOCKED, S.SUPPRESSED, S.EXPIRED, S.CANCELLED),
}
_FOLDER_STATUSES = {
    CampaignState.SCHEDULED: "scheduled",
    CampaignState.PAUSED: "paused",
    CampaignState.DONE: "done",
}
_STATUSES = {S.PENDING: "Queued", S.SENDING: "Pending", S.IN_DOUBT: "Pending", S.CANCELLED: "Canceled"}


def status_of(campaign: Campaign, started_ms: int | None, now_ms: int) -> str:
    state = campaign_state(campaign.state, campaign.scheduled_for_ms, now_ms)
    if state is CampaignState.CANCELLED:
        return "deleting" if campaign.finished_at_ms is None else "done"
    return _FOLDER_STATUSES.get(state) or ("queued" if started_ms is None else "sending")


def folder_object(
    campaign: Campaign,
    counts: Mapping[MessageState, int],
    receipts: Receipts,
    owner: str,
    started_ms: int | None,
    now_ms: int,
) -> dict[str, Any]:
    """Delays in milliseconds, and `log_sucess`, as the provider spells it."""
    return {
        "id": campaign_text(campaign.id),
        "info": campaign.options.get("info") or campaign.name,
        "status": status_of(campaign, started_ms, now_ms),
        "scheduled_for": campaign.scheduled_for_ms or 0,
        "delayMin": campaign.pacing.delay_min_ms,
        "delayMax": campaign.pacing.delay_max_ms,
        "log_total": sum(counts.values()) or campaign.total,
        "log_sucess": how_many(counts, LISTED["sent"]),
        "log_failed": how_many(counts, LISTED["failed"]),
        "log_delivered": receipts.delivered,
        "log_read": receipts.read,
        "log_played": 0,
        "owner": owner,
        "created": campaign.created_at_ms,
        "updated": campaign.finished_at_ms or started_ms or campaign.created_at_ms,
    }


def how_many(counts: Mapping[MessageState, int], states: tuple[MessageState, ...]) -> int:
    return sum(counts.get(state, 0) for state in states)


def message_object(line: FolderLine, campaign: Campaign, owner: str, direct: bool) -> dict[str, Any]:
    """`messageid` is the provider's where it told one (mode `direct`), or else ours."""
    message, content = line.message, line.content or campaign.content or {}
    chat = message.phone if "@" in message.phone else f"{message.phone}@s.whatsapp.net"
    name = (line.provider_ref if direct else None) or str(message.id)
    sender = message.sender or owner
    return {
        "id": f"{sender}:{name}",
        "messageid": name,
        "chatid": chat,
        "sender": sender,
        "isGroup": chat.endswith("@g.us"),
        "fromMe": True,
        "messageType": content.get("type", ""),
        "messageTimestamp": message.sent_at_ms or message.settled_at_ms or message.accepted_at_ms,
        "status": _status(message),
        "text": content.get("text", ""),
        "content": dict(content),
        "fileURL": content.get("file", ""),
        "error": _error(message, chat),
        "wasSentByApi": True,
        "owner": sender,
        "send_folder_id": campaign_text(campaign.id),
        "track_source": "dispatcher",
        "track_id": str(message.id),
    }


def _status(message: MessageView) -> str:
    if message.state is S.SENT:
        return "Read" if message.read_at_ms else "Delivered" if message.delivered_at_ms else "Sent"
    return _STATUSES.get(message.state, "Failed")


def _error(message: MessageView, chat: str) -> str:
    """In the provider's words where it has them, else in those of our tables."""
    if message.state is S.IN_DOUBT or message.state in LISTED["failed"]:
        if message.reason == "not_on_whatsapp":
            return f"the number {chat} is not on WhatsApp"
        return message.detail or message.reason or message.state.value
    return ""
