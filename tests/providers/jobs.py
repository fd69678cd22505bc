"""Jobs and answers for the tables of cases."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Campaign, Job, Parcel
from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.providers.contract import ParseContext, Response

CAMPAIGN = "0f3k9x2m7q4t"
PHONES = ("5511900000001", "5511900000002", "5511900000003")
NOW_MS = 1_764_000_000_000  # 2025-11-24T16:00:00Z


def account(provider: str, **other: Any) -> Account:
    given: dict[str, Any] = {"base_urls": ("http://127.0.0.1:1",), "credentials": {"token": "instance-token"}}
    return Account(**{"id": 1, "name": "loja", "provider": provider, **given, **other})


def sender(name: str = "5511900000009", **other: Any) -> Sender:
    return Sender(**{"id": 17, "account_id": 1, "name": name, **other})


def campaign(name: str = "Campanha", pacing: Pacing | None = None, **options: Any) -> Campaign:
    return Campaign(
        id=parse_campaign(CAMPAIGN),
        account_id=1,
        name=name,
        dialect="native",
        state=CampaignState.RUNNING,
        pacing=pacing or Pacing(3000, 6000),
        total=3,
        created_at_ms=NOW_MS,
        options=options,
    )


def parcel(
    phone: str = PHONES[0],
    content: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    seq: int = 12,
) -> Parcel:
    try:
        key = canonical(phone)
    except InvalidPhone:
        key = ""
    return Parcel(seq, 1, phone, key, content or {"type": "text", "text": "oi"}, {}, params or {})


def parcels(phones: Sequence[str], **params: Any) -> tuple[Parcel, ...]:
    return tuple(parcel(phone, params=params, seq=12 + at) for at, phone in enumerate(phones))


def job(provider: str, *sent: Parcel, **parts: Any) -> Job:
    """A job of these parcels, or of one text; `account`, `sender`, `campaign` may be given."""
    given = {"campaign": campaign(), "account": account(provider), "sender": sender(), **parts}
    return Job(parcels=sent or (parcel(),), **given)


def answer(status: int, body: Any = b"", **headers: str) -> Response:
    """A canned answer; a body that is not bytes is sent as JSON, headers as `retry_after="3"`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def context(provider: str, now_ms: int = NOW_MS, **other: Any) -> ParseContext:
    return ParseContext(account(provider, **other), now_ms, lambda url: iter(()))
