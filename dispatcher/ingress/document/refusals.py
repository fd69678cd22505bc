"""How each dialect refuses: its shape, its statuses, and whom it lets in."""

from http import HTTPStatus
from typing import Any

from dispatcher.ingress.document.schemas import TEXT, WHOLE, Schema, answer, list_of, record, ref

_DETAIL = record(loc=list_of({"type": ["string", "integer"]}), msg=TEXT, type=TEXT)

REFUSALS: dict[str, Schema] = {
    "Problem": {
        **record(type=TEXT, title=TEXT, status=WHOLE, detail=TEXT),
        "description": "RFC 9457; `errors` names each field that breaks a rule",
        "additionalProperties": False,
    },
    "UazapiError": {**record(error=TEXT), "additionalProperties": False},
    "KinboxError": {**record(statusCode=WHOLE, message=list_of(TEXT), error=TEXT), "additionalProperties": False},
    "BuilderError": {**record(detail=TEXT), "additionalProperties": False},
    "BuilderInvalid": {**record(detail={"anyOf": [TEXT, list_of(_DETAIL)]}), "additionalProperties": False},
    "CpcError": {
        **record(status={"const": "error"}, statusCode=WHOLE, message=TEXT, errors=list_of(TEXT)),
        "additionalProperties": False,
    },
    "CpcRefusal": {**record(message=TEXT, error=TEXT, statusCode=WHOLE), "additionalProperties": False},
}
REFUSALS["Problem"]["properties"]["errors"] = list_of(record(field=TEXT, rule=TEXT))

SECURITY_SCHEMES: dict[str, Schema] = {
    "admin": {"type": "http", "scheme": "bearer", "description": "DISPATCHER_ADMIN_TOKEN"},
    "uazapi": {"type": "apiKey", "in": "header", "name": "token", "description": "the account's ingress token"},
    "kinbox": {"type": "http", "scheme": "bearer", "description": "the account's ingress token"},
    "builder": {"type": "http", "scheme": "bearer", "description": "what /login gave, or the ingress token"},
    "builder-apikey": {"type": "apiKey", "in": "query", "name": "apikey", "description": "the same"},
    "cpc": {"type": "http", "scheme": "bearer", "description": "the account's ingress token"},
}

SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "campaigns": [{"admin": []}],
    "operations": [{"admin": []}],
    "probes": [],
    "webhooks": [],
    **{dialect: [{dialect: []}] for dialect in ("uazapi", "kinbox", "builder", "cpc")},
    "POST /login": [],
    "POST /refresh": [],
    "POST /acionamento": [{"builder": []}, {"builder-apikey": []}],
    "GET /acionamento/{number}": [{"builder-apikey": []}],
}
"""By tag, or by operation where it differs from its tag's."""

_MORE: dict[str, tuple[int, ...]] = {
    "POST /v1/campaigns/{campaign_id}/{order}": (409,),
    "POST /v1/campaigns/{campaign_id}/resume": (409,),
    "PATCH /v1/campaigns/{campaign_id}": (409,),
    "POST /v1/in-doubt/{message_id}": (409,),
    "POST /v1/callbacks/{callback_id}/send-again": (409,),
    "PATCH /v3/campaigns/{campaign_id}": (409,),
    "POST /v3/campaigns/{campaign_id}/pause": (409,),
    "POST /v3/campaigns/{campaign_id}/resume": (409,),
    "POST /sender/edit": (404,),
    "POST /sender/listmessages": (404,),
    "POST /api/messages/massivocpc": (404,),
    "POST /login": (401,),
    "POST /refresh": (401,),
    "GET /readyz": (503,),
}
"""What an operation refuses beside what follows from what it takes."""

_SAID = {
    400: "a rule is broken: which, and where",
    401: "who is asking is not known",
    404: "there is no such thing",
    408: "the rest of the body did not come",
    409: "not in this state",
    413: "the body is larger than 64 MiB",
    415: "the body comes in a Content-Encoding that is not understood",
    422: "a rule is broken, or the Idempotency-Key was used for another request",
    429: "too much of this caller at once; Retry-After says when to try again",
    503: "a server underneath is away, or too much at once; Retry-After says when to try again",
}


def refusals_of(name: str, tag: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The refusals of an operation, by status."""
    statuses = sorted({*_statuses(tag, operation), *_MORE.get(name, ())})
    return {str(status): _refusal(tag, status) for status in statuses}


def _statuses(tag: str, operation: dict[str, Any]) -> set[int]:
    if tag == "probes":
        return {400}
    takes = {one["in"] for one in operation.get("parameters", ())}
    found = {422 if tag == "builder" else 400, 503}
    if tag != "webhooks":
        found |= {429}
        found |= {401} if SECURITY[tag] else set()
    if "path" in takes:
        found.add(404)
    if "header" in takes:
        found.add(422)
    if "requestBody" in operation:
        found |= {408, 413, 415}
    return found


def _refusal(tag: str, status: int) -> dict[str, Any]:
    name, media = _shape(tag, status)
    made = answer(_SAID.get(status, HTTPStatus(status).phrase), ref(name), media)
    if status in (429, 503) and tag != "probes":
        made["headers"] = {"Retry-After": {"schema": TEXT, "description": "seconds"}}
    return made


def _shape(tag: str, status: int) -> tuple[str, str]:
    match tag:
        case "uazapi" | "kinbox":
            return f"{tag.capitalize()}Error", "application/json"
        case "builder":
            return "BuilderInvalid" if status == 422 else "BuilderError", "application/json"
        case "cpc":
            return "CpcRefusal" if status in (401, 404, 405) else "CpcError", "application/json"
        case "probes" if status == 503:
            return "Readiness", "application/json"
    return "Problem", "application/problem+json"
