"""`mode` and `[account.options]`: what one provider alone understands. docs/accounts.md describes each.

A name that nobody reads would be passed over in silence: it is refused, with the name that was probably meant.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from dispatcher.domain import optout
from dispatcher.domain.hours_written import zone_name

MODES: dict[str, tuple[str, ...]] = {
    "uazapi": ("sender", "direct"),
    "builder": ("trigger", "campaign"),
}
"""The first is what an account without a mode has; providers that are not here have no modes."""

OPTIONS: dict[str, tuple[str, ...]] = {
    "uazapi": (),
    "kinbox": ("operatorName", "businessHoursId", "channelType", "assetsUrls", "template"),
    "builder": (
        *("login_path", "refresh_path", "campaign_path", "acionamento_path", "token_header", "token_prefix"),
        *("login_user", "login_password", "login_refresh", "json_phone", "json_message", "json_job_id", "json_bot"),
        *("timezone", "token_lifetime_s"),
    ),
    "cpc": ("specialist_code", "id_account", "follow_ups", "timezone"),
}
FOR_ALL = (optout.OPTION,)

FOLLOW_UPS = ("provider", "dispatcher")
MOST_LIFETIME_S = 30 * 86_400  # as long as a refresh token is good


def check_mode(provider: str, mode: str) -> None:
    """Raises ValueError that tells the nearest right word, as all here."""
    known = MODES.get(provider, ())
    if mode in ("", *known):
        return
    if not known:
        raise ValueError(f"{provider} has no modes: leave it out")
    raise ValueError(f"must be {' or '.join(known)}{_nearest(mode, known)}")


def check_options(provider: str, options: Mapping[str, Any]) -> None:
    """The names, and the values of those that we read ourselves."""
    known = (*FOR_ALL, *OPTIONS[provider])
    for name in options:
        if name not in known:
            hint = _nearest(name, known) or f": {', '.join(known)}"
            raise ValueError(f"{name} is no option of {provider}{hint}")
    for name, value in options.items():
        _check_value(provider, name, value)


def _nearest(word: str, known: tuple[str, ...]) -> str:
    folded = {one.casefold(): one for one in known}
    found = get_close_matches(word.casefold(), folded, n=1)
    return f"; did you mean {folded[found[0]]}?" if found else ""


def _check_value(provider: str, name: str, value: Any) -> None:
    if name == optout.OPTION:
        if not isinstance(value, list) or not all(isinstance(word, str) and optout.bare(word) for word in value):
            raise ValueError(f"{name} must be a list of words")
    elif name == "timezone":
        _check_zone(value)
    elif name == "follow_ups":
        if value not in FOLLOW_UPS:
            raise ValueError(f"{name} must be {' or '.join(FOLLOW_UPS)}")
    elif name in ("specialist_code", "id_account"):
        if not (isinstance(value, str) and value.strip()) and type(value) is not int:
            raise ValueError(f"{name} must be a text, and not an empty one")
    elif provider == "builder":
        _check_login_option(name, value)


def _check_zone(value: Any) -> None:
    try:
        zone_name(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError(f"timezone {error}") from None


def _check_login_option(name: str, value: Any) -> None:
    if name == "token_lifetime_s":
        if type(value) is not int or not 1 <= value <= MOST_LIFETIME_S:
            raise ValueError(f"{name} must be a whole number from 1 to {MOST_LIFETIME_S}")
    elif not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    elif name.endswith("_path") and not value.startswith("/") and (value or name != "refresh_path"):
        raise ValueError(f"{name} must begin with a slash")
