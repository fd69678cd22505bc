"""How often, and when, the sweepers of all workers looked at each campaign: for people only, nothing depends on it.

A note is forgotten an hour after the last look, so a campaign that is over leaves nothing behind; so does an
empty Redis, which counts anew.
"""

from collections.abc import Collection, Iterable

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.domain.views import Looks

KEPT_S = 3600


class LooksInRedis:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def note(self, campaigns: Iterable[int], now_ms: int) -> None:
        """One more look at each of these."""
        with our_words():
            batch = self._client.pipeline(transaction=False)
            for campaign in campaigns:
                name = keys.looks(campaign)
                batch.hincrby(name, "rounds", 1)
                batch.hset(name, "last", now_ms)
                batch.expire(name, KEPT_S)
            batch.execute()

    def of(self, campaigns: Collection[int]) -> dict[int, Looks]:
        """Those of these campaigns that are known."""
        with our_words():
            batch = self._client.pipeline(transaction=False)
            for campaign in campaigns:
                batch.hmget(keys.looks(campaign), "rounds", "last")
            found = batch.execute()
        noted = zip(campaigns, found, strict=True)
        return {campaign: Looks(int(rounds), int(last)) for campaign, (rounds, last) in noted if rounds and last}
