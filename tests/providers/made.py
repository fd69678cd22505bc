"""Jobs, answers and drafts for the tables of cases."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Campaign, Draft, DraftMessage, Job, Parcel
from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import canonical
from dispatcher.domain.template import fill_content
from dispatcher.providers.contract import BadRequest, ParseContext, Provider, Response

NOW_MS = 1_794_052_800_000  # 2026-11-07T12:00:00Z
CAMPAIGN = "0f3k9x2m7q4t"
ANA, BIA, CAIO = "5511900000001", "5511900000002", "5511900000003"


def account(provider: str, **given: Any) -> Account:
    defaults: dict[str, Any] = {"credentials": {"token": "t0k"}}
    return Account(1, "loja", provider, ("https://provider.example",), **(defaults | given))


def campaign(text: str | None = "oi", **given: Any) -> Campaign:
    defaults: dict[str, Any] = {
        "name": "Oferta",
        "dialect": "native",
        "state": CampaignState.RUNNING,
        "pacing": Pacing(1_000, 3_000),
        "total": 3,
        "created_at_ms": NOW_MS,
        "content": None if text is None else {"type": "text", "text": text},
    }
    return Campaign(id=parse_campaign(CAMPAIGN), account_id=1, **(defaults | given))


def parcel(
    seq: int, phone: str, text: str = "oi", fields: Mapping[str, str] | None = None, params: Any = None
) -> Parcel:
    content = {"type": "text", "text": text}
    filled = content if fields is None else fill_content(content, fields)
    return Parcel(seq, 1, phone, canonical(phone), filled, fields or {}, params or {})


def job(holder: Account, parcels: Iterable[Parcel], of: Campaign | None = None, sender: str = "canal") -> Job:
    given = tuple(parcels)
    url = "https://us.example/assets/leads/x.csv"
    return Job(of or campaign(), holder, Sender(5, holder.id, sender), given, leads_url=url)


def answer(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    """`body` as JSON, bytes as they are."""
    return Response(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def parsed(
    speaker: Provider,
    body: Any,
    file: bytes | Iterable[bytes] = b"",
    path: Mapping[str, str] | None = None,
    **given: Any,
) -> Draft:
    """The draft of a body, its messages read; `given` are the account's."""
    holder = account(given.pop("provider", speaker.name), **given)
    pieces = [file] if isinstance(file, bytes) else file
    draft = speaker.parse(body, ParseContext(holder, NOW_MS, lambda url: pieces, path or {}))
    return replace(draft, messages=list(draft.messages))


def messages(draft: Draft) -> list[DraftMessage]:
    return list(draft.messages)


def refusals(speaker: Provider, body: Any, **given: Any) -> list[str]:
    """The fields that a body is refused for, in their order; none when it is not refused."""
    try:
        parsed(speaker, body, **given)
    except BadRequest as refused:
        return [where for where, _ in refused.problems]
    return []
