"""Gathers what the judge looks at: first what the provider saw, then the ledger, then Redis."""

import json
import re
from typing import Any

from sqlalchemy import text

from dispatcher.coordination import keys
from dispatcher.coordination.locks import DIGITS, PURPOSE
from dispatcher.domain.ids import campaign_text
from dispatcher.simulator.numbers import person
from dispatcher.simulator.server import SimulatorClient
from tests.chaos.judge import Call, Delivery, Evidence, Lock, Message
from tests.chaos.mailings import PROVIDERS, Mailing
from tests.journey.installation import Installation

NAME = re.compile(r"\[([a-z0-9-]+)\]")
SENDING = {  # the paths of calls that send
    *("/send/text", "/sender/advanced", "/sender/simple", "/v3/campaigns", "/acionamento"),
    "/api/messages/massivocpc",
}
MESSAGES = text("""
SELECT campaign_id, seq, phone_key, state::text, state = 'sent' AND due_at IS NOT NULL AS open
FROM message ORDER BY campaign_id, seq
""")
HELD = text("""
SELECT l.scope, l.phone_key, m.state::text FROM contact_lock l
LEFT JOIN message m ON m.campaign_id = l.campaign_id AND m.seq = l.seq
WHERE l.lifted_at IS NULL AND l.until_at > now()
""")


def gather(
    installed: Installation, simulator: SimulatorClient, taken: dict[str, Mailing], replies: dict[str, list[float]]
) -> Evidence:
    """In this order, for a message only moves on: who was reached by now is sent, or in doubt, by then."""
    names = {mailing.name: number for number, mailing in taken.items()}
    deliveries = [_delivery(one, names) for one in simulator.deliveries()]
    calls = [_call(one) for one in simulator.calls() if one["path"] in SENDING and one["method"] == "POST"]
    with installed.wiring.engine.connect() as ledger:
        rows = ledger.execute(MESSAGES).all()
        held = {(row.scope, row.phone_key): row.state or "" for row in ledger.execute(HELD)}
    known = [campaign_text(one.id) for one in installed.wiring.campaigns.page(None, None, None, 1000)]
    return Evidence(
        accepted={number: mailing.size for number, mailing in taken.items()},
        guarded={number for number, mailing in taken.items() if mailing.guarded},
        states={number: installed.state(number) for number in known},
        counts={number: installed.counts(number) for number in taken},
        messages=[Message(campaign_text(row[0]), row[1], person(row[2]), row[3], row[4]) for row in rows],
        deliveries=deliveries,
        calls=calls,
        replies=replies,
        strangers=[number for number in known if number not in taken],
        flights=flights(installed),
        locks=_locks(installed, held),
        amiss=[f"{one.finding.check} {one.finding.note}" for one in installed.wiring.audit_book.view().findings],
    )


def unheard(installed: Installation) -> int:
    """Replies that are stored and not processed. Whoever processed one may have died when its client was free in the
    ledger alone; whoever does it again frees it in Redis as well."""
    waiting = text("SELECT count(*) FROM inbound_event WHERE kind = 'reply' AND processed_at IS NULL")
    with installed.wiring.engine.connect() as ledger:
        return int(ledger.execute(waiting).scalar_one())


def flights(installed: Installation) -> list[str]:
    """Lanes that Redis holds for in flight."""
    client = installed.wiring.redis
    return [str(lane) for provider in ("uazapi", *PROVIDERS.values()) for lane in client.hkeys(keys.flights(provider))]


def _delivery(one: dict[str, Any], names: dict[str, str]) -> Delivery:
    found = NAME.search(json.dumps(one["content"], ensure_ascii=False))
    campaign = names.get(found[1], found[1]) if found else "nobody's"
    return Delivery(campaign, person(one["number"]), one["delivered_mono"])


def _call(one: dict[str, Any]) -> Call:
    return Call(f"{one['provider']} {one['sender']}", one["started_mono"], one["ended_mono"], one["status"] != 0)


def _locks(installed: Installation, held: dict[tuple[str, str], str]) -> list[Lock]:
    """Those in Redis, by what the ledger says of each."""
    wiring = installed.wiring
    states = {
        keys.lock(scope, wiring.secrecy.digest(PURPOSE, key, DIGITS)): state for (scope, key), state in held.items()
    }
    return [Lock(str(name), states.get(str(name), "")) for name in wiring.redis.scan_iter(match=keys.LOCKS, count=1000)]
