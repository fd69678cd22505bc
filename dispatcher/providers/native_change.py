"""What an operator asks of a campaign that is under way, in the native form: another pace, or what of it to resume.

Who is written to, and what, was frozen when the campaign was accepted: a field that says something about it is named
as such. A field with the value that the campaign has is no change.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic.alias_generators import to_camel

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.changes import Change
from dispatcher.domain.lifecycle import RESUMABLE, MessageState
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.forms import refused
from dispatcher.providers.native_form import FORM, Delay, NativeForm
from dispatcher.providers.schedule import to_ms

FROZEN = "cannot be changed: it was frozen when the campaign was accepted"


class NativeChange(BaseModel):
    """`PATCH /v1/campaigns/{id}`. Delays in seconds; what is left out or null stays as it is."""

    model_config = FORM

    delay_min: Delay | None = None
    delay_max: Delay | None = None
    chunk_size: int | None = Field(default=None, ge=0, le=10_000_000)
    seconds_between_chunks: Delay | None = None
    priority: int | None = Field(default=None, ge=-100, le=100)
    name: str | None = Field(default=None, max_length=500)


def read_change(body: Mapping[str, Any], campaign: Campaign) -> Change:
    """What is to change; empty when everything is so already. Raises BadRequest, which names every wrong field."""
    if frozen := [(name, FROZEN) for name in body if name in _FROZEN]:
        raise BadRequest(*frozen)
    if not body:
        raise BadRequest(("", f"name what to change: {', '.join(NativeChange.model_fields)}"))
    try:
        asked = NativeChange.model_validate(body)
    except ValidationError as invalid:
        raise refused(invalid) from None
    pacing = campaign.pacing
    least, most = (
        _other(to_ms(asked.delay_min), pacing.delay_min_ms),
        _other(to_ms(asked.delay_max), pacing.delay_max_ms),
    )
    if _or(least, pacing.delay_min_ms) > _or(most, pacing.delay_max_ms):
        raise BadRequest(("delay_min", "must not be over delay_max"))
    return Change(
        delay_min_ms=least,
        delay_max_ms=most,
        chunk_size=_other(asked.chunk_size, pacing.chunk_size),
        chunk_gap_ms=_other(to_ms(asked.seconds_between_chunks), pacing.chunk_gap_ms),
        priority=_other(asked.priority, campaign.priority),
        name=None if asked.name == campaign.name else asked.name,
    )


def read_scope(given: Any) -> frozenset[MessageState]:
    """What to resume; what waits, when nothing is said. Raises BadRequest."""
    if given is None:
        return frozenset({MessageState.PENDING})
    words = list(given) if isinstance(given, list | tuple) else []
    known = {state.value: state for state in RESUMABLE}
    if not words or not all(isinstance(word, str) and word in known for word in words):
        raise BadRequest(("scope", f"must be a list with at least one of {', '.join(known)}"))
    return frozenset(known[word] for word in words)


def _other(asked: int | None, had: int) -> int | None:
    return None if asked == had else asked


def _or(asked: int | None, had: int) -> int:
    return had if asked is None else asked


def _spellings(names: Iterable[str]) -> set[str]:
    return {spelled for name in names for spelled in (name, to_camel(name))}


_FROZEN = _spellings(NativeForm.model_fields) - _spellings(NativeChange.model_fields)
