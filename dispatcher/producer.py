"""Handing a campaign over from Python.

    from dispatcher import Producer
    Producer().submit("loja", {"delayMin": 3, "delayMax": 6, "messages": [...]})

The body may be of any dialect: uazapi, Kinbox, Builder, Disparo CPC or the native one. It goes straight
to the ledger (DISPATCHER_DATABASE_URL) and the lane clock (DISPATCHER_REDIS_URL); nothing about a person
passes through the broker.
"""

import json
from hashlib import sha256
from typing import Any

from dispatcher import wiring
from dispatcher.domain.campaign import LONGEST_KEY, Accepted, CampaignFull, EmptyCampaign, KeyReused, UnknownSender
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.pipeline.accept import accept
from dispatcher.pipeline.stations import Stations
from dispatcher.providers import registry
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.jsonbody import as_read

REFUSED = (BadRequest, UnknownAccount, UnknownSender, EmptyCampaign, CampaignFull, KeyReused)
"""What is wrong with what was handed over; the same again will be refused again."""


class Producer:
    """Submits campaigns; several threads may share one."""

    def submit(self, account: str, body: Any, idempotency_key: str | None = None) -> str:
        """Store a campaign for the named account and return its id.

        The same key and body again return the first campaign's id. Raises BadRequest (a ValueError that
        names field and rule), UnknownAccount, UnknownSender, EmptyCampaign, CampaignFull, KeyReused or
        Unavailable; nothing is stored then.
        """
        return campaign_text(submit(wiring.stations(), account, body, idempotency_key).campaign_id)


def submit(stations: Stations, account: str, body: Any, idempotency_key: str | None = None) -> Accepted:
    """Store a body of any dialect for an account and plan it. Raises as `Producer.submit` does."""
    _check(account, idempotency_key)
    given = as_read(body)
    holder = stations.accounts.named(account)
    draft = registry.read(given, ParseContext(holder, stations.now_ms(), stations.open_leads))
    idempotency = None if idempotency_key is None else (idempotency_key, _digest(given))
    return accept(stations, holder, draft, idempotency)


def _check(account: Any, key: Any) -> None:
    """Both come from anywhere: a Celery client may send what it likes. Raises BadRequest."""
    if not isinstance(account, str) or not account:
        raise BadRequest(("account", "is required, a text"))
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY):
        raise BadRequest(("idempotency_key", f"must be a text of 1 to {LONGEST_KEY} characters"))


def _digest(body: Any) -> str:
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
