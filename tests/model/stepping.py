"""Actors: pieces of real code, each in a thread of its own that stands still before every call of a port.

One thread runs at any time, the scheduler's or one actor's, so a play is decided by who is let go on. A process that
dies before a call has died after the one before it: between two calls of ports nothing happens that others could see.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from threading import Semaphore, Thread
from typing import Any

from dispatcher.domain.ids import Lane
from dispatcher.domain.trouble import DispatcherTrouble, Unavailable
from dispatcher.pipeline.stations import Stations

STUCK_AFTER_S = 120.0  # a call of a port takes milliseconds; the machine may be held up
FREE = {"caller", "campaign", "account", "sender", "batch", "now_ms", "pause", "jitter", "leads_url", "circuits"}
FREE |= {"looked_at"}
"""Ports of `Stations` that an actor does not stand still before: nothing that others do changes what they answer; the
caller stands still by itself."""


class Died(BaseException):
    """The process is gone: none of its code runs any more."""


class Actor:
    """`body` gets the actor, whose `stations` it works with. `at` names the call that it stands before; `lane` is that
    of its job."""

    def __init__(self, name: str, body: Callable[["Actor"], None], stations: Stations) -> None:
        self.name = name
        self.at = "its start"
        self.lane: Lane | None = None
        self.over = False
        self._cut = ""
        self.trouble: DispatcherTrouble | None = None
        self.broken: BaseException | None = None
        self.stations = stepped(stations, self)
        self._dead = False
        self._go, self._back = Semaphore(0), Semaphore(0)
        self._body = body
        Thread(target=self._run, name=name, daemon=True).start()
        self.go_on()

    def go_on(self, cut: str = "") -> None:
        """Make the call that it stands before, up to the next. `cut`: the way to the server breaks "before" or "after"
        its effect."""
        self._cut = cut
        self._go.release()
        if not self._back.acquire(timeout=STUCK_AFTER_S):
            raise RuntimeError(f"{self.name} stands still in {self.at}")

    @property
    def died(self) -> bool:
        return self._dead

    def die(self) -> None:
        self._dead = True
        self.go_on()

    def stand(self, at: str) -> None:
        """For the actor's own thread: let others go on, until it is its turn to call `at`."""
        if not self._dead:
            self.at = at
            self._back.release()
            self._go.acquire()
        if self._dead:
            raise Died

    def call(self, at: str, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A call that others may come before."""
        self.stand(at)
        if self._cut == "before":
            raise Unavailable("cut before the effect")
        answer = verb(*args, **kwargs)
        if self._cut == "after":
            raise Unavailable("cut after the effect")
        return answer

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._body(self)
        except Died:
            pass
        except DispatcherTrouble as trouble:
            self.trouble = trouble
        except BaseException as error:
            self.broken = error
        self.over = True
        self._back.release()


class Stepped:
    """A port before each of whose verbs its actor stands still."""

    def __init__(self, actor: Actor, name: str, port: Any) -> None:
        self._actor, self._name, self._port = actor, name, port

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        real, at = getattr(self._port, verb), f"{self._name}.{verb}"
        return lambda *args, **kwargs: self._actor.call(at, real, *args, **kwargs)


def stepped(stations: Stations, actor: Actor) -> Stations:
    ports = {one.name: getattr(stations, one.name) for one in fields(Stations) if one.name not in FREE}
    wrapped: dict[str, Any] = {name: _wrapped(actor, name, port) for name, port in ports.items()}
    caller: Any = stations.caller
    return replace(stations, **wrapped, caller=caller.of(actor) if hasattr(caller, "of") else caller)


def _wrapped(actor: Actor, name: str, port: Any) -> Any:
    return (lambda *args: actor.call(name, port, *args)) if callable(port) else Stepped(actor, name, port)
