"""What every operation answers when all is well, a row for each, and the objects in it."""

from typing import Any

from dispatcher.domain.callbacks import CallbackState
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ingress.document.schemas import (
    CAMPAIGN_ID,
    COUNT,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    WHOLE,
    Schema,
    answer,
    creating,
    list_of,
    maybe,
    one_of,
    optionally,
    record,
    ref,
)
from dispatcher.pipeline.desk import Resolution
from dispatcher.providers.builder.dialect import STATUSES
from dispatcher.providers.builder.render import ACTION

_STATE = one_of(*MessageState)
_COUNTS = record(**{state.value: COUNT for state in MessageState})
_MESSAGE = record(
    id=TEXT,
    seq=COUNT,
    follows=maybe(COUNT),
    phone=TEXT,
    sender=maybe(TEXT),
    state=_STATE,
    reason=maybe(TEXT),
    detail=maybe(TEXT),
    attempts=COUNT,
    **dict.fromkeys(("due_at", "sent_at", "settled_at", "delivered_at", "read_at", "answered_at"), MOMENT),
)
_CAMPAIGN = record(
    id=CAMPAIGN_ID,
    account=TEXT,
    provider=TEXT,
    name=TEXT,
    dialect=TEXT,
    state=one_of(*CampaignState),
    paused_reason=maybe(TEXT),
    total=COUNT,
    counts=_COUNTS,
    progress={**NUMBER, "minimum": 0, "maximum": 1},
    rate={**NUMBER, "description": "messages a minute since the first send"},
    finish_prediction=MOMENT,
    chunks=record(size=COUNT, count=COUNT, done=COUNT, seconds_between=NUMBER),
    pacing=record(delay_min=NUMBER, delay_max=NUMBER, batch=COUNT),
    priority=WHOLE,
    senders=list_of(TEXT),
    cpc=FLAG,
    on_locked=one_of("block", "defer"),
    validity_s=COUNT,
    **dict.fromkeys(("scheduled_for", "created_at", "started_at", "finished_at"), MOMENT),
    warnings=list_of(TEXT),
)
_CHANGE = record(at=MOMENT, was={"type": "object"}, now={"type": "object"})
_KINBOX_TEXTS = (
    *("channelId", "operatorName", "businessHoursId", "channelType", "leadType", "scheduledTo", "nextScheduledTo"),
    *("originalScheduledTo", "finishedAtPrediction", "leadsAssetUrl", "message", "textRaw"),
    *("lastMessageProcessedAt",),
)
_KINBOX_COUNTS = ("chunksCount", "chunkSize", "leadsCount", "messagesProcessed")
_KINBOX_RESULTS = ("sent", "received", "read", "answered", "chunksExecuted")

OBJECTS: dict[str, Schema] = {
    "Campaign": _CAMPAIGN,
    "WholeCampaign": {"allOf": [ref("Campaign"), record(changes=list_of(_CHANGE))]},
    "NewCampaign": {"allOf": [ref("Campaign"), record(accepted=COUNT, queued=COUNT)]},
    "Message": _MESSAGE,
    "Doubt": {"allOf": [ref("Message"), record(account=TEXT, since=MOMENT, look_ups=COUNT, next_look_up_at=MOMENT)]},
    "Sender": record(
        account=TEXT,
        provider=TEXT,
        sender=TEXT,
        state=one_of("active", "paused"),
        reason=maybe(TEXT),
        paused_until=MOMENT,
        waiting_for=maybe(TEXT),
        waiting_until=MOMENT,
        waiting_why=maybe(TEXT),
        concurrency=COUNT,
        min_gap_s=NUMBER,
        daily_limit=COUNT,
    ),
    "Callback": record(
        **dict.fromkeys(("id", "attempts"), COUNT),
        **dict.fromkeys(("type", "account", "url"), TEXT),
        campaign_id=CAMPAIGN_ID,
        **dict.fromkeys(("message_id", "trouble"), maybe(TEXT)),
        state=one_of(*CallbackState),
        **dict.fromkeys(("timestamp", "due_at", "settled_at"), MOMENT),
    ),
    "Audit": record(
        last_round_at=MOMENT,
        age_s=maybe(NUMBER),
        findings=list_of(
            record(
                **dict.fromkeys(("check", "about", "found", "means", "do"), TEXT),
                campaign_id=maybe(CAMPAIGN_ID),
                message_id=maybe(TEXT),
                items=COUNT,
                **dict.fromkeys(("since", "seen_at"), MOMENT),
            )
        ),
        in_doubt=record(messages=COUNT, undecided=COUNT, undecided_oldest_s=COUNT),
    ),
    "Lock": record(scope=TEXT, message_id=TEXT, taken_at=MOMENT, until=MOMENT),
    "Suppression": record(phone=TEXT, reason=TEXT, since=MOMENT),
    "Readiness": record(status=TEXT, checks={"type": "object", "additionalProperties": TEXT}),
    "Folder": record(
        id=CAMPAIGN_ID,
        info=TEXT,
        status=one_of("scheduled", "queued", "sending", "paused", "done", "deleting"),
        owner=TEXT,
        **dict.fromkeys(("scheduled_for", "delayMin", "delayMax", "created", "updated"), COUNT),
        **{f"log_{name}": COUNT for name in ("total", "sucess", "failed", "delivered", "read", "played")},
    ),
    "FolderMessage": record(
        **dict.fromkeys(("id", "messageid", "chatid", "sender", "messageType", "text", "fileURL", "error"), TEXT),
        **dict.fromkeys(("isGroup", "fromMe", "wasSentByApi"), FLAG),
        messageTimestamp=WHOLE,
        status=one_of("Queued", "Pending", "Sent", "Delivered", "Read", "Failed", "Canceled"),
        content={"type": "object"},
        **dict.fromkeys(("owner", "send_folder_id", "track_source", "track_id"), TEXT),
    ),
    "KinboxCampaign": record(
        id=CAMPAIGN_ID,
        _id=CAMPAIGN_ID,
        name=TEXT,
        **dict.fromkeys(_KINBOX_TEXTS, maybe(TEXT)),
        **dict.fromkeys(_KINBOX_COUNTS, COUNT),
        **dict.fromkeys(("active", "shouldCreateConversation", "trackAllChannels"), FLAG),
        status=TEXT,
        secondsBetweenMessages=NUMBER,
        secondsBetweenChunks=NUMBER,
        progress={**WHOLE, "minimum": 0, "maximum": 100},
        resultCounts=record(**dict.fromkeys(_KINBOX_RESULTS, COUNT), byChunkId={"type": "object"}),
        healthCheckData={"type": "object"},
        workspaceId=WHOLE,
        **dict.fromkeys(("createdAt", "lastUpdateAt", "updatedAt"), TEXT),
    ),
    "KinboxLead": record(
        chunkId=TEXT,
        phone=TEXT,
        status=one_of("pending", "sent", "error"),
        state=_STATE,
        reason=maybe(TEXT),
        **dict.fromkeys(("sentAt", "receivedAt", "readAt", "answeredAt"), MOMENT),
    ),
    "BuilderAction": record(
        **dict.fromkeys((name for name in ACTION if name not in ("status", "sheet_values")), maybe(TEXT)),
        status=one_of(*STATUSES),
        sheet_values=list_of(TEXT),
    ),
    "Acionamento": record(
        id=WHOLE,
        status=_STATE,
        reason=maybe(TEXT),
        attempts=COUNT,
        **dict.fromkeys(("sent_at", "delivered_at", "read_at", "answered_at"), MOMENT),
    ),
    "CpcResult": optionally(
        ("processed",),
        status=one_of("success", "partial", "error"),
        message=TEXT,
        processed=COUNT,
        errors={"anyOf": [{"const": 0}, list_of(record(phone=TEXT, reason=TEXT))]},
    ),
}


def _page(name: str) -> dict[str, Any]:
    items = record(items=list_of(ref(name)), next_cursor={**maybe(TEXT), "description": "null at the end"})
    return {"200": answer("a page of them", items)}


def _one(name: str, description: str = "as it is now") -> dict[str, Any]:
    return {"200": answer(description, ref(name))}


_MASS_SEND = {
    "200": creating(
        answer("taken in", record(folder_id=CAMPAIGN_ID, count=COUNT, status=one_of("queued", "scheduled")))
    )
}
_EMPTY_201: dict[str, Any] = {"201": {"description": "done"}}
_TOKENS = {"200": answer("a token, and one to renew it with", record(token=TEXT, refresh_token=TEXT))}
_STATUS_AND_MESSAGE = optionally(("message",), status=TEXT, message=TEXT)

ANSWERS: dict[str, dict[str, Any]] = {
    "GET /healthz": {"200": answer("alive", record(status={"const": "ok"}))},
    "GET /readyz": _one("Readiness", "ready"),
    "GET /metrics": {"200": answer("Prometheus's text format", TEXT, "text/plain")},
    "POST /v1/campaigns": {"201": creating(answer("as it was taken in", ref("NewCampaign")))},
    "GET /v1/campaigns": _page("Campaign"),
    "GET /v1/campaigns/{campaign_id}": _one("WholeCampaign"),
    "PATCH /v1/campaigns/{campaign_id}": _one("WholeCampaign"),
    "POST /v1/campaigns/{campaign_id}/resume": _one("Campaign"),
    "GET /v1/campaigns/{campaign_id}/messages": _page("Message"),
    "GET /v1/campaigns/{campaign_id}/messages.csv": {"200": answer("a row for each recipient", TEXT, "text/csv")},
    "GET /v1/campaigns/{campaign_id}/events": {"200": answer("server-sent events", TEXT, "text/event-stream")},
    "POST /v1/campaigns/{campaign_id}/{order}": _one("Campaign"),
    "GET /v1/senders": _page("Sender"),
    "POST /v1/senders/{account}/{sender}/{order}": _one("Sender"),
    "GET /v1/locks/{phone}": {"200": answer("who holds it", record(phone=TEXT, locks=list_of(ref("Lock"))))},
    "DELETE /v1/locks/{phone}": {"200": answer("free in every scope", record(phone=TEXT, lifted=COUNT))},
    "GET /v1/suppressions": _page("Suppression"),
    "POST /v1/suppressions": {
        "201": answer("from now on", ref("Suppression")),
        **_one("Suppression", "it was so already"),
    },
    "GET /v1/suppressions/{phone}": _one("Suppression"),
    "DELETE /v1/suppressions/{phone}": {"200": answer("allowed again", record(phone=TEXT, removed=FLAG))},
    "GET /v1/in-doubt": _page("Doubt"),
    "POST /v1/in-doubt/{message_id}": {
        "200": answer("settled", record(id=TEXT, resolved_as=one_of(*(word.value for word in Resolution))))
    },
    "GET /v1/callbacks": _page("Callback"),
    "POST /v1/callbacks/send-again": {"200": answer("they wait again", record(sent_again=COUNT))},
    "POST /v1/callbacks/{callback_id}/send-again": {"200": answer("it waits again", record(sent_again=COUNT))},
    "GET /v1/audit": _one("Audit", "as the last round left it"),
    "POST /v1/inbound": {"202": answer("stored", record(accepted=FLAG, new=FLAG))},
    "POST /webhooks/{account}/{secret}": {"200": answer("stored", record(events=COUNT, new=COUNT))},
    "POST /sender/advanced": _MASS_SEND,
    "POST /sender/simple": _MASS_SEND,
    "POST /sender/edit": {"200": answer("what becomes of the folder", _STATUS_AND_MESSAGE)},
    "GET /sender/listfolders": {"200": answer("newest first", list_of(ref("Folder")))},
    "POST /sender/listmessages": {
        "200": answer(
            "a page of a folder",
            record(
                messages=list_of(ref("FolderMessage")),
                pagination=record(total=COUNT, page=COUNT, pageSize=COUNT, lastPage=COUNT),
            ),
        )
    },
    "POST /sender/cleardone": {"200": answer("begun", record(status=TEXT))},
    "DELETE /sender/clearall": {
        "200": answer("done", record(status=TEXT, messages_deleted=COUNT, folders_deleted=COUNT))
    },
    "POST /v3/campaigns": {"201": creating(answer("as it was taken in", ref("KinboxCampaign")))},
    "GET /v3/campaigns": {"200": answer("newest first", record(totalCount=COUNT, data=list_of(ref("KinboxCampaign"))))},
    "GET /v3/campaigns/{campaign_id}": _one("KinboxCampaign"),
    "PATCH /v3/campaigns/{campaign_id}": _one("KinboxCampaign"),
    "DELETE /v3/campaigns/{campaign_id}": _one("KinboxCampaign", "as it was last"),
    "POST /v3/campaigns/{campaign_id}/pause": _EMPTY_201,
    "POST /v3/campaigns/{campaign_id}/resume": _EMPTY_201,
    "GET /v3/campaigns/{campaign_id}/chunk-leads": {"200": answer("every recipient", list_of(ref("KinboxLead")))},
    "PATCH /v3/campaigns/{campaign_id}/results": _one("KinboxCampaign", "with what was counted here"),
    "POST /v3/campaigns/test-event": _EMPTY_201,
    "POST /api/messages/massivocpc": {"200": creating(answer("taken in, but for `errors`", ref("CpcResult")))},
    "POST /login": _TOKENS,
    "POST /refresh": _TOKENS,
    "POST /{organization_name}/{bot_name}/campaign": {
        "201": creating(answer("as it was taken in", ref("BuilderAction")))
    },
    "GET /{organization_name}/{bot_name}/campaign/{campaign_id}": _one("BuilderAction"),
    "POST /acionamento": {"200": creating(answer("its number", WHOLE))},
    "GET /acionamento/{number}": _one("Acionamento"),
}
