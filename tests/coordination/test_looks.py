"""How campaigns were looked after: counted, dated, and forgotten by themselves."""

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.looks import KEPT_S, LooksInRedis
from dispatcher.domain.views import Looks
from tests.coordination.conftest import START_MS


def test_looks_are_counted_for_each_campaign_and_the_last_is_dated(client: redis.Redis) -> None:
    LooksInRedis(client).note([7, 8], START_MS)
    LooksInRedis(client).note([8], START_MS + 5_000)
    assert LooksInRedis(client).of([7, 8, 9]) == {7: Looks(1, START_MS), 8: Looks(2, START_MS + 5_000)}


def test_a_campaign_that_nobody_looks_at_any_more_is_forgotten(client: redis.Redis) -> None:
    LooksInRedis(client).note([7], START_MS)
    assert 0 < client.ttl(keys.looks(7)) <= KEPT_S


def test_nobody_asks_about_no_campaign(client: redis.Redis) -> None:
    LooksInRedis(client).note([], START_MS)
    assert LooksInRedis(client).of([]) == {}
