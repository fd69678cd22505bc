"""`POST /api/messages/massivocpc` as upstream apps write it (seeds/004), as a draft.

Every field is known by name: another one is a mistake. Posts with the same campaign and tag feed one campaign
a day, the day of the account's option `timezone`. A phone that cannot be dialled does not spoil the post: it
comes back in `errors`. Texts are sent to the letter.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Draft, DraftMessage
from dispatcher.domain.followups import of_options
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import InvalidPhone, canonical, dialable
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.forms import NO_FLAG, PROBLEMS_NAMED, refused
from dispatcher.providers.operators import needs_operator
from dispatcher.providers.recipients import text_content, undialable

TIMEZONE = "America/Sao_Paulo"
MOST_MESSAGES = 100_000  # each is checked before the first is stored: that many take seconds and some 200 MB
OWN = ("idMessage", "clientId", "contract", "specialistCode", "retryTemplate", "lastTemplate")


def _digits_as_text(value: Any) -> Any:
    """Ids are often written as JSON numbers where the document says text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, BeforeValidator(_digits_as_text), Field(min_length=1, pattern=r"\S")]
Number = Annotated[int | None, NO_FLAG, BeforeValidator(lambda value: None if value == "" else value)]
Text = Annotated[str, BeforeValidator(_digits_as_text)]
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Message(BaseModel):
    model_config = _STRICT

    phone: Name
    idMessage: Number = None
    clientId: Text | None = None
    contract: Text | None = None
    closeTicket: Literal[True]
    specialistCode: Text | None = None
    mainTemplate: str
    retryTemplate: str | None = None
    lastTemplate: str | None = None


class Post(BaseModel):
    model_config = _STRICT

    campaign: Annotated[Name, Field(max_length=500)]
    idAccount: Text | None = None
    tag: Annotated[Name, Field(max_length=100)]
    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)


def recognises(body: Any) -> bool:
    return isinstance(body, dict) and {"campaign", "tag", "messages"} <= body.keys() and "account" not in body


def parse(body: Any, context: ParseContext) -> Draft:
    """The body as a draft; raises BadRequest that names up to twenty fields."""
    post, account = _post(body), context.account
    _check_specialists(post, account)
    return Draft(
        name=post.campaign,
        dialect="cpc",
        messages=[_message(post, one) for one in post.messages],
        follow_ups=of_options(account.options),
        pacing=Pacing(account.delay_min_ms, max(account.delay_min_ms, account.delay_max_ms)),
        senders=(post.tag,),
        join_key=json.dumps([post.campaign, post.tag, _day(account, context.now_ms)], ensure_ascii=False),
        warnings=tuple(_warnings(post)),
    )


def _post(body: Any) -> Post:
    try:
        return Post.model_validate(body)
    except ValidationError as invalid:
        raise refused(invalid, _RULES) from None


_RULES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "literal_error": "must be true",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must not be empty",
    "string_type": "must be a text",
    "too_short": "must not be empty",
    "too_long": f"must not be more than {MOST_MESSAGES} in one post",
}


def _check_specialists(post: Post, account: Account) -> None:
    """Required, unless the account has one for all."""
    if not needs_operator(account):
        return
    missing = [at for at, one in enumerate(post.messages) if not (one.specialistCode or "").strip()]
    if missing:
        raise BadRequest(*((f"messages[{at}].specialistCode", "is required") for at in missing[:PROBLEMS_NAMED]))


def _message(post: Post, one: Message) -> DraftMessage:
    content = text_content(one.mainTemplate)
    params = _params(post, one)
    try:
        return DraftMessage(dialable(one.phone), canonical(one.phone), content, params=params, written=one.phone)
    except InvalidPhone:
        return undialable(one.phone, content, params=params)


def _params(post: Post, one: Message) -> Mapping[str, Any]:
    own = {name: value for name in OWN if (value := getattr(one, name)) not in (None, "")}
    return own | {"idAccount": post.idAccount} if post.idAccount else own


def _day(account: Account, now_ms: int) -> str:
    zone = ZoneInfo(str(account.options.get("timezone", TIMEZONE)))
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date().isoformat()


def _warnings(post: Post) -> Iterator[str]:
    empty = sum(not one.mainTemplate.strip() for one in post.messages)
    if empty:
        yield f"messages with an empty mainTemplate, which are sent empty: {empty}"
