"""`POST /sender/advanced` as upstream apps write it (seeds/001), as a draft.

Delays are whole seconds or fractions of them, and the account's where the body has none. Messages are sent
to the letter. What a message holds beside the known fields stays in its content and goes to the provider.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Draft, DraftMessage, Roll, Rolls
from dispatcher.domain.content import check_content
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import InvalidPhone, address
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.forms import NO_FLAG, PROBLEMS_NAMED, refused
from dispatcher.providers.jsonpieces import Pieces, ReadWithCare
from dispatcher.providers.recipients import number_text
from dispatcher.providers.schedule import MAX_DELAY_S, delays_ms, long_delay, not_past
from dispatcher.providers.uazapi.alike import TOGETHER, roll_of
from dispatcher.providers.uazapi.documents import with_name

MINUTES_BELOW = 100_000  # 0..99 999 are minutes from now, from 10^12 on epoch ms (PROVIDERS 10)
EPOCH_MS_FROM = 10**12
EPOCH_MS_BELOW = 4_102_444_800_000  # the year 2100: more digits are microseconds by mistake


class Pace(BaseModel):
    """When and how fast: what the bodies of both mass sends have."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    delayMin: Annotated[float | None, NO_FLAG] = Field(default=None, ge=0, le=MAX_DELAY_S, allow_inf_nan=False)
    delayMax: Annotated[float | None, NO_FLAG] = Field(default=None, ge=0, le=MAX_DELAY_S, allow_inf_nan=False)
    info: str | None = None
    scheduled_for: Annotated[int | None, NO_FLAG] = Field(default=None, ge=0)


class Envelope(Pace):
    """The body's outer form. `messages` are checked one by one in `_message`."""

    messages: list[Any] = Field(min_length=1)


def recognises(body: Any) -> bool:
    """A list of messages that have a `number`; the native form names its account, CPC's its tag."""
    if not isinstance(body, dict) or body.keys() & {"account", "tag", "campaign", "recipients"}:
        return False
    messages = body.get("messages")
    return isinstance(messages, list) and bool(messages) and isinstance(messages[0], dict) and "number" in messages[0]


def parse(body: Any, context: ParseContext) -> Draft:
    """The body as a draft; raises BadRequest that names up to twenty fields.

    Where its messages are `Pieces`, they are read with the draft's, which then may raise ReadWithCare.
    """
    pieces = body.get("messages") if isinstance(body, dict) else None
    envelope = _envelope({**body, "messages": [None]} if isinstance(pieces, Pieces) else body)
    return Draft(
        name=envelope.info or "",
        dialect="uazapi",
        messages=Rolls(_as_they_come(pieces)) if isinstance(pieces, Pieces) else _messages(envelope.messages),
        pacing=pacing_of(envelope, context.account),
        scheduled_for_ms=start_ms(envelope.scheduled_for, context.now_ms),
        warnings=long_delay(envelope.delayMax, "delayMax"),
        options={name: value for name, value in body.items() if name != "messages"},
    )


def _envelope(body: Any) -> Envelope:
    try:
        return Envelope.model_validate(body)
    except ValidationError as invalid:
        raise refused(invalid) from None


def _messages(given: list[Any]) -> Rolls:
    """All of them are looked at before the first is handed on."""
    problems: list[tuple[str, str]] = []
    read: list[Roll | list[DraftMessage]] = []
    for rolled in _rolled(given, problems):
        read.append(rolled)
        if len(problems) >= PROBLEMS_NAMED:
            break
    if problems:
        raise BadRequest(*problems[:PROBLEMS_NAMED])
    return Rolls(read)


def _as_they_come(pieces: Pieces) -> Iterator[Roll | list[DraftMessage]]:
    problems: list[tuple[str, str]] = []
    for given in pieces:
        for rolled in _rolled(given, problems):
            if problems:
                raise ReadWithCare
            yield rolled


def _rolled(given: list[Any], problems: list[tuple[str, str]]) -> Iterator[Roll | list[DraftMessage]]:
    """Adds what is wrong to the problems."""
    for start in range(0, len(given), TOGETHER):
        some = given[start : start + TOGETHER]
        yield roll_of(some) or _one_by_one(some, start, problems)


def _one_by_one(given: list[Any], start: int, problems: list[tuple[str, str]]) -> list[DraftMessage]:
    """Adds what is wrong to the problems."""
    read: list[DraftMessage] = []
    for index, one in enumerate(given, start):
        message = _message(one)
        if isinstance(message, DraftMessage):
            read.append(message)
        else:
            problems += [(f"messages[{index}].{field}".removesuffix("."), rule) for field, rule in message]
    return read


def check_number(number: Any, field: str) -> list[tuple[str, str]]:
    text = number_text(number)
    if not text.strip():
        return [(field, "is required: digits, a WhatsApp id or a group")]
    try:
        address(text)
    except InvalidPhone as invalid:
        return [(field, str(invalid))]
    return []


def _message(one: Any) -> DraftMessage | list[tuple[str, str]]:
    """A message, or what is wrong with it: (field, rule), in the order of the fields."""
    if not isinstance(one, dict):
        return [("", "must be an object")]
    content, problems = one.copy(), check_content(one)
    number = number_text(content.pop("number", None))
    try:
        phone, key = address(number)
    except InvalidPhone:
        return [*check_number(number, "number"), *problems]
    return problems or DraftMessage(phone, key, with_name(content), written=number)


def pacing_of(envelope: Pace, account: Account) -> Pacing:
    least, most = delays_ms(envelope.delayMin, envelope.delayMax, account, ("delayMin", "delayMax"))
    return Pacing(least, most)


def start_ms(given: int | None, now_ms: int) -> int | None:
    """None: at once."""
    if not given:
        return None
    if given < MINUTES_BELOW:
        return now_ms + given * 60_000
    if not EPOCH_MS_FROM <= given < EPOCH_MS_BELOW:
        raise BadRequest(("scheduled_for", "must be minutes from now below 100000, or a time in epoch milliseconds"))
    return not_past(given, now_ms, "scheduled_for")
