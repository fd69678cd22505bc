"""The pacer: two threads in every worker's main process, so that adding a worker adds pacing.

The first touches nothing but Redis (and the ledger's pulse, before it begins): it releases what is due for the
providers whose queues this worker reads, and sleeps until the next lane is due or a script wakes it. The second does
what needs the ledger: leases that ran out, the sweep, the rebuild. Couriers and the auditor run beside them. Any
number of pacers run at once; the scripts make that safe.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any

from celery import bootsteps

from dispatcher.domain.pacing import until_tick_ms
from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import ClockLost, DispatcherTrouble
from dispatcher.pipeline.apart import apart
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.feed import FEED_EVERY_S, feed
from dispatcher.pipeline.pace import pace, recover
from dispatcher.pipeline.pulse import Pulse
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.sweep import SWEEP_EVERY_S, Sweeper
from dispatcher.taskbus import provider_of
from dispatcher.telemetry import emit, trouble
from dispatcher.wiring import first_lookup_s, stations, wiring
from workers.auditor import keep_auditing
from workers.boot import wait_for_schema
from workers.couriers import Clearing, Crew

IDLE_S = 1.0  # a wake-up that was lost on the way costs at most this
FULL_S = 0.02  # there is no room: look again when workers have had time to take tickets up
TROUBLE_S = 0.5  # a server that does not answer is asked again
CHORE_WAIT_S = 0.2  # how late a stop may be noticed
ROOM_PER_SLOT = 4
"""Tickets that may be out for each slot of a worker with nobody at work on them. Of 32 slots and their crew 96 are in
work at once: no thread idles, and who comes last waits for few."""

Chore = tuple[str, Ticket] | None
"""A lease that ran out, with its provider; None: Redis lost its memory, rebuild it."""


class Releaser:
    """Releases due lanes and hands chores on."""

    def __init__(
        self, providers: list[str], room: int, chores: "SimpleQueue[Chore]", halted: Event, pulse: Pulse
    ) -> None:
        self._providers = providers
        self._pulse = pulse
        self._room = room
        self._chores = chores
        self._halted = halted
        self._wakes = wiring().wakes(providers)
        self._look_at = dict.fromkeys(providers, 0.0)
        self._sure = False  # that Redis is the server whose memory was built up, not an older copy of it

    def run(self) -> None:
        while not self._halted.is_set():
            try:
                self._make_sure()
                self._round()
            except ClockLost:
                self._chores.put(None)
                self._halted.wait(TROUBLE_S)
            except Exception as error:
                self._sure = False
                report(error)
                wiring().renew_connections()
                self._halted.wait(TROUBLE_S)
        self._wakes.close()

    def _make_sure(self) -> None:
        """After any trouble: a server that was restarted, or that took over, may lack the last second."""
        if not self._sure:
            if not wiring().builder.is_ours():
                raise ClockLost("Redis was restarted or replaced")
            self._sure = True
        if not self._pulse.is_fresh:
            self._pulse.beat()

    def _round(self) -> None:
        for name in self._providers:
            if self._look_at[name] <= monotonic():
                wait_s = self._release(name)  # which takes milliseconds itself
                self._look_at[name] = monotonic() + wait_s
        sleep_s = max(0.0, min(self._look_at.values()) - monotonic())
        for woken in self._wakes.wait(sleep_s):
            self._look_at[woken] = 0.0

    def _release(self, name: str) -> float:
        """Seconds until this provider is worth another look."""
        released = pace(stations(), name, self._room)
        for ticket in released.overdue:
            self._chores.put((name, ticket))
        if released.full:
            return FULL_S
        return min(IDLE_S, until_tick_ms(stations().now_ms(), released.wait_ms) / 1000)


class Caretaker:
    """Does the chores, and sweeps every few seconds."""

    def __init__(self, built: Stations, chores: "SimpleQueue[Chore]", halted: Event, pulse: Pulse) -> None:
        self._stations = built
        self._pulse = pulse
        self._chores = chores
        self._halted = halted
        self._sweeper = Sweeper(built, first_lookup_s, pulse.providers)
        self._clear = Clearing(wiring().callbacks.clear)

    def run(self) -> None:
        sweep_at = feed_at = monotonic()
        while not self._halted.is_set():
            try:
                self._do_chores()
                if monotonic() >= feed_at:
                    feed_at = monotonic() + FEED_EVERY_S
                    feed(self._stations)
                if self._pulse.is_due and wiring().builder.is_ours():
                    self._pulse.beat()
                if monotonic() >= sweep_at:
                    sweep_at = monotonic() + SWEEP_EVERY_S
                    self._sweeper.sweep()
                    self._clear()
            except Exception as error:
                report(error)
                self._halted.wait(TROUBLE_S)

    def _do_chores(self) -> None:
        """Those that wait now: while new ones come all the time, the others want their turn too."""
        with suppress(Empty):
            for _ in range(max(1, self._chores.qsize())):
                chore = self._chores.get(timeout=CHORE_WAIT_S)
                with apart(_chore_broken):
                    self._do(chore)

    def _do(self, chore: Chore) -> None:
        if chore is None:
            wiring().rebuild_clock()
            return
        name, ticket = chore
        if recover(self._stations, name, ticket, first_lookup_s(name)):
            complete(self._stations, name, ticket.campaign)


def _chore_broken(error: Exception) -> None:
    emit("chore.broken", "error", exc_info=error)


def report(error: Exception) -> None:
    """Trouble with a server is told while it lasts; a fault of ours is shown whole. The pacer goes on."""
    if isinstance(error, DispatcherTrouble):
        trouble(error)
    else:
        emit("pacer.broken", "error", exc_info=error)


class PacerStep(bootsteps.StartStopStep):
    """Celery's hook: the pacer starts with the worker's pool and stops before it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_: Any) -> None:
        self._halted = Event()
        self._threads: list[Thread] = []

    def start(self, worker: Any) -> None:
        emit("process.started", process="worker")
        wait_for_schema(wiring().schema_fits)
        queues = worker.app.amqp.queues.consume_from
        providers = [name for name in map(provider_of, queues) if name is not None]
        chores: SimpleQueue[Chore] = SimpleQueue()
        pulse = Pulse(stations(), providers)
        if providers:
            releaser = Releaser(providers, worker.concurrency * ROOM_PER_SLOT, chores, self._halted, pulse)
            self._run("pacer", releaser.run)
        self._run("caretaker", Caretaker(stations(), chores, self._halted, pulse).run)
        self._run("auditor", partial(keep_auditing, wiring().auditor(), report, self._halted))
        self._run("couriers", Crew(wiring().courier(), report, self._halted).run)

    def stop(self, worker: Any) -> None:
        self._halted.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def terminate(self, worker: Any) -> None:
        self.stop(worker)

    def _run(self, name: str, target: Callable[[], None]) -> None:
        thread = Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
