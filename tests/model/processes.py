"""What each process of an installation does, as `workers` and the doors do it, with ports that stand still."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.tickets import Released, Ticket
from dispatcher.domain.trouble import ClockLost, DispatcherTrouble
from dispatcher.ledger.survivors import alone
from dispatcher.pipeline import steer
from dispatcher.pipeline.begin import begin
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.decide import decide
from dispatcher.pipeline.doubt import resolve
from dispatcher.pipeline.pace import pace, recover
from dispatcher.pipeline.passage import Passage
from dispatcher.pipeline.rebuild import rebuild
from dispatcher.pipeline.reply import process, receive
from dispatcher.pipeline.send import send
from dispatcher.pipeline.settle import settle
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.sweep import Sweeper
from dispatcher.producer import submit
from dispatcher.providers.registry import provider as known
from tests.journey.bodies import NAME, campaign
from tests.model.place import PROVIDER, Place
from tests.model.provider import Provider
from tests.model.setting import Campaign, Setting
from tests.model.stepping import Actor, Stepped

PACES = known(PROVIDER).paces_batches
ROOM = 100

Bend = Callable[[Stations], Stations]
Job = tuple[Ticket, ...]
Chore = Ticket | None
"""A lease that ran out; None: Redis' memory is to be built up."""


class Broker:
    """The task bus: what is published waits here until a play has it taken, lost or doubled."""

    def __init__(self, tickets_a_job: int) -> None:
        self._tickets_a_job = tickets_a_job
        self.jobs: list[Job] = []
        self.events: list[tuple[str, Any]] = []

    def sends(self, provider: str, tickets: Sequence[Ticket]) -> None:
        many = self._tickets_a_job
        self.jobs += [tuple(tickets[first : first + many]) for first in range(0, len(tickets), many)]

    def inbound(self, event_ids: Sequence[int]) -> None:
        self.events += [("event", number) for number in event_ids]

    def doubts(self, jobs: Sequence[tuple[int, str]]) -> None:
        self.events += [("doubt", job) for job in jobs]

    def polls(self, firsts: Sequence[MessageId]) -> None:
        self.events += [("poll", first) for first in firsts]


class SureClock:
    """As the pacers' loop: nothing is released by who has not made sure that this memory is that of its server."""

    def __init__(self, clock: Any, is_ours: Callable[[], bool]) -> None:
        self._clock, self._is_ours = clock, is_ours

    def release(self, provider: str, room: int, limit: int) -> Released:
        if not self._is_ours():
            raise ClockLost("another server")
        released: Released = self._clock.release(provider, room, limit)
        return released


class Processes:
    """`ports` are shared by all; each actor works with them through its own `stations`. `chores` wait for a caretaker;
    `idle` says that pacers have nothing to release."""

    def __init__(
        self, place: Place, setting: Setting, provider: Provider, bend: Callable[[Stations], Stations]
    ) -> None:
        self._place, self._setting, self._provider = place, setting, provider
        self.broker = Broker(setting.tickets_a_job)
        self.chores: list[Chore] = []
        self.idle = False
        caller: Any = provider
        self.ports = bend(replace(place.stations(), bus=self.broker, caller=caller))
        sure: Any = SureClock(self.ports.clock, place.builder().is_ours)
        self.pacers_ports = replace(self.ports, clock=sure)
        self.sweeper = Sweeper(self.ports, lambda name: self._first_lookup_s, [PROVIDER])

    @property
    def _first_lookup_s(self) -> float | None:
        return self._setting.lookup_waits_s[0] if self._setting.lookup_waits_s else None

    def worker(self, job: Job, actor: Actor) -> None:
        """The calls of a job are made one after the other here: they do not look at each other."""
        called: list[Passage] = []
        for passage in begin(actor.stations, PROVIDER, job, PACES):
            actor.lane = passage.ticket.lane
            with self._told(actor):
                send(actor.stations, passage)
                called.append(passage)
        for over in settle(actor.stations, called, self._first_lookup_s, PACES) if called else []:
            complete(actor.stations, PROVIDER, over)
        for failure in (passage.failure for passage in called if passage.failure):
            raise failure

    @contextmanager
    def _told(self, actor: Actor) -> Iterator[None]:
        """What a server's trouble keeps one from does not keep the others, as in the crew."""
        try:
            yield
        except DispatcherTrouble as trouble:
            actor.trouble = trouble

    def pacer(self, actor: Actor) -> None:
        try:
            released = pace(actor.stations, PROVIDER, ROOM)
        except ClockLost:
            self.chores.append(None)
            return
        self.chores += released.overdue
        self.idle = not (released.tickets or released.overdue)

    def caretaker(self, chore: Chore, actor: Actor) -> None:
        if chore is None:
            self._rebuild(actor)
        elif recover(actor.stations, PROVIDER, chore, self._first_lookup_s):
            complete(actor.stations, PROVIDER, chore.campaign)

    def _rebuild(self, actor: Actor) -> None:
        builder: Any = Stepped(actor, "builder", self._place.builder())
        survivors: Any = Stepped(actor, "survivors", self._place.survivors())
        rebuild(actor.stations, builder, survivors, partial(alone, self._place.engine))

    def reader(self, event: tuple[str, Any], actor: Actor) -> None:
        """The jobs of the events queue; this provider has nothing to poll."""
        kind, what = event
        if kind == "event":
            process(actor.stations, what)
        elif kind == "doubt":
            campaign, job = what
            resolve(actor.stations, campaign, job, self._setting.lookup_waits_s)

    def sweep(self, actor: Actor) -> None:
        self.sweeper.stations = actor.stations
        self.sweeper.sweep()

    def reply(self, client: str, at_ms: int, actor: Actor) -> None:
        """A door that is told what a client has written."""
        receive(actor.stations, None, [InboundEvent(InboundKind.REPLY, f"reply:{at_ms}", at_ms, key=client)])

    def web(self, handed_over: Campaign, actor: Actor) -> None:
        """A door that an app hands a campaign to, and that hands it on."""
        people, said = handed_over
        submit(actor.stations, NAME, campaign(people, **said), "the same key")

    def operator(self, order: str, actor: Actor) -> None:
        """Says it of the first campaign."""
        stations, number = actor.stations, self._place.campaigns[0]
        book: Any = Stepped(actor, "book", self._place.wiring.campaigns)
        orders: dict[str, Callable[[], object]] = {
            "pause": lambda: steer.pause(stations, book, number),
            "resume": lambda: steer.resume(stations, book, number),
            "cancel": lambda: steer.cancel(stations, book, number),
            "retry": lambda: steer.retry_failed(stations, book, number),
            "decide": lambda: self._decide(actor),
        }
        orders[order]()

    def _decide(self, actor: Actor) -> None:
        """By an operator who knows the truth about the first message in doubt."""
        rows = self._place.rows(
            "SELECT campaign_id, seq, phone_key FROM message WHERE state = 'in_doubt' ORDER BY 1, 2"
        )
        if rows:
            message = MessageId(rows[0].campaign_id, rows[0].seq)
            fate = Fate.SENT if self._provider.arrived(message) else Fate.RETRY
            book: Any = Stepped(actor, "doubt_book", self._place.wiring.doubts)
            decide(actor.stations, book, message, fate, [("global", rows[0].phone_key)])
