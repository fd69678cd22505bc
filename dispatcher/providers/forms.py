"""What a body breaks of its form's rules, as the BadRequest that names each field."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BeforeValidator, ValidationError

from dispatcher.providers.contract import BadRequest

PROBLEMS_NAMED = 20  # who made more mistakes will find the others by these


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


NO_FLAG = BeforeValidator(_no_flag)
"""For numbers: pydantic takes true for 1."""

_PYDANTICS_OWN: Mapping[str, str] = MappingProxyType({})


def refused(invalid: ValidationError, rules: Mapping[str, str] = _PYDANTICS_OWN) -> BadRequest:
    """`rules` words a kind of pydantic's errors in another way; the given values are never repeated."""
    errors = invalid.errors(include_url=False, include_input=False, include_context=False)[:PROBLEMS_NAMED]
    return BadRequest(*((_place(one["loc"]), rules.get(one["type"], _rule(one["msg"]))) for one in errors))


def _place(steps: tuple[int | str, ...]) -> str:
    """`messages[3].phone`"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _rule(message: str) -> str:
    return message.removeprefix("Value error, ")
