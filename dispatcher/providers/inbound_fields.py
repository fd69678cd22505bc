"""Reading webhook bodies that keep no schema: whatever is missing or of another kind is nothing, never an error."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from dispatcher.domain.phone import InvalidPhone, canonical

_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def part(value: Any) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def parts(value: Any) -> list[Mapping[str, Any]]:
    """The objects in `value`: a list of them, or a single one."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def text(*values: Any) -> str:
    """The first that is a text and not blank; digits that came as a number count as text."""
    for value in values:
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def yes_no(value: Any) -> bool | None:
    """A boolean, also one written as a text ("False") or a number; None where it is neither."""
    if isinstance(value, bool):
        return value
    return _YES_NO.get(str(value).strip().lower())


def client_key(*values: Any) -> str:
    """The canonical number of the first that is one; "" where none is (groups, newsletters, hidden ids)."""
    for value in values:
        if isinstance(value, str):
            try:
                return canonical(value)
            except InvalidPhone:
                continue
    return ""


def digest(value: Any) -> str:
    """An id for what brings none, the same for the same content."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()[:32]
