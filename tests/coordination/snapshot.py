"""Everything that the lane clock of a provider is made of, from Redis and from the twin, in one comparable shape."""

import json
from dataclasses import asdict
from typing import Any

import redis

from dispatcher.coordination import keys
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.laneclock import PlainClock

Snapshot = dict[str, Any]
PARTS = ("clock", "lanes", "flights", "campaigns", "crews", "retries", "days", "turns", "offered", "again")


def of_redis(client: redis.Redis, provider: str) -> Snapshot:
    clock, lanes, flights, campaigns, crews, retries, days, turns, offered, again = keys.memory(provider)
    batch = client.pipeline(transaction=True)
    batch.zrange(clock, 0, -1, withscores=True)
    for name in (lanes, flights, campaigns, crews):
        batch.hgetall(name)
    batch.zrange(retries, 0, -1)
    batch.hgetall(days)
    batch.hgetall(turns)
    batch.smembers(offered)
    batch.zrange(again, 0, -1)
    answers = batch.execute()
    hashes = [{field: json.loads(text) for field, text in answer.items()} for answer in answers[1:5]]
    for flight in hashes[1].values():
        flight.setdefault("spared", False)
        flight.setdefault("again", False)
    for lane in hashes[0].values():
        lane["ring"] = lane["ring"] or []  # Lua writes an empty list as {}
    hashes[3] = {campaign: crew or [] for campaign, crew in hashes[3].items()}
    sent = {sender: json.loads(text) for sender, text in answers[6].items()}
    last = {account: int(turn) for account, turn in answers[7].items()}
    return dict(zip(PARTS, [dict(answers[0]), *hashes, answers[5], sent, last, *answers[8:]], strict=True))


def of_twin(twin: PlainClock) -> Snapshot:
    return {
        "clock": {str(lane): at for lane, at in twin.clock.items()},
        "lanes": {
            str(lane): asdict(record) | {"ring": [campaign_text(campaign) for campaign in record.ring]}
            for lane, record in twin.lanes.items()
        },
        "flights": {
            str(lane): {
                "token": flight.ticket.token,
                "campaign": campaign_text(flight.ticket.campaign),
                "seq": flight.ticket.seq,
                "size": flight.ticket.size,
                "until": flight.until,
                "begun": flight.begun,
                "overdue": flight.overdue,
                "lease": flight.lease,
                "kept": flight.kept,
                "day": flight.day,
                "at": flight.at,
                "before": flight.before,
                "spared": flight.spared,
                "again": flight.again,
            }
            for lane, flight in twin.flights.items()
        },
        "campaigns": {
            campaign_text(campaign): {
                "next": record.next,
                "stop": record.end,
                "dmin": record.pacing.delay_min_ms,
                "dmax": record.pacing.delay_max_ms,
                "cs": record.pacing.chunk_size,
                "cg": record.pacing.chunk_gap_ms,
                "batch": record.pacing.batch,
                "open": record.open,
                "start": record.start,
                "gate": record.gate,
                "ended": record.last_end,
                "flights": record.flights,
                "held": record.held,
                "gone": record.gone,
                "prio": record.priority,
                "why": record.why,
                "acct": record.account,
            }
            for campaign, record in twin.campaigns.items()
        },
        "crews": {campaign_text(campaign): list(map(str, crew)) for campaign, crew in twin.crews.items()},
        "retries": sorted(
            f"{campaign_text(campaign)}:{due:013d}:{seq:09d}:{size:05d}" for campaign, due, seq, size in twin.retries
        ),
        "days": {str(sender): asdict(day) for sender, day in twin.days.items()},
        "turns": {str(account): turn for account, turn in twin.turns.last.items()}
        | ({"reached": twin.turns.reached} if twin.turns.reached else {}),
        "offered": {str(lane) for lane in twin._offered()},
        "again": sorted(
            f"{campaign_text(one.ticket.campaign)}:{one.ticket.seq:09d}:{one.ticket.size:05d}:{lane}"
            for lane, one in twin.flights.items()
            if one.again
        ),
    }
