"""What the auditor reads in Redis: nothing is written, and no call looks at more than a few thousand entries."""

import json
from collections.abc import Sequence
from typing import Any

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.coordination.epoch import clock_is_ours
from dispatcher.coordination.locks import DIGITS, PURPOSE
from dispatcher.domain.audit.campaigns import Known
from dispatcher.domain.audit.flights import Flown, Queue
from dispatcher.domain.audit.locks import Held
from dispatcher.domain.ids import MalformedId, MessageId, campaign_text, parse_campaign, parse_lane, parse_message
from dispatcher.domain.tickets import Ticket, send_queue
from dispatcher.secrecy import Secrecy

AT_ONCE = 200  # campaigns a transaction: Redis serves nobody else meanwhile
NOBODY = MessageId(0, 0)
FOR_EVER_MS = 1 << 50
MOST_COVERED = 10_000  # messages of one campaign that went back unsent: more than any installation's slots


class AuditedClock:
    """`pipeline.ports.audit.AuditedClock` and `AuditedKeys`. Raises Unavailable."""

    def __init__(self, client: redis.Redis, secrecy: Secrecy) -> None:
        self._client = client
        self._secrecy = secrecy

    # ------------------------------------------------------------ the lane clock

    def epoch(self) -> str | None:
        """Names the memory that is there; None: it is not complete, or another server's."""
        with our_words():
            epoch: Any = self._client.get(keys.EPOCH)
        return epoch if epoch and clock_is_ours(self._client) else None

    def flights(self, provider: str) -> list[Flown]:
        clock, _, flights, *_ = keys.memory(provider)
        with our_words():
            flying: Any = self._client.hgetall(flights)
            scores: Any = self._client.zmscore(clock, list(flying)) if flying else []
        return [_flown(provider, lane, flying[lane], score) for lane, score in zip(flying, scores, strict=True)]

    def queue(self, provider: str) -> Queue:
        flights = keys.memory(provider)[2]
        with our_words():
            batch = self._client.pipeline(transaction=True)
            batch.llen(send_queue(provider))
            batch.hlen(flights)
            jobs, in_flight = batch.execute()
        return Queue(provider, jobs, in_flight)

    def known(self, provider: str, campaigns: Sequence[int]) -> dict[int, Known]:
        """Those of these campaigns that the clock knows, with their flights as of the same moment."""
        found: dict[int, Known] = {}
        for first in range(0, len(campaigns), AT_ONCE):
            found |= self._known(provider, campaigns[first : first + AT_ONCE])
        return found

    def covered(self, provider: str, campaign: int) -> list[tuple[int, int]]:
        """(first, size) of the campaign's messages that are in flight, or may leave at once."""
        _, _, flights, _, _, retries, *_ = keys.memory(provider)
        name = campaign_text(campaign)
        with our_words():
            batch = self._client.pipeline(transaction=True)
            batch.hvals(flights)
            batch.zrangebylex(retries, f"[{name}:", f"({name};", start=0, num=MOST_COVERED)
            flying, filed = batch.execute()
        out = [one for one in map(json.loads, flying) if one["campaign"] == name]
        waiting = [member.split(":") for member in filed]
        return [(one["seq"], one["size"]) for one in out] + [(int(seq), int(size)) for _, _, seq, size in waiting]

    # ------------------------------------------------------------ locks

    def lock_names(self, place: int, limit: int) -> tuple[list[str], int]:
        """About so many locks, `<scope>:<digest>`, behind a place, and the next place; 0: from the first again."""
        with our_words():
            answer: Any = self._client.scan(cursor=place, match=keys.LOCKS, count=limit)
        following, found = answer
        return [name.removeprefix(keys.LOCKS[:-1]) for name in found], int(following)

    def lock_name(self, scope: str, key: str) -> str:
        return f"{scope}:{self._secrecy.digest(PURPOSE, key, DIGITS)}"

    def locks(self, names: Sequence[str]) -> dict[str, Held]:
        """Those of these locks that are there."""
        with our_words():
            batch = self._client.pipeline(transaction=False)
            for name in names:
                batch.get(keys.lock(*_split(name)))
                batch.pttl(keys.lock(*_split(name)))
            answers = iter(batch.execute())
        read = ((name, _held(text, lasts)) for name, text, lasts in zip(names, answers, answers, strict=False))
        return {name: held for name, held in read if held is not None}

    # ------------------------------------------------------------

    def _known(self, provider: str, campaigns: Sequence[int]) -> dict[int, Known]:
        _, _, flights, records, _, retries, *_ = keys.memory(provider)
        names = list(map(campaign_text, campaigns))
        with our_words():
            batch = self._client.pipeline(transaction=True)
            batch.hmget(records, names)
            batch.hvals(flights)
            for name in names:
                batch.zlexcount(retries, f"[{name}:", f"({name};")
            texts, flying, *waiting = batch.execute()
        out = [json.loads(one)["campaign"] for one in flying]
        rows = zip(campaigns, names, texts, waiting, strict=True)
        return {number: _record(text, out.count(name), many) for number, name, text, many in rows if text}


def _record(text: str, out: int, waiting: int) -> Known:
    read = json.loads(text)
    return Known(read["next"], read["held"], read["gone"], read["flights"], out, waiting)


def _flown(provider: str, lane: str, text: str, score: float | None) -> Flown:
    read = json.loads(text)
    ticket = Ticket(parse_lane(lane), parse_campaign(read["campaign"]), read["seq"], read["size"], read["token"])
    return Flown(provider, ticket, read["until"], None if score is None else int(score))


def _held(text: str | None, lasts_ms: int) -> Held | None:
    """What cannot be read is nobody's, for ever. PTTL of a key that never expires is -1."""
    if text is None:
        return None
    lasts = None if lasts_ms == -1 else lasts_ms
    try:
        holder, taken, until = text.split("|")
        return Held(parse_message(holder), int(taken), int(until), lasts)
    except (MalformedId, ValueError):
        return Held(NOBODY, 0, FOR_EVER_MS, lasts)


def _split(name: str) -> tuple[str, str]:
    scope, _, digest = name.rpartition(":")
    return scope, digest
