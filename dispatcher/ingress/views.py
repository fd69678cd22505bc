"""What the native API shows: plain JSON made from the desk's values."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dispatcher.domain.audit.checks import ADVICE, AuditView, Finding, FindingView
from dispatcher.domain.callbacks import OF_CAMPAIGN, CallbackView
from dispatcher.domain.changes import Changed
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.forecast import chunk_count, finish_ms
from dispatcher.domain.ids import MessageId, campaign_text
from dispatcher.domain.lifecycle import OPEN, CampaignState, MessageState, campaign_state
from dispatcher.domain.notbefore import SENTENCES
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.views import DoubtView, MessageView, Suppression
from dispatcher.pipeline.desk import CampaignView, Page, SenderView
from dispatcher.providers.stamps import iso

T = TypeVar("T")

_ENDED = frozenset({CampaignState.DONE, CampaignState.CANCELLED})


def listing(page: Page[T], show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    return {"items": [show(item) for item in page.items], "next_cursor": page.next_cursor}


def campaign_json(view: CampaignView, now_ms: int) -> dict[str, Any]:
    """A campaign and how far it is: the counts of all states add up to `total`, `progress` is 0 to 1."""
    campaign = view.campaign
    state = campaign_state(campaign.state, campaign.scheduled_for_ms, now_ms)
    waiting = sum(view.counts.get(one, 0) for one in OPEN)
    settled = view.total - waiting
    return {
        "id": campaign_text(campaign.id),
        "account": view.account,
        "provider": view.provider,
        "name": campaign.name,
        "dialect": campaign.dialect,
        "state": state.value,
        "paused_reason": campaign.paused_reason,
        "total": view.total,
        "counts": {one.value: view.counts.get(one, 0) for one in MessageState},
        "progress": round(settled / view.total, 4) if view.total else 1.0,
        "rate": _rate(view, now_ms),
        "finish_prediction": iso(_prediction(view, state, settled, waiting, now_ms)),
        "chunks": _chunks(campaign.pacing, campaign.total, settled - view.counts.get(MessageState.CANCELLED, 0)),
        "pacing": _pacing(campaign.pacing),
        "priority": campaign.priority,
        "senders": list(view.senders),
        "cpc": campaign.guarded,
        "on_locked": campaign.on_locked.value,
        "validity_s": campaign.validity_s,
        "scheduled_for": iso(campaign.scheduled_for_ms),
        "created_at": iso(campaign.created_at_ms),
        "started_at": iso(view.started_at_ms),
        "finished_at": iso(view.campaign.finished_at_ms),
        "warnings": list(campaign.warnings),
    }


_SHOWN_CHANGES = {
    "delay_min_ms": "delay_min",
    "delay_max_ms": "delay_max",
    "chunk_gap_ms": "seconds_between_chunks",
    **{name: name for name in ("chunk_size", "scheduled_for", "priority", "name")},
}


def change_json(changed: Changed) -> dict[str, Any]:
    """A change of a campaign: what differs, in the words of the native form."""
    return {"at": iso(changed.at_ms), "was": _change_side(changed.was), "now": _change_side(changed.now_is)}


def _change_side(columns: Mapping[str, Any]) -> dict[str, Any]:
    seconds = {name: value / 1000 if name.endswith("_ms") else value for name, value in columns.items()}
    return {_SHOWN_CHANGES[name]: value for name, value in seconds.items() if name in _SHOWN_CHANGES}


def message_json(message: MessageView) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "seq": message.id.seq,
        "follows": message.follows,
        "phone": message.phone,
        "sender": message.sender,
        "state": message.state.value,
        "reason": message.reason or None,
        "detail": message.detail or None,
        "attempts": message.attempts,
        "due_at": iso(message.due_at_ms),
        "sent_at": iso(message.sent_at_ms),
        "settled_at": iso(message.settled_at_ms),
        "delivered_at": iso(message.delivered_at_ms),
        "read_at": iso(message.read_at_ms),
        "answered_at": iso(message.answered_at_ms),
    }


def sender_json(view: SenderView, now_ms: int) -> dict[str, Any]:
    """A sender, paused for as long as its reason holds, and what it waits for if it has work and may not send yet."""
    sender = view.sender
    over = sender.paused_until_ms is not None and sender.paused_until_ms <= now_ms
    paused = sender.paused_reason is not None and not over
    return {
        "account": view.account,
        "provider": view.provider,
        "sender": sender.name,
        "state": "paused" if paused else "active",
        "reason": sender.paused_reason if paused else None,
        "paused_until": iso(sender.paused_until_ms) if paused else None,
        "waiting_for": view.waits.reason.value if view.waits else None,
        "waiting_until": iso(view.waits.ms) if view.waits else None,
        "waiting_why": SENTENCES[view.waits.reason] if view.waits else None,
        "concurrency": sender.concurrency,
        "min_gap_s": sender.min_gap_ms / 1000,
        "daily_limit": sender.daily_limit,
    }


def lock_json(lock: ContactLock) -> dict[str, Any]:
    return {
        "scope": lock.scope,
        "message_id": str(lock.holder),
        "taken_at": iso(lock.taken_ms),
        "until": iso(lock.until_ms),
    }


def suppression_json(suppression: Suppression) -> dict[str, Any]:
    return {"phone": suppression.key, "reason": suppression.reason, "since": iso(suppression.since_ms)}


def callback_json(callback: CallbackView) -> dict[str, Any]:
    of_message = callback.seq != OF_CAMPAIGN
    return {
        "id": callback.id,
        "type": callback.type,
        "campaign_id": campaign_text(callback.campaign),
        "message_id": str(MessageId(callback.campaign, callback.seq)) if of_message else None,
        "account": callback.account,
        "url": callback.url,
        "state": callback.state.value,
        "attempts": callback.attempts,
        "trouble": callback.trouble or None,
        "timestamp": iso(callback.at_ms),
        "due_at": iso(callback.due_at_ms),
        "settled_at": iso(callback.settled_at_ms),
    }


def doubt_json(doubt: DoubtView) -> dict[str, Any]:
    message = doubt.message
    return {
        **message_json(message),
        "account": doubt.account,
        "since": iso(message.claimed_at_ms or message.accepted_at_ms),
        "look_ups": doubt.look_ups,
        "next_look_up_at": iso(message.due_at_ms),
    }


def audit_json(seen: AuditView) -> dict[str, Any]:
    """What does not add up, what it means and what to do, and what is in doubt; nothing about a person."""
    return {
        "last_round_at": iso(seen.ended_ms),
        "age_s": None if seen.age_s is None else round(seen.age_s, 1),
        "findings": [_finding_json(one) for one in seen.findings],
        "in_doubt": {
            "messages": seen.in_doubt.many,
            "undecided": seen.in_doubt.undecided,
            "undecided_oldest_s": round(seen.in_doubt.oldest_s),
        },
    }


def _finding_json(view: FindingView) -> dict[str, Any]:
    finding = view.finding
    advice = ADVICE.get(finding.check)
    return {
        "check": str(finding.check),
        "about": finding.subject,
        "campaign_id": None if finding.campaign is None else campaign_text(finding.campaign),
        "message_id": _message_of(finding),
        "found": finding.note,
        "items": finding.items,
        "since": iso(view.found_ms),
        "seen_at": iso(view.seen_ms),
        "means": advice.means if advice else "",
        "do": advice.do if advice else "",
    }


def _message_of(finding: Finding) -> str | None:
    if finding.campaign is None or finding.seq is None:
        return None
    return str(MessageId(finding.campaign, finding.seq))


def _rate(view: CampaignView, now_ms: int) -> float:
    """Messages sent, or perhaps sent, per minute since the first send; 0 before it. A pause in between lowers it."""
    if view.started_at_ms is None:
        return 0.0
    end_ms = view.campaign.finished_at_ms if view.campaign.state in _ENDED and view.campaign.finished_at_ms else now_ms
    left = sum(view.counts.get(state, 0) for state in (MessageState.SENT, MessageState.IN_DOUBT))
    return round(left * 60_000 / max(1_000, end_ms - view.started_at_ms), 2)


def _prediction(view: CampaignView, state: CampaignState, settled: int, waiting: int, now_ms: int) -> int | None:
    """When the campaign will be through; None while it is paused or when it is over."""
    if state in _ENDED or state is CampaignState.PAUSED or not waiting:
        return None
    start_ms = max(now_ms, view.campaign.scheduled_for_ms or 0)
    paced_ms = finish_ms(view.campaign.pacing, start_ms, settled, waiting, view.crews, hours=view.hours)
    return None if paced_ms is None else max(view.waits_until_ms, paced_ms)


def _chunks(pacing: Pacing, total: int, settled: int) -> dict[str, Any]:
    count = chunk_count(total, pacing.chunk_size)
    done = count if settled >= total else settled // (pacing.chunk_size or total)
    return {
        "size": pacing.chunk_size or total,
        "count": count,
        "done": done,
        "seconds_between": pacing.chunk_gap_ms / 1000,
    }


def _pacing(pacing: Pacing) -> dict[str, Any]:
    return {
        "delay_min": pacing.delay_min_ms / 1000,
        "delay_max": pacing.delay_max_ms / 1000,
        "batch": pacing.batch,
    }
