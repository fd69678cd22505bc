"""The bodies that each operation takes, with an example."""

from typing import Any

from dispatcher.domain.content import NEEDS, TEXTS
from dispatcher.domain.lifecycle import RESUMABLE
from dispatcher.providers.builder.dialect import TEXTS as BUILDER_TEXTS
from dispatcher.providers.builder.dialect import TO_BE_SENT
from dispatcher.providers.kinbox.change import CHANGEABLE, COUNTED
from dispatcher.providers.kinbox.form import CHOICES, NUMBERS, WHOLE
from dispatcher.providers.kinbox.form import TEXTS as KINBOX_TEXTS
from dispatcher.providers.native_change import NativeChange
from dispatcher.providers.native_form import NativeForm
from dispatcher.providers.schedule import MAX_DELAY_S
from dispatcher.providers.uazapi.dialect import EPOCH_MS_BELOW

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "the same key and body again answer the first response; another body answers 422",
}


def body(schema: dict[str, Any], example: Any, *, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of an operation that reads a JSON object."""
    media = {"schema": schema, "example": example}
    return {"requestBody": {"required": required, "content": {"application/json": media}}}


def creating(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """The same for one that creates a campaign."""
    return {**body(schema, example), "parameters": [IDEMPOTENCY_KEY]}


def _numeric(most: float, *, least: float = 0, whole: bool = False) -> dict[str, Any]:
    """A number, or its digits in a text, or nothing."""
    number = {"type": "integer" if whole else "number", "minimum": least, "maximum": most}
    return {"anyOf": [number, {"type": "string", "pattern": "^[0-9]{1,9}$"}, {"type": "null"}]}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    """An object of these properties: a schema, or a type's name."""
    typed = {name: {"type": kind} if isinstance(kind, str | list) else kind for name, kind in properties.items()}
    return {"type": "object", "required": list(required), "properties": typed}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """A schema without references: in the OpenAPI document they would lead nowhere."""
    if isinstance(node, list):
        return [_inlined(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in node.items() if name != "$defs"}


_NATIVE_SCHEMA = NativeForm.model_json_schema(by_alias=False)

NATIVE = creating(
    _inlined(_NATIVE_SCHEMA, _NATIVE_SCHEMA["$defs"]),
    {
        "account": "loja",
        "name": "Lançamento",
        "delay_min": 3,
        "delay_max": 6,
        "text": "Olá {{name|cliente}}",
        "recipients": [{"phone": "5511900000001", "name": "Ana"}],
    },
)

_OPTIONAL_TEXT = ["string", "null"]
_NUMBER = {"type": ["string", "integer"], "description": "digits, a WhatsApp id or a group"}
_PACE = {
    "info": _OPTIONAL_TEXT,
    "scheduled_for": {
        **_numeric(EPOCH_MS_BELOW, whole=True),
        "description": "minutes from now below 100000, or a time in epoch milliseconds",
    },
}
_CONTENT = {
    "type": {"type": "string", "enum": list(NEEDS)},
    **dict.fromkeys(sorted(TEXTS), _OPTIONAL_TEXT),
    **{key: ["boolean", "null"] for key in ("linkPreview", "linkPreviewLarge")},
    **{key: {"type": ["number", "null"], "minimum": -180, "maximum": 180} for key in ("latitude", "longitude")},
}

_CHANGE_SCHEMA = NativeChange.model_json_schema(by_alias=False)

CHANGE = body(_CHANGE_SCHEMA, {"delay_min": 5, "delay_max": 9, "priority": 10})

RESUME = body(
    {
        "type": "object",
        "properties": {
            "scope": {"type": "array", "minItems": 1, "items": {"enum": [state.value for state in RESUMABLE]}}
        },
    },
    {"scope": ["pending", "failed"]},
    required=False,
)

UAZAPI = creating(
    _object(
        "messages",
        **dict.fromkeys(("delayMin", "delayMax"), _numeric(MAX_DELAY_S)),
        **_PACE,
        messages={"type": "array", "minItems": 1, "items": _object("number", "type", number=_NUMBER, **_CONTENT)},
    ),
    {
        "delayMin": 3,
        "delayMax": 6,
        "info": "teste avançado",
        "messages": [{"number": "5511900000001", "type": "text", "text": "First message"}],
    },
)

UAZAPI_SIMPLE = creating(
    _object(
        *("numbers", "type", "delayMin", "delayMax"),
        **{key: {**_numeric(MAX_DELAY_S, least=1), "not": {"type": "null"}} for key in ("delayMin", "delayMax")},
        **_PACE,
        folder=_OPTIONAL_TEXT,
        numbers={"type": "array", "minItems": 1, "items": _NUMBER},
        **_CONTENT,
    ),
    {"folder": "Oferta", "delayMin": 3, "delayMax": 6, "numbers": ["5511900000001"], "type": "text", "text": "Olá"},
)

UAZAPI_EDIT = body(
    _object("folder_id", "action", folder_id="string", action={"enum": ["stop", "continue", "delete"]}),
    {"folder_id": "0f3k9x2m7q4t", "action": "stop"},
)

UAZAPI_MESSAGES = body(
    _object(
        "folder_id",
        folder_id="string",
        messageStatus=_OPTIONAL_TEXT,
        page=_numeric(2_147_483, least=1, whole=True),
        pageSize=_numeric(1_000, least=1, whole=True),
    ),
    {"folder_id": "0f3k9x2m7q4t", "messageStatus": "Sent", "page": 1, "pageSize": 100},
)

UAZAPI_CLEARDONE = body(_object(hours=_numeric(876_000, whole=True)), {"hours": 168}, required=False)

_KINDS = ("number", "integer")

_KINBOX_FIELDS = {
    **dict.fromkeys(KINBOX_TEXTS, _OPTIONAL_TEXT),
    **{name: {"enum": [*words, "", None]} for name, words in CHOICES.items()},
    **{
        name: {"anyOf": [{"type": _KINDS[name in WHOLE], "minimum": 0, "maximum": most}, {"enum": ["", None]}]}
        for name, most in NUMBERS.items()
    },
}

KINBOX = creating(
    {
        **_object(
            "name",
            name={"type": "string", "minLength": 1, "maxLength": 500},
            **_KINBOX_FIELDS,
            assetsUrls={"anyOf": [{"type": "array", "items": {"type": "string"}}, {"enum": ["", None]}]},
            template={"anyOf": [{"type": "object"}, {"enum": ["", None]}]},
            leads={"type": ["array", "null"], "items": {"type": "object"}},
        ),
    },
    {"name": "Lançamento", "message": "Olá {{nome}}", "leads": [{"phone": "5511900000001", "nome": "Ana"}]},
)

KINBOX_CHANGE = body(
    {"type": "object", "properties": {name: _KINBOX_FIELDS[name] for name in CHANGEABLE}},
    {"secondsBetweenMessages": 10},
)

KINBOX_RESULTS = body(
    _object(
        *("status", "count"),
        status={"enum": list(COUNTED)},
        count={"type": "integer", "minimum": 0, "maximum": 10_000_000},
    ),
    {"status": "read", "count": 3},
)

BUILDER_LOGIN = body(
    _object("user", "password", user="string", password="string"), {"user": "obra", "password": "its ingress token"}
)

BUILDER_REFRESH = body(_object("refresh_token", refresh_token="string"), {"refresh_token": "what /login gave"})

BUILDER_CAMPAIGN = creating(
    _object(
        **dict.fromkeys(BUILDER_TEXTS, _OPTIONAL_TEXT),
        status={"enum": [*TO_BE_SENT, None]},
        sheet_values={"type": ["array", "null"], "items": {"type": "string"}},
    ),
    {"campaign_name": "Lançamento", "sheet_values": ["phone,message", "5511900000001,Olá"]},
)

BUILDER_ACIONAMENTO = creating(
    _object("json", json="object"), {"json": {"phone": "5511900000001", "message": "Olá", "contract": "91757"}}
)

_ID = ["string", "integer"]
_OPTIONAL_ID = ["string", "integer", "null"]
_CPC_MESSAGE = _object(
    *("phone", "closeTicket", "mainTemplate"),
    phone=_ID,
    idMessage={"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]{0,18}$"}, {"type": "null"}]},
    **dict.fromkeys(("clientId", "contract", "specialistCode"), _OPTIONAL_ID),
    closeTicket={"const": True},
    mainTemplate="string",
    **dict.fromkeys(("retryTemplate", "lastTemplate"), _OPTIONAL_TEXT),
)

CPC = creating(
    {
        **_object(
            *("campaign", "tag", "messages"),
            campaign={"type": _ID, "minLength": 1, "maxLength": 500},
            idAccount=_OPTIONAL_ID,
            tag={"type": _ID, "minLength": 1, "maxLength": 100},
            messages={"type": "array", "minItems": 1, "items": {**_CPC_MESSAGE, "additionalProperties": False}},
        ),
        "additionalProperties": False,
    },
    {
        "campaign": "Campanha teste",
        "idAccount": "1234",
        "tag": "emp1",
        "messages": [
            {
                "phone": "5511900000001",
                "idMessage": 1234,
                "clientId": "",
                "contract": "91757",
                "closeTicket": True,
                "specialistCode": "admin",
                "mainTemplate": "Olá",
            }
        ],
    },
)

RESOLUTION = body(_object("as", **{"as": {"enum": ["sent", "failed", "retry"]}}), {"as": "sent"})

EVENT = body({}, {"EventType": "messages", "message": {"id": "3EB0…", "fromMe": False, "text": "Oi"}})

REPLY = body(
    _object(
        *("phone", "at", "event_id"),
        phone="string",
        at={"type": ["string", "number"], "description": "ISO 8601 with an offset, or epoch seconds or milliseconds"},
        event_id={"type": "string", "minLength": 1, "maxLength": 255},
        **dict.fromkeys(("text", "account"), _OPTIONAL_TEXT),
    ),
    {"phone": "5511900000001", "at": "2026-11-07T12:00:00.250Z", "event_id": "crm-8812", "text": "Olá"},
)

SUPPRESSION = body(
    _object("phone", phone="string", reason={"type": ["string", "null"], "maxLength": 255}),
    {"phone": "5511900000001", "reason": "asked on the phone"},
)
