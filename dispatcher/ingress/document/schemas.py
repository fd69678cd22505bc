"""JSON Schema in few words."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": ["string", "null"], "description": "ISO 8601, UTC; null: not yet"}
CAMPAIGN_ID: Schema = {"type": "string", "pattern": "^[0-9a-z]{12}$", "examples": ["0f3k9x2m7q4t"]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def record(**properties: Schema) -> Schema:
    """An object with all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def optionally(names: tuple[str, ...], **properties: Schema) -> Schema:
    """The same, but these are not always there."""
    return {**record(**properties), "required": [name for name in properties if name not in names]}


def answer(description: str, schema: Schema, media: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}


def creating(response: dict[str, Any]) -> dict[str, Any]:
    """The same answer, of a request that makes a campaign."""
    headers = {
        "X-Campaign-Id": {"required": True, "schema": CAMPAIGN_ID, "description": "the campaign's id"},
        "Idempotent-Replayed": {"schema": one_of("true"), "description": "this very request was answered before"},
    }
    return {**response, "headers": headers}
