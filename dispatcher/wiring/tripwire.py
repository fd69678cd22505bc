"""A process that dies on purpose, at any call of a port: what it leaves behind can then be looked at.

    DISPATCHER_DIE_AT=messages.claim:after:3      killed right after the third claim
    DISPATCHER_DIE_AT=caller.call:before          killed right before the first call of a provider
    DISPATCHER_DIE_AT=caller.call:during          killed while it waits for the provider's answer
    DISPATCHER_DIE_AT=campaigns.cancel:within:2   killed when the second statement of a cancel was carried out
    DISPATCHER_DIE_AT=suppressed:after:1:stop     stopped (SIGSTOP) after the first such question

The names are those of `pipeline.stations.Stations`, of what else `Wiring` hands out (`BESIDE`), and of their methods.
Any process can be told so: web, worker with its pacer and couriers, command. Without the setting nothing is wrapped: a
send pays nothing for it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from itertools import count
from threading import Timer, local
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Engine, event

from dispatcher.pipeline.stations import Stations

T = TypeVar("T")

BESIDE = ("builder", "callbacks", "changes", "folders", "suppressions")
"""The rebuild's builder, the couriers' book, the book of changes, that of folders, that of suppressions."""

_FIELDS = {one.name for one in fields(Stations)}
WHEN = ("before", "after", "during", "within")
DURING_S = 0.3  # into the call: the provider has it by then, and must be slow to answer

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Moment(NamedTuple):
    """The `number`th call (from 1) of a port's verb, or ("") of a port that is a function; what it is to get.

    `when` is one of WHEN; `within` counts the statements that the ledger carried out for the verb instead of its calls.
    """

    port: str
    verb: str
    when: str
    number: int = 1
    blow: signal.Signals = signal.SIGKILL


def read_moment(written: str) -> Moment:
    """`<port>[.<verb>]:before|after|during|within[:<number>[:kill|stop]]`. Raises ValueError that names the part."""
    name, *rest = written.split(":")
    port, _, verb = name.partition(".")
    if port not in _FIELDS | set(BESIDE):
        raise ValueError(f"there is no port {port!r}")
    if not 1 <= len(rest) <= 3:
        raise ValueError("it must be <port>.<verb>:before|after|during|within:<number>:kill|stop")
    when, number, blow = (*rest, *("1", "kill")[len(rest) - 1 :])
    if when not in WHEN:
        raise ValueError(f"{when!r} is none of {', '.join(WHEN)}")
    if not number.isdecimal() or not int(number):
        raise ValueError(f"{number!r} is no number of a call")
    if blow not in _SIGNALS:
        raise ValueError(f"{blow!r} is neither kill nor stop")
    return Moment(port, verb, when, int(number), _SIGNALS[blow])


class Tripwire:
    """Lies around one port, the moment's; what it is called with otherwise is given back as it is."""

    def __init__(self, moment: Moment | None) -> None:
        self._moment = moment
        self._calls = count(1)

    @classmethod
    def of(cls, written: str) -> "Tripwire":
        return cls(read_moment(written) if written else None)

    def __call__(self, name: str, port: T) -> T:
        """The port of that name, wrapped or not. Raises AttributeError when it has no such verb."""
        moment = self._moment
        if moment is None or name != moment.port:
            return port
        wrap = partial(_WRAPPERS.get(moment.when, _around), moment, self._calls)
        wrapped: Any = _Wired(port, moment.verb, wrap) if moment.verb else wrap(port)
        return wrapped  # type: ignore[no-any-return]  # it stands in for the port

    def around(self, stations: Stations) -> Stations:
        """The stations with the moment's port wrapped, unless it came so."""
        name = self._moment.port if self._moment else ""
        if name in _FIELDS and not isinstance(port := getattr(stations, name), _Wired):
            wired: dict[str, Any] = {name: self(name, port)}
            return replace(stations, **wired)
        return stations


class _Wired:
    def __init__(self, port: Any, verb: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        self._port = port
        setattr(self, verb, wrap(getattr(port, verb)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def _strike(moment: Moment) -> None:
    os.kill(os.getpid(), moment.blow)


def _around(moment: Moment, calls: "count[int]", verb: Callable[..., Any]) -> Callable[..., Any]:
    def tripping(*args: Any, **kwargs: Any) -> Any:
        due = next(calls) == moment.number
        if due and moment.when == "before":
            _strike(moment)
        answer = verb(*args, **kwargs)
        if due and moment.when == "after":
            _strike(moment)
        return answer

    return tripping


def _during(moment: Moment, calls: "count[int]", verb: Callable[..., Any]) -> Callable[..., Any]:
    def tripping(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == moment.number:
            Timer(DURING_S, _strike, [moment]).start()
        return verb(*args, **kwargs)

    return tripping


def _within(moment: Moment, statements: "count[int]", verb: Callable[..., Any]) -> Callable[..., Any]:
    """Of this thread's statements only: others work meanwhile."""
    inside = local()

    def carried_out(*_: Any) -> None:
        if getattr(inside, "verb", False) and next(statements) == moment.number:
            _strike(moment)

    event.listen(Engine, "after_cursor_execute", carried_out)

    @contextmanager
    def marked() -> Iterator[None]:
        inside.verb = True
        try:
            yield
        finally:
            inside.verb = False

    def tripping(*args: Any, **kwargs: Any) -> Any:
        with marked():
            return verb(*args, **kwargs)

    return tripping


_WRAPPERS = {"during": _during, "within": _within}
