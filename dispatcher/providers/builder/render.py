"""Our answers in Builder's shapes: a campaign action, an acionamento, FastAPI's 422.

ours                                     an action's status
scheduled, or nothing settled yet        not_started
running, paused                          in_progress
cancelled                                concluded
done                                     concluded, or error when not one message was sent
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import OPEN, CampaignState, MessageState, campaign_state
from dispatcher.domain.views import MessageView
from dispatcher.providers.builder.dialect import ACIONAMENTOS, REQUIRED, TEXTS
from dispatcher.providers.stamps import iso

ACTION = (*TEXTS, "status", "sheet_values")

_ARRIVED = (MessageState.SENT, MessageState.IN_DOUBT)
_KINDS = {
    REQUIRED: "value_error.missing",
    "str type expected": "type_error.str",
    "value is not a valid dict": "type_error.dict",
    "value is not a valid list": "type_error.list",
    "value is not a valid enumeration member": "type_error.enum",
    "the body is not valid JSON": "value_error.jsondecode",
}
_NOT_IN_THE_BODY = {"apikey": "query", "Idempotency-Key": "header"}


def action_object(body: Mapping[str, Any], path: Mapping[str, str], number: str, created_at: str) -> dict[str, Any]:
    """The 201: the same object with every field of the seed's; `number` is the campaign's id, `created_at` ISO 8601."""
    defaults: dict[str, Any] = {
        **dict.fromkeys(ACTION),
        "organization": path.get("organization_name"),
        "bot_name": path.get("bot_name"),
        "status": "not_started",
        "creation_date": created_at,
        "sheet_values": [],
    }
    given = {name: body[name] for name in ACTION if body.get(name) is not None}
    return {**defaults, **given, "_id": number}


def action_now(campaign: Campaign, counts: Mapping[MessageState, int], now_ms: int) -> dict[str, Any]:
    """The same object later: its `status` as it is, and of ours `state` and `counts`.

    A campaign that was created in another way, or gathers acionamentos, is shown as an action of its name.
    """
    state = campaign_state(campaign.state, campaign.scheduled_for_ms, now_ms)
    is_action = campaign.dialect == "builder" and ACIONAMENTOS not in campaign.options
    asked = campaign.options if is_action else {"campaign_name": campaign.name}
    shown = action_object(asked, {}, campaign_text(campaign.id), iso(campaign.created_at_ms) or "")
    total = {"total": sum(counts.values()), **{word.value: number for word, number in counts.items()}}
    return {**shown, "status": status_of(state, counts), "state": state.value, "counts": total}


def status_of(state: CampaignState, counts: Mapping[MessageState, int]) -> str:
    if state is CampaignState.DONE:
        return "concluded" if any(counts.get(word) for word in _ARRIVED) else "error"
    if state is CampaignState.CANCELLED:
        return "concluded"
    has_begun = any(number for word, number in counts.items() if word not in OPEN)
    return "in_progress" if has_begun and state is not CampaignState.SCHEDULED else "not_started"


def acionamento_object(number: int, message: MessageView) -> dict[str, Any]:
    """What became of an acionamento: `status` and `reason` are words of ours."""
    return {
        "id": number,
        "status": message.state.value,
        "reason": message.reason or None,
        "attempts": message.attempts,
        "sent_at": iso(message.sent_at_ms),
        "delivered_at": iso(message.delivered_at_ms),
        "read_at": iso(message.read_at_ms),
        "answered_at": iso(message.answered_at_ms),
    }


def invalid_object(problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The 422 for (field, rule) pairs."""
    return {"detail": [{"loc": place(where), "msg": rule, "type": _kind(rule)} for where, rule in problems]}


def place(where: str) -> list[str | int]:
    """`sheet_values[3]` as FastAPI writes it: ["body", "sheet_values", 3]."""
    if where in _NOT_IN_THE_BODY:
        return [_NOT_IN_THE_BODY[where], where]
    steps = re.findall(r"[^.\[\]]+", where)
    return ["body", *(int(step) if step.isdigit() else step for step in steps)]


def _kind(rule: str) -> str:
    return next((kind for start, kind in _KINDS.items() if rule.startswith(start)), "value_error")
