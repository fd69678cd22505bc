"""Drafts for the ledger's tests. Numbers are invented."""

from collections.abc import Iterable
from typing import Any

from dispatcher.domain.campaign import Draft, DraftMessage


def phone(n: int) -> str:
    return f"55119{n:08d}"


def message(n: int, **more: Any) -> DraftMessage:
    return DraftMessage(phone(n), phone(n), **more)


def draft(messages: int | Iterable[DraftMessage] = 3, **more: Any) -> Draft:
    """A draft of so many plain messages, or of these."""
    if isinstance(messages, int):
        messages = [message(n) for n in range(messages)]
    return Draft(**{"name": "ofertas", "dialect": "uazapi", "messages": messages, "content": {"text": "oi"}} | more)
