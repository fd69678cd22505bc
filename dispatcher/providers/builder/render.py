"""Our answers in Builder's shapes: the echo of a campaign action, FastAPI's 422."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dispatcher.providers.builder.dialect import REQUIRED, TEXTS

ACTION = (*TEXTS, "status", "sheet_values")


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


def invalid_object(problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The 422 for (field, rule) pairs."""
    return {"detail": [{"loc": place(where), "msg": rule, "type": _kind(rule)} for where, rule in problems]}


def place(where: str) -> list[str | int]:
    """`sheet_values[3]` as FastAPI writes it: ["body", "sheet_values", 3]."""
    steps = re.findall(r"[^.\[\]]+", where)
    return ["body", *(int(step) if step.isdigit() else step for step in steps)]


def _kind(rule: str) -> str:
    return "value_error.missing" if rule.startswith(REQUIRED) else "value_error"
