"""A process that dies on purpose, before or after any call of a port: what it leaves behind can then be looked at.

    DISPATCHER_DIE_AT=messages.claim:after:3      killed right after the third claim
    DISPATCHER_DIE_AT=caller.call:before          killed right before the first call of a provider
    DISPATCHER_DIE_AT=suppressed:after:1:stop     stopped (SIGSTOP) after the first such question

The names are those of `pipeline.stations.Stations` and of the methods in `pipeline.ports`. Without the setting
nothing is wrapped: a send pays nothing for it.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import count
from typing import Any, NamedTuple

from dispatcher.pipeline.stations import Stations

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Moment(NamedTuple):
    """The `number`th call (from 1) of a port's verb, or ("") of a port that is a function; what it is to get."""

    port: str
    verb: str
    after: bool
    number: int = 1
    blow: signal.Signals = signal.SIGKILL


def read_moment(written: str) -> Moment:
    """`<port>[.<verb>]:before|after[:<number>[:kill|stop]]`. Raises ValueError that names the part."""
    name, *rest = written.split(":")
    port, _, verb = name.partition(".")
    if port not in {one.name for one in fields(Stations)}:
        raise ValueError(f"there is no port {port!r}")
    if not 1 <= len(rest) <= 3:
        raise ValueError("it must be <port>.<verb>:before|after:<number>:kill|stop")
    when, number, blow = (*rest, *("1", "kill")[len(rest) - 1 :])
    if when not in ("before", "after"):
        raise ValueError(f"{when!r} is neither before nor after")
    if not number.isdecimal() or not int(number):
        raise ValueError(f"{number!r} is no number of a call")
    if blow not in _SIGNALS:
        raise ValueError(f"{blow!r} is neither kill nor stop")
    return Moment(port, verb, when == "after", int(number), _SIGNALS[blow])


def tripped(stations: Stations, moment: Moment) -> Stations:
    """The stations with a tripwire at that moment. Raises AttributeError when the port has no such verb."""
    port = getattr(stations, moment.port)
    wired: dict[str, Any] = {moment.port: _Wired(port, moment) if moment.verb else _tripping(port, moment)}
    return replace(stations, **wired)


class _Wired:
    def __init__(self, port: Any, moment: Moment) -> None:
        self._port = port
        setattr(self, moment.verb, _tripping(getattr(port, moment.verb), moment))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def _tripping(verb: Callable[..., Any], moment: Moment) -> Callable[..., Any]:
    calls = count(1)

    def tripping(*args: Any, **kwargs: Any) -> Any:
        due = next(calls) == moment.number
        if due and not moment.after:
            os.kill(os.getpid(), moment.blow)
        answer = verb(*args, **kwargs)
        if due and moment.after:
            os.kill(os.getpid(), moment.blow)
        return answer

    return tripping
