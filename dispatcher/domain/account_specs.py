"""What may stand in the accounts file, table by table. INTERFACE and docs/accounts.md describe each key.

Keys that we do not know are refused: a misspelt `concurency` must not silently mean the default.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from dispatcher.domain.account import CpcScope, OnDoubt, OnLocked
from dispatcher.domain.account_options import check_mode, check_options
from dispatcher.domain.caps import read_warm_up
from dispatcher.domain.hours_written import holiday_country, read_night, read_window, zone_name

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "uazapi": ("token",),
    "kinbox": ("token",),
    "cpc": ("token",),
    "builder": ("user", "password", "apikey", "organization", "bot"),
}
DAY_S = 86_400


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be http:// or https:// and a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError("must be scheme and host only: the provider's paths are added to it")
    return f"{parts.scheme}://{parts.netloc}"


def _callback_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 2_000:
        raise ValueError("must be http:// or https:// and a host")
    if parts.username or parts.password:
        raise ValueError("must hold no user and no password: callbacks are signed")
    return url


def _callback_secret(secret: str) -> str:
    """As Standard Webhooks wants it."""
    prefix, _, key = secret.partition("_")
    try:
        long_enough = 24 <= len(b64decode(key, validate=True)) <= 64
    except ValueError:
        long_enough = False
    if prefix != "whsec" or not long_enough:
        raise ValueError("must be whsec_ and 24 to 64 bytes in base64")
    return secret


def _as_written(read: Callable[[str], object]) -> Callable[[str], str]:
    """Checked by its reader, kept as it was written."""

    def checked(text: str) -> str:
        read(text)
        return text

    return checked


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=64)]
SenderName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
HoursName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=100)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Seconds = Annotated[float, Field(ge=0, le=DAY_S, allow_inf_nan=False)]


def _ramp(written: dict[str, int]) -> dict[str, int]:
    return {str(day): limit for day, limit in read_warm_up(written)}


WarmUp = Annotated[dict[str, StrictInt], AfterValidator(_ramp)]


class Table(BaseModel):
    """Nothing but its keys; what is wrong is told without its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SenderSpec(Table):
    """One `[[account.sender]]`: a lane, or several. `token` and `base_urls` override the account's."""

    name: SenderName
    token: str | None = Field(default=None, min_length=1, repr=False)
    base_urls: tuple[BaseUrl, ...] = ()
    concurrency: StrictInt = Field(default=1, ge=1, le=1000)
    min_gap_s: Seconds = 0
    daily_limit: StrictInt = Field(default=0, ge=0)
    warm_up: WarmUp | None = None


class HoursSpec(Table):
    """`[account.hours]`: when this account may send; under `[account.business_hours]`, campaigns that name them."""

    timezone: Annotated[str, AfterValidator(zone_name)] = "America/Sao_Paulo"
    windows: tuple[Annotated[str, AfterValidator(_as_written(read_window))], ...] = Field(min_length=1)
    holidays: Annotated[str, AfterValidator(holiday_country)] | None = None
    recipient_night: Annotated[str, AfterValidator(_as_written(read_night))] | None = None


class AccountSpec(Table):
    """One `[[account]]`. Durations are seconds, as they are written."""

    name: Name
    provider: Literal["uazapi", "kinbox", "builder", "cpc"]
    base_urls: tuple[BaseUrl, ...] = Field(min_length=1)
    ingress_token: str | None = Field(default=None, min_length=1, repr=False)
    webhook_secret: str | None = Field(default=None, min_length=1, repr=False)
    callback_url: Annotated[str, AfterValidator(_callback_url)] | None = None
    callback_secret: Annotated[str, AfterValidator(_callback_secret)] | None = Field(default=None, repr=False)
    credentials: dict[str, str] = Field(default_factory=dict, repr=False)
    mode: str = ""
    options: dict[str, Any] = Field(default_factory=dict)
    cpc: StrictBool | None = None
    cpc_scope: CpcScope = CpcScope.GLOBAL
    on_locked: OnLocked = OnLocked.BLOCK
    on_doubt: OnDoubt = OnDoubt.HOLD
    timeout_s: float = Field(default=None, gt=0, le=600)  # type: ignore[assignment]  # filled in below
    max_attempts: StrictInt = Field(default=5, ge=1, le=100)
    delay_min: Seconds = 0
    delay_max: Seconds = 0
    validity_s: StrictInt = Field(default=DAY_S, ge=0, le=366 * DAY_S)
    batch: StrictInt = Field(default=1, ge=1, le=10_000)
    pause_at_error_rate: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    error_rate_of: StrictInt = Field(default=100, ge=1, le=100_000)
    hours: HoursSpec | None = None
    business_hours: dict[HoursName, HoursSpec] = Field(default_factory=dict)
    sender: tuple[SenderSpec, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _default_timeout(cls, given: Any) -> Any:
        """CPC's time-outs leave doubts that nobody can be asked about, so it is given longer."""
        if isinstance(given, dict) and "timeout_s" not in given:
            return {**given, "timeout_s": 120 if given.get("provider") == "cpc" else 30}
        return given

    @field_validator("mode")
    @classmethod
    def _mode_is_known(cls, mode: str, info: Any) -> str:
        if "provider" in info.data:
            check_mode(info.data["provider"], mode)
        return mode

    @field_validator("options")
    @classmethod
    def _options_are_known(cls, options: dict[str, Any], info: Any) -> dict[str, Any]:
        if "provider" in info.data:
            check_options(info.data["provider"], options)
        return options

    @field_validator("delay_max")
    @classmethod
    def _not_below_the_least(cls, delay_max: float, info: Any) -> float:
        if delay_max < info.data.get("delay_min", 0):
            raise ValueError("must not be less than delay_min")
        return delay_max

    @field_validator("sender")
    @classmethod
    def _names_differ(cls, senders: tuple[SenderSpec, ...]) -> tuple[SenderSpec, ...]:
        if len({sender.name for sender in senders}) < len(senders):
            raise ValueError("two senders have the same name")
        return senders

    @model_validator(mode="after")
    def _signs_its_callbacks(self) -> Self:
        if self.callback_url and not self.callback_secret:
            raise ValueError("callback_secret: must be given with a callback_url, whose calls are signed with it")
        return self

    @model_validator(mode="after")
    def _has_its_credentials(self) -> Self:
        known = CREDENTIALS[self.provider]
        if set(self.credentials) - set(known):
            raise ValueError(f"credentials: {self.provider} knows only {', '.join(known)}")
        if self.provider == "builder":
            missing = [name for name in ("user", "password") if not self.credentials.get(name)]
        else:
            tokens = [sender.token or self.credentials.get("token") for sender in self.sender]
            missing = [] if all(tokens) else ["token"]
        if missing:
            raise ValueError(f"credentials: {' and '.join(missing)} must be given")
        return self

    @property
    def guarded(self) -> bool:
        return self.provider == "cpc" if self.cpc is None else self.cpc
