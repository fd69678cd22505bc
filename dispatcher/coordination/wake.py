"""What a pacer sleeps on: it is woken when a lane is due earlier than it could know."""

import time
from collections.abc import Sequence

import redis
from redis.client import PubSub

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.domain.trouble import Unavailable


class Wakes:
    """A subscription to the wakes of some providers. One thread's; holds one connection of its own."""

    def __init__(self, client: redis.Redis, providers: Sequence[str]) -> None:
        self._client = client
        self._channels = [keys.wake(provider) for provider in providers]
        self._pubsub: PubSub | None = None
        self._due: dict[str, float] = {}

    def wait(self, timeout_s: float) -> set[str]:
        """The providers that have lanes due now by what was published; empty when `timeout_s` is over before.

        Raises Unavailable when the connection is lost; the next call subscribes anew, and first returns
        every provider once, for what was published in between was missed.
        """
        end = time.monotonic() + timeout_s
        if self._pubsub is None:
            self._subscribe()
        while True:
            now = time.monotonic()
            if due := {provider for provider, at in self._due.items() if at <= now}:
                for provider in due:
                    del self._due[provider]
                return due
            if now >= end:
                return set()
            self._hear(min([end, *self._due.values()]) - now)

    def close(self) -> None:
        if self._pubsub is not None:
            pubsub, self._pubsub = self._pubsub, None
            with our_words():
                pubsub.close()

    def _subscribe(self) -> None:
        with our_words():
            pubsub = PubSub(self._client.connection_pool, ignore_subscribe_messages=True)
            pubsub.subscribe(*self._channels)
        self._pubsub = pubsub
        self._due = {keys.provider_of_wake(channel): 0.0 for channel in self._channels}

    def _hear(self, timeout_s: float) -> None:
        """Listen for one message, at most so long."""
        if self._pubsub is None:
            return
        try:
            with our_words():
                message = self._pubsub.get_message(timeout=timeout_s)
        except Unavailable:
            self._drop()
            raise
        if message is not None and message["type"] == "message":
            provider = keys.provider_of_wake(str(message["channel"]))
            at = time.monotonic() + int(message["data"]) / 1000
            self._due[provider] = min(at, self._due.get(provider, at))

    def _drop(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            pubsub.close()


def listeners(client: redis.Redis, providers: Sequence[str]) -> dict[str, int]:
    """How many pacers listen for each provider's wakes; a dead worker's is gone with its connection."""
    with our_words():
        counted = client.pubsub_numsub(*map(keys.wake, providers))
    return {keys.provider_of_wake(str(channel)): int(count) for channel, count in counted}
