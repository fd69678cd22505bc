"""Loads lua/*.lua, one verb a file, and calls them by SHA (EVALSHA; loaded again when the server forgot them).

A file that starts with `_` is no verb: it is put in front of those that stand on it. `#!lua` makes a server
that is out of memory refuse a script before its first write instead of in the middle.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import redis
from redis.exceptions import NoScriptError

from dispatcher.coordination.connection import our_words
from dispatcher.together import Together

LANE_VERBS = (
    "plan",
    "release",
    "take_up",
    "begin",
    "depart",
    "spare",
    "silent_ms",
    "finish",
    "skip",
    "forget",
    "hold_campaign",
    "resume_campaign",
    "hold_lanes",
    "resume_lanes",
    "lift_rests",
    "file_retries",
    "idle",
    "waiting",
    "rest_lanes",
    "put_flight",
)
LOCK_VERBS = ("lock_take", "lock_give_back", "lock_lift", "lock_extend")
CIRCUIT_VERBS = ("circuit_ask", "circuit_tell")
EPOCH_VERBS = ("epoch_set", "locks_put")
LANDING = ("finish", "skip")


def _read(name: str) -> str:
    return files(__package__).joinpath("lua", f"{name}.lua").read_text("utf-8")


@lru_cache(maxsize=64)
def source(verb: str) -> str:
    """The whole text of a verb as the server gets it."""
    parts = ["_lanes"] * (verb in LANE_VERBS) + ["_land"] * (verb in LANDING)
    parts += ["_locks"] * (verb in LOCK_VERBS) + ["_circuits"] * (verb in CIRCUIT_VERBS)
    return "\n".join(["#!lua", *map(_read, parts), _read(verb)])


Asked = tuple[str, Sequence[str], Sequence[str | int]]
"""A verb, its keys and its arguments."""

MOST_AT_ONCE = 64


class Scripts:
    """The verbs as calls: keys and arguments in, the script's answer out; raises Unavailable or ClockLost.

    What many threads call at the same moment goes in one round trip, each as a script of its own.
    """

    def __init__(self, client: redis.Redis, verbs: Sequence[str]) -> None:
        self._client = client
        self._scripts = {verb: client.register_script(source(verb)) for verb in verbs}
        self._together: Together[Asked, Any] = Together(self._all, lambda asked: None, MOST_AT_ONCE)

    def __call__(self, verb: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        with our_words():
            answer = self._together((verb, keys, args))
            if isinstance(answer, Exception):
                raise answer
            return answer

    def all(self, asked: Sequence[Asked]) -> list[Any]:
        """The answers of several, in one round trip."""
        with our_words():
            answers = [told() for told in self._together.all(asked)]
            for error in filter(lambda answer: isinstance(answer, Exception), answers):
                raise error
            return answers

    def _all(self, asked: Sequence[Asked]) -> list[Any]:
        """The answer of each, or what it failed with; raises what keeps all of them from an answer."""
        if len(asked) == 1:
            return [self._one(asked[0])]
        trip = self._client.pipeline(transaction=False)
        for verb, keys, args in asked:
            trip.evalsha(self._scripts[verb].sha, len(keys), *keys, *args)
        answers = trip.execute(raise_on_error=False)
        return [
            self._one(one) if isinstance(answer, NoScriptError) else answer
            for one, answer in zip(asked, answers, strict=True)
        ]

    def _one(self, asked: Asked) -> Any:
        verb, keys, args = asked
        try:
            return self._scripts[verb](keys=keys, args=args)
        except redis.exceptions.ResponseError as error:
            return error
