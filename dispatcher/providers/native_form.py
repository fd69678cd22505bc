"""The native body's outer form: its fields, their types and their ranges. `native` reads what is inside."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from dispatcher.domain.account import OnLocked
from dispatcher.domain.followups import MOST
from dispatcher.providers.schedule import MAX_DELAY_S

FORM = ConfigDict(
    alias_generator=to_camel, populate_by_name=True, extra="forbid", hide_input_in_errors=True, strict=True
)

Delay = Annotated[float, Field(ge=0, le=MAX_DELAY_S, allow_inf_nan=False)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+", max_length=2_000)]


class FollowUp(BaseModel):
    """A text for who has not replied `after_s` seconds after the send."""

    model_config = FORM

    after_s: int = Field(gt=0, le=30 * 86_400)
    text: str = Field(min_length=1)


class NativeForm(BaseModel):
    """`POST /v1/campaigns`. Delays in seconds. What is not among these fields is a mistake and is named."""

    model_config = FORM

    account: str
    name: str = Field(default="", max_length=500)
    messages: list[dict[str, Any]] | None = Field(default=None, min_length=1)
    recipients: list[dict[str, Any]] | None = Field(default=None, min_length=1)
    text: str | None = None
    content: dict[str, Any] | None = None
    delay_min: Delay | None = None
    delay_max: Delay | None = None
    chunk_size: int = Field(default=0, ge=0, le=10_000_000)
    chunks_count: int = Field(default=0, ge=0, le=10_000_000)
    seconds_between_chunks: Delay | None = None
    senders: list[str] = Field(default_factory=list, max_length=10_000)
    scheduled_for: AwareDatetime | None = None
    cpc: bool | None = None
    on_locked: OnLocked | None = None
    validity_s: int | None = Field(default=None, ge=0, le=366 * 86_400)
    priority: int = Field(default=0, ge=-100, le=100)
    callback_url: Url | None = None
    follow_ups: list[FollowUp] = Field(default_factory=list, max_length=MOST)

    @field_validator("scheduled_for", mode="before")
    @classmethod
    def _iso(cls, given: Any) -> Any:
        return _moment(given) if isinstance(given, str) else given

    @field_validator("on_locked", mode="before")
    @classmethod
    def _word(cls, given: Any) -> Any:
        return OnLocked(given) if given in list(OnLocked) else given


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a moment in ISO 8601") from None
    if moment.tzinfo is None:
        raise ValueError("needs an offset, such as Z or -03:00")
    return moment
