"""The lane clock as people see it: read only, and never on the way of a send."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.domain.caps import Sent
from dispatcher.domain.ids import Lane, campaign_text, parse_campaign, parse_lane
from dispatcher.domain.lanerecords import CampaignRecord, Flight, LaneRecord, why_waiting
from dispatcher.domain.notbefore import Reason
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Ticket, send_queue


class LaneView(NamedTuple):
    """A lane now. `next_ms`: when it may next release, or its lease ends; None: not until something happens.

    `why` is one of the words of `lanerecords.why_waiting`; `campaigns` take turns on it, the next one first.
    """

    lane: Lane
    next_ms: int | None
    why: str
    held: bool
    until_ms: int
    flight: Ticket | None
    campaigns: tuple[int, ...]


class Census(NamedTuple):
    """How many: lanes with work, lanes in flight, messages that wait for another try, campaigns, jobs in the queue."""

    on_clock: int
    in_flight: int
    retries: int
    campaigns: int
    queued: int


class LaneViews:
    """Looks at the clock without touching it; works while it is being rebuilt, too. Raises Unavailable."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def lanes_view(self, provider: str, only: Sequence[Lane] | None = None) -> list[LaneView]:
        """All lanes of a provider (a few ms for each thousand), or some, in the order of sender and slot."""
        clock, lanes, flights, campaigns, *_ = keys.memory(provider)
        names = [str(lane) for lane in only] if only is not None else None
        if names == []:
            return []
        with our_words():
            batch = self._client.pipeline(transaction=True)
            batch.time()
            for table in (lanes, flights):
                batch.hgetall(table) if names is None else batch.hmget(table, names)
            batch.zrange(clock, 0, -1, withscores=True) if names is None else batch.zmscore(clock, names)
            batch.hgetall(campaigns)
            time, *tables, known = batch.execute()
        records, flying, next_at = ({**_table(answer, names)} for answer in tables)
        plans = {parse_campaign(name): _campaign(text) for name, text in known.items()}
        now = time[0] * 1000 + time[1] // 1000
        views = [_view(name, text, flying.get(name), next_at.get(name), plans, now) for name, text in records.items()]
        return sorted(views)

    def days(self, provider: str, senders: Sequence[int]) -> dict[int, Sent]:
        """What senders with caps have sent on the day that lasts; those whose day is not known are left out."""
        if not senders:
            return {}
        with our_words():
            seconds, _ = self._client.time()
            texts = self._client.hmget(keys.days(provider), list(map(str, senders)))
        read = {number: json.loads(text) for number, text in zip(senders, texts, strict=True) if text}
        return {
            number: Sent(day["today"] if day["until"] > seconds * 1000 else 0, day["last"])
            for number, day in read.items()
        }

    def census(self, provider: str) -> Census:
        """Five lengths, whatever there is."""
        clock, _, flights, campaigns, _, retries, *_ = keys.memory(provider)
        with our_words():
            batch = self._client.pipeline(transaction=True)
            batch.zcard(clock)
            batch.hlen(flights)
            batch.zcard(retries)
            batch.hlen(campaigns)
            batch.llen(send_queue(provider))
            return Census(*batch.execute())

    def gates(self, provider: str, only: Sequence[int] | None = None) -> dict[int, int]:
        """Campaigns between two chunks, all or some: when the next chunk may start (UTC epoch, ms)."""
        names = None if only is None else [campaign_text(one) for one in only]
        if names == []:
            return {}
        table = keys.campaigns(provider)
        with our_words():
            seconds, micros = self._client.time()
            answer = self._client.hgetall(table) if names is None else self._client.hmget(table, names)
        known = {parse_campaign(name): _campaign(text) for name, text in _table(answer, names).items()}
        now = seconds * 1000 + micros // 1000
        return {number: one.gate for number, one in known.items() if one.gate > now and one.next < one.end}


def _table(answer: Any, names: list[str] | None) -> dict[str, Any]:
    """Name -> value, from a whole table or from the values of some names."""
    pairs = zip(names, answer, strict=True) if names is not None else dict(answer).items()
    return {name: value for name, value in pairs if value is not None}


def _view(
    name: str, text: str, flying: str | None, next_at: float | None, plans: dict[int, CampaignRecord], now: int
) -> LaneView:
    lane, read = parse_lane(name), json.loads(text)
    ring = [parse_campaign(campaign) for campaign in read["ring"]]  # an empty one is written {}
    record = LaneRecord(read["ready"], ring, read["held"], read["until"], read.get("rest", 0), read.get("why", ""))
    flight = _flight(lane, json.loads(flying)) if flying else None
    next_ms = None if next_at is None else now if next_at < 0 else int(next_at)  # it waits in line, for room
    why = why_waiting(record, flight, next_ms, [plans[campaign] for campaign in ring if campaign in plans], now)
    return LaneView(lane, next_ms, why, record.held, record.until, flight.ticket if flight else None, tuple(ring))


def _flight(lane: Lane, read: dict[str, Any]) -> Flight:
    ticket = Ticket(lane, parse_campaign(read["campaign"]), read["seq"], read["size"], read["token"])
    return Flight(ticket, read["until"], read["begun"], read["overdue"])


def _campaign(text: str) -> CampaignRecord:
    read = json.loads(text)
    pace = Pacing(read["dmin"], read["dmax"], read["cs"], read["cg"], read["batch"])
    return CampaignRecord(
        pace,
        read["next"],
        read["stop"],
        open=read["open"],
        start=read["start"],
        gate=read["gate"],
        last_end=read["ended"],
        flights=read["flights"],
        held=read["held"],
        gone=read["gone"],
        priority=read.get("prio", 0),
        why=read.get("why", Reason.START),
    )
