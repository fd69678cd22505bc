"""One interleaving of a world: at each step the next move is drawn from all that could happen now.

The first of the moves is what happens when nothing goes wrong: whoever is at work goes on, what waits is taken up, and
time passes when there is nothing else to do. Others are who else could go on; the last ones are surprises. In the end
the play comes to rest: nothing more goes wrong, operators let go on what they held, sweepers mend what fell.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from dispatcher.coordination import keys
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline import steer
from dispatcher.pipeline.stations import Stations
from tests.model.place import PROVIDER, Place
from tests.model.processes import Processes
from tests.model.provider import Provider
from tests.model.setting import Setting
from tests.model.stepping import Actor

STALL_MS = 70_000  # longer than any lease of an account with a time-out of a second
SOON_MS = 65_000  # what comes within this time a play waits for; for the rest it comes to rest first
AGES = 4  # how many changes a server may be behind that takes over
MOST_MENDS = 60  # sweeps and leaps of time until a play is at rest; a few are enough for a world of this size
NEVER_MS = 10**15
A_WHILE_MS = 30_000  # nothing is due, but something may be forgotten

OPEN = """
SELECT FROM campaign WHERE finished_at IS NULL
UNION ALL SELECT FROM message WHERE state = 'in_doubt' AND due_at IS NOT NULL
UNION ALL SELECT FROM inbound_event WHERE processed_at IS NULL
"""
NEXT_DUE = "SELECT min(due_at) AS at FROM message WHERE state IN ('pending', 'in_doubt') AND due_at > now()"

SERVERS = ("clock", "control", "messages", "lock_book", "locks")
"""Ports whose way may be cut: the steps of a send."""

Pick = Callable[[int], int]
"""Draws one of so many; 0: what happens when nothing goes wrong."""


class Move(NamedTuple):
    name: str
    do: Callable[[], Any]


class Play:
    """`bend` changes the ports that all actors work with: a world in which a guard is missing."""

    def __init__(self, place: Place, setting: Setting, pick: Pick, bend: Callable[[Stations], Stations]) -> None:
        self.place, self.setting, self._pick = place, setting, pick
        self.provider = Provider(lambda: place.now_ms, self._answer, setting)
        self.actors: list[Actor] = []
        self.log: list[str] = []
        self._left = Counter(setting.may)
        self._orders = list(setting.orders)
        self._names: Counter[str] = Counter()
        self._memories: list[dict[bytes, bytes]] = []
        self._swept = self._at_rest = False
        place.put_up()
        self._processes = Processes(place, setting, self.provider, bend)

    @property
    def broken(self) -> list[str]:
        bugs = [f"{one.name} broke: {one.broken!r}" for one in self.actors if one.broken is not None]
        return self.provider.broken + bugs

    def run(self) -> None:
        """Play on until nothing more can happen, then come to rest; stops at the first broken promise."""
        for _ in range(self.setting.steps):
            moves = self._moves()
            if not moves or self.broken:
                break
            self._make(moves[self._pick(len(moves))])
        self._come_to_rest()
        for actor in self._at_work():  # after a broken promise some still stand
            actor.die()

    def _make(self, move: Move) -> None:
        self.log.append(move.name)
        move.do()
        if self._left["older"] > 0:
            memory = self.place.remembered()
            if memory not in self._memories[-1:]:
                self._memories = [*self._memories[-AGES:], memory]

    def _moves(self) -> list[Move]:
        ordinary = list(self._ordinary()) or list(self._waits())
        return [*ordinary, *self._surprises()] if ordinary else []

    def _at_work(self, kind: str = "") -> list[Actor]:
        return [actor for actor in self.actors if not actor.over and actor.name.startswith(kind)]

    # ------------------------------------------------------------ what happens when nothing goes wrong

    def _ordinary(self) -> Iterator[Move]:
        """All that is to be done now, by whoever does it; who began last goes on first."""
        does = self._processes
        for actor in reversed(self._at_work()):
            yield Move(f"{actor.name} goes on: {actor.at}", partial(self._go_on, actor))
        for chore in does.chores[:1]:
            taken = partial(self._take, does.chores, chore, "caretaker", does.caretaker)
            yield Move("a chore is taken up", taken)
        if len(self._at_work("worker")) < self.setting.workers:
            for job in does.broker.jobs[:2]:
                taken = partial(self._take, does.broker.jobs, job, "worker", does.worker)
                yield Move(f"job {job[0].seq} is taken", taken)
        for event in does.broker.events[:1]:
            taken = partial(self._take, does.broker.events, event, "reader", does.reader)
            yield Move(f"{event[0]} is taken up", taken)
        if not does.idle and not self._at_work("pacer"):
            yield Move("a pacer looks", self._look)

    def _waits(self) -> Iterator[Move]:
        """Time passes until something is due."""
        wait_ms = max(1, self.place.next_due_ms() - self.place.now_ms)
        if wait_ms <= SOON_MS:
            yield Move(f"{wait_ms} ms pass", partial(self._pass, wait_ms))

    def _go_on(self, actor: Actor) -> None:
        actor.go_on()
        if not actor.name.startswith("pacer"):
            self._processes.idle = False

    def _start(self, kind: str, body: Callable[[Actor], None], ports: Stations | None = None) -> None:
        self._names[kind] += 1
        self.actors.append(Actor(f"{kind} {self._names[kind]}", body, ports or self._processes.ports))

    def _take(self, waiting: list[Any], one: Any, kind: str, body: Callable[[Any, Actor], None]) -> None:
        waiting.remove(one)
        self._start(kind, partial(body, one))

    def _look(self) -> None:
        self._processes.idle = True
        self._start("pacer", self._processes.pacer, self._processes.pacers_ports)

    def _pass(self, ms: int) -> None:
        self._processes.idle = self._swept = False
        self.place.pass_ms(ms)

    # ------------------------------------------------------------ surprises

    def _surprises(self) -> Iterator[Move]:
        """Each as often as the setting allows."""
        for kind, moves in self._of_each_kind().items():
            if self._left[kind] > 0:
                for move in moves():
                    yield Move(move.name, partial(self._spend, kind, move))
        for order in dict.fromkeys(self._orders):
            yield Move(f"an operator says {order}", partial(self._order, order))

    def _of_each_kind(self) -> dict[str, Callable[[], Iterator[Move]]]:
        return {
            "die": self._deaths,
            "cut": self._cuts,
            "double": self._doubles,
            "lose": self._losses,
            "stall": self._stalls,
            "empty": lambda: iter([Move("Redis is empty", self.place.wiring.redis.flushall)]),
            "older": self._fail_overs,
            "sweep": lambda: iter([Move("a sweeper looks", partial(self._start, "sweeper", self._processes.sweep))]),
            "reply": self._replies,
            "submit": self._submits,
        }

    def _spend(self, kind: str, move: Move) -> None:
        self._left[kind] -= 1
        self._processes.idle = False
        move.do()

    def _deaths(self) -> Iterator[Move]:
        for actor in self._at_work():
            yield Move(f"{actor.name} dies before {actor.at}", actor.die)

    def _cuts(self) -> Iterator[Move]:
        for actor in self._at_work():
            if actor.at.partition(".")[0] in SERVERS:
                for when in ("before", "after"):
                    yield Move(f"{actor.name} is cut {when} {actor.at}", partial(actor.go_on, when))

    def _doubles(self) -> Iterator[Move]:
        for job in self._processes.broker.jobs[:1]:
            again = partial(self._start, "worker", partial(self._processes.worker, job))
            yield Move(f"job {job[0].seq} comes twice", again)

    def _losses(self) -> Iterator[Move]:
        jobs = self._processes.broker.jobs
        for job in jobs[:1]:
            yield Move(f"job {job[0].seq} is lost", partial(jobs.remove, job))

    def _stalls(self) -> Iterator[Move]:
        yield Move("everybody stands still for long", partial(self._pass, STALL_MS))

    def _fail_overs(self) -> Iterator[Move]:
        for age, memory in enumerate(reversed(self._memories[:-1]), 1):
            back = partial(self.place.remember, memory, another_server=True)
            yield Move(f"Redis is as it was {age} changes ago", back)

    def _replies(self) -> Iterator[Move]:
        for client in sorted({call.client for call in self.provider.calls if call.arrived}):
            yield Move(f"client {client[-2:]} replies", partial(self._reply, client))

    def _submits(self) -> Iterator[Move]:
        if handed_over := self.setting.handed_over:
            web = partial(self._start, "web", partial(self._processes.web, handed_over))
            yield Move("an app hands a campaign over", web)

    def _reply(self, client: str) -> None:
        """A millisecond after whatever happened, and before whatever happens."""
        self.place.pass_ms(1)
        self.provider.replies[client] = at_ms = self.place.now_ms
        self.place.pass_ms(1)
        self._start("web", partial(self._processes.reply, client, at_ms))

    def _order(self, order: str) -> None:
        self._orders.remove(order)
        self._start("operator", partial(self._processes.operator, order))

    def _answer(self) -> str:
        answers = self.setting.answers
        answer = answers[0 if self._at_rest else self._pick(len(answers))]
        self.log.append(f"  the provider: {answer}")
        return answer

    # ------------------------------------------------------------ coming to rest

    def _come_to_rest(self) -> None:
        self._at_rest = True
        self._left.clear()
        for _ in range(MOST_MENDS):
            while not self.broken and (move := next(self._ordinary(), None)):
                self._make(move)
            if self.broken or (self._swept and self._is_over()):
                return
            leap = Move("time passes", self._leap)
            self._make(leap if self._swept else Move("sweepers look", self._sweep))
        self.provider.broken.append("it does not come to rest")

    def _is_over(self) -> bool:
        """And the clock has been told, which takes a sweeper a minute where its last worker died before it did."""
        return not self.place.rows(OPEN) and not self.place.wiring.redis.hlen(keys.campaigns(PROVIDER))

    def _sweep(self) -> None:
        """Whoever was paused by hand is let go on by hand."""
        self._processes.idle, self._swept = False, True
        ports, book, sweeper = self._processes.ports, self.place.wiring.campaigns, self._processes.sweeper
        sweeper.stations = ports
        try:
            for number in self.place.numbers():
                if book.get(number).state is CampaignState.PAUSED:
                    steer.resume(ports, book, number)
            sweeper.sweep()
            sweeper.sweep()
        except DispatcherTrouble:
            self._pass(1_000)

    def _leap(self) -> None:
        """To whatever is due next, in Redis or in the ledger; who is due and waits there waits for a lane."""
        at = self.place.rows(NEXT_DUE)[0].at
        in_ledger_ms = int(at.timestamp() * 1000) if at else NEVER_MS
        next_ms = min(self.place.next_due_ms(), in_ledger_ms)
        self._pass(max(3_000, next_ms - self.place.now_ms + 1) if next_ms < NEVER_MS else A_WHILE_MS)
