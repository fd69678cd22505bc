"""What the OpenAPI document says about bodies: the doors read them by themselves, so FastAPI cannot know."""

from typing import Any

from dispatcher.providers.native_form import NativeForm

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "the same key and body again answer the first response; another body answers 422",
}


def body(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    """`openapi_extra` of an operation that reads a JSON object."""
    media = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": media}}}


def creating(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """The same for one that creates a campaign."""
    return {**body(schema, example), "parameters": [IDEMPOTENCY_KEY]}


def _object(*required: str, **properties: str) -> dict[str, Any]:
    typed = {name: {"type": kind} for name, kind in properties.items()}
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

UAZAPI = creating(
    _object(
        "messages", delayMin="integer", delayMax="integer", info="string", scheduled_for="integer", messages="array"
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
        **{"numbers": "array", "type": "string", "text": "string", "folder": "string", "info": "string"},
        **{"delayMin": "integer", "delayMax": "integer", "scheduled_for": "integer"},
    ),
    {"folder": "Oferta", "delayMin": 3, "delayMax": 6, "numbers": ["5511900000001"], "type": "text", "text": "Olá"},
)

UAZAPI_EDIT = body(_object("folder_id", "action", folder_id="string", action="string"))

UAZAPI_MESSAGES = body(
    _object("folder_id", folder_id="string", messageStatus="string", page="integer", pageSize="integer")
)

UAZAPI_CLEARDONE = body(_object(hours="integer"))

KINBOX = creating(
    _object("name", name="string", channelId="string", message="string", leadsAssetUrl="string", leads="array"),
    {"name": "Lançamento", "message": "Olá {{nome}}", "leads": [{"phone": "5511900000001", "nome": "Ana"}]},
)

KINBOX_CHANGE = body(
    _object(
        scheduledTo="string",
        secondsBetweenMessages="integer",
        secondsBetweenChunks="integer",
        chunkSize="integer",
        chunksCount="integer",
    ),
    {"secondsBetweenMessages": 10},
)

KINBOX_RESULTS = body(_object("status", "count", status="string", count="integer"), {"status": "read", "count": 3})

BUILDER_LOGIN = body(_object("user", "password", user="string", password="string"))

BUILDER_REFRESH = body(_object("refresh_token", refresh_token="string"))

BUILDER_CAMPAIGN = creating(
    _object(campaign_name="string", scheduled_date="string", content="string", sheet_values="array"),
    {"campaign_name": "Lançamento", "sheet_values": ["phone,message", "5511900000001,Olá"]},
)

BUILDER_ACIONAMENTO = creating(
    _object("json", json="object"), {"json": {"phone": "5511900000001", "message": "Olá", "contract": "91757"}}
)

CPC = creating(
    _object("campaign", "tag", "messages", campaign="string", idAccount="string", tag="string", messages="array"),
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

RESOLUTION = body({**_object("as"), "properties": {"as": {"enum": ["sent", "failed", "retry"]}}})

REPLY = body(
    _object("phone", "at", "event_id", phone="string", at="string", event_id="string", text="string", account="string"),
    {"phone": "5511900000001", "at": "2026-11-07T12:00:00.250Z", "event_id": "crm-8812", "text": "Olá"},
)

SUPPRESSION = body(
    _object("phone", phone="string", reason="string"), {"phone": "5511900000001", "reason": "asked on the phone"}
)
