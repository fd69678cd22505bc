"""The operator (specialistCode) that CPC wants with each message, from the message itself or for the whole account.

The first message without one would halt its tag, for the campaigns of others too: it is refused at the door.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Draft, DraftMessage
from dispatcher.providers.contract import BadRequest

ASK_THEMSELVES = {"native", "cpc"}
"""Dialects in which messages may name their operator: their readers know the field that lacks it."""


def needs_operator(account: Account) -> bool:
    """Of each message: the account has none for all."""
    return account.provider == "cpc" and not is_operator(account.options.get("specialist_code"))


def is_operator(code: Any) -> bool:
    return bool(str(code).strip()) if isinstance(code, (str, int)) and not isinstance(code, bool) else False


def with_operators(draft: Draft, account: Account) -> Draft:
    """The draft, whose messages raise BadRequest when one of another provider's dialect has no operator."""
    if draft.dialect in ASK_THEMSELVES or not needs_operator(account):
        return draft
    return replace(draft, messages=_checked(draft.messages, draft.dialect))


def _checked(messages: Iterable[DraftMessage], dialect: str) -> Iterator[DraftMessage]:
    for message in messages:
        if not message.problem and not is_operator((message.params or {}).get("specialistCode")):
            told = f"has no specialist_code, and a body in the dialect of {dialect} names none for each message"
            raise BadRequest(("account", told))
        yield message
