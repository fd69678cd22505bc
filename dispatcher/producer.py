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
from dispatcher.domain.campaign import Accepted
from dispatcher.domain.ids import campaign_text
from dispatcher.pipeline.accept import accept
from dispatcher.pipeline.stations import Stations
from dispatcher.providers.contract import ParseContext
from dispatcher.providers.registry import recognise


class Producer:
    """Submits campaigns; several threads may share one."""

    def submit(self, account: str, body: Any, idempotency_key: str | None = None) -> str:
        """Store a campaign for the named account and return its id.

        The same key and body again return the first campaign's id. Raises BadRequest (a ValueError that
        names field and rule), UnknownAccount, KeyReused or Unavailable; nothing is stored then.
        """
        return campaign_text(submit(wiring.stations(), account, body, idempotency_key).campaign_id)


def submit(stations: Stations, account: str, body: Any, idempotency_key: str | None = None) -> Accepted:
    """Store a body of any dialect for an account and plan it. Raises as `Producer.submit` does."""
    dialect = recognise(body)
    holder = stations.accounts.named(account)
    context = ParseContext(holder, stations.now_ms(), stations.open_leads)
    draft = dialect.parse(body, context)
    idempotency = None if idempotency_key is None else (idempotency_key, _digest(body))
    return accept(stations, holder, draft, idempotency)


def _digest(body: Any) -> str:
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
