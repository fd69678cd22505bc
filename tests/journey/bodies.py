"""Accounts and campaigns that journeys send."""

from collections.abc import Iterable
from typing import Any

NAME = "loja"


def phone(number: int) -> str:
    """The n-th invented client: a mobile in São Paulo."""
    return f"55119{10_000_000 + number:08d}"


def uazapi_account(url: str, senders: Iterable[str], name: str = NAME, **keys: object) -> str:
    """An account whose senders are instances of their own: the sender's name is its token."""
    lines = ["[[account]]", f'name = "{name}"', 'provider = "uazapi"', f'base_urls = ["{url}"]']
    lines += [f'ingress_token = "ingress-{name}"', f'webhook_secret = "hook-{name}"']
    lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]
    lines += ["[account.credentials]", 'token = "unused"']
    for sender in senders:
        lines += ["[[account.sender]]", f'name = "{sender}"', f'token = "{sender}"']
    return "\n".join(lines)


def campaign(recipients: Iterable[int], text: str = "Olá", **keys: Any) -> dict[str, Any]:
    """A native campaign to invented clients."""
    return {"account": NAME, "text": text, "recipients": [{"phone": phone(number)} for number in recipients], **keys}


def names(count: int) -> list[str]:
    return [f"line{number}" for number in range(count)]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
