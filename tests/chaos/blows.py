"""The doing: a small function for each kind of fault. A blow has happened, and what it broke is mended again as far
as anybody would mend it, when its function returns."""

import signal
from collections.abc import Callable, Iterable
from threading import Event, Thread

from tests.chaos.clients import App
from tests.chaos.mailings import Mailing
from tests.chaos.place import WEB, Place
from tests.chaos.plan import Kind, Strike
from tests.chaos.proxy import Proxy

LOST_S = 2.0  # of what Redis had written
OUT_OF_TOUCH_S = 1.0  # the replica, before it takes over
JOB_WITHIN_S = 10.0
INTO_THE_SUBMIT_S = 0.08

_never = Event()


class Blows:
    """`late`: campaigns that are handed over in the middle of a blow, one for each time that the web is killed."""

    def __init__(self, place: Place, app: App, late: list[Mailing]) -> None:
        self._place = place
        self._app = app
        self._late = late
        self._halted = Event()
        self._strike: dict[Kind, Callable[[Strike], None]] = {
            Kind.WORKER_KILLED: self._kill_worker,
            Kind.WORKER_STOPPED: self._stop_worker,
            Kind.REPLY_LOST: self._lose_reply,
            Kind.WEB_KILLED: self._kill_web,
            Kind.REDIS_KILLED: self._kill_redis,
            Kind.REDIS_EMPTIED: self._empty_redis,
            Kind.REDIS_SET_BACK: self._set_redis_back,
            Kind.REDIS_FAILED_OVER: self._fail_over,
            Kind.REDIS_CUT: lambda strike: each(place.redis_ways(strike.who), Proxy.cut),
            Kind.REDIS_HALF_OPEN: lambda strike: each(place.redis_ways(strike.who), Proxy.swallow),
            Kind.LEDGER_KILLED: self._kill_ledger,
            Kind.LEDGER_CUT: lambda strike: each(place.ledger_ways(strike.who), Proxy.cut),
            Kind.LEDGER_HALF_OPEN: lambda strike: each(place.ledger_ways(strike.who), Proxy.swallow),
        }

    def strike(self, strike: Strike) -> None:
        self._strike[strike.kind](strike)

    def halt(self) -> None:
        """Ends what lasts."""
        self._halted.set()

    # ------------------------------------------------------------------ processes

    def _kill_worker(self, strike: Strike) -> None:
        with self._place.locks[strike.who]:
            self._place.restart_worker(strike.who)

    def _stop_worker(self, strike: Strike) -> None:
        """Not under the lock: one that stands still may be killed as well."""
        worker = self._place.installed.workers[strike.who]
        worker.process.send_signal(signal.SIGSTOP)
        self._halted.wait(strike.lasts_s)
        worker.process.send_signal(signal.SIGCONT)

    def _lose_reply(self, strike: Strike) -> None:
        """The job has left Redis and never arrives: its worker is killed meanwhile."""
        [way] = self._place.redis_ways(strike.who)[:1]
        way.trap(b"dispatcher.send").wait(JOB_WITHIN_S)
        self._kill_worker(strike)

    def _kill_web(self, strike: Strike) -> None:
        mailing = self._late.pop(0)
        handing_over = Handing(self._app, mailing)
        handing_over.start()
        _never.wait(INTO_THE_SUBMIT_S)
        with self._place.locks[WEB]:
            self._place.restart_web()
        handing_over.finish()

    # ------------------------------------------------------------------ servers

    def _kill_redis(self, strike: Strike) -> None:
        with self._place.redis_lock:
            self._place.redis.kill()

    def _empty_redis(self, strike: Strike) -> None:
        with self._place.redis_lock:
            self._place.redis.kill_and_empty()

    def _set_redis_back(self, strike: Strike) -> None:
        with self._place.redis_lock:
            self._place.redis.keep()
            _never.wait(LOST_S)
            self._place.redis.kill_and_set_back()

    def _fail_over(self, strike: Strike) -> None:
        with self._place.redis_lock:
            self._place.redis.follow()
            self._place.redis.lose_touch()
            _never.wait(OUT_OF_TOUCH_S)
            self._place.redis.take_over()
            self._place.lead_to_serving_redis()

    def _kill_ledger(self, strike: Strike) -> None:
        with self._place.postgres_lock:
            self._place.postgres.kill()
            self._place.postgres.start()


class Handing(Thread):
    """Hands a campaign over beside everything else; `finish` waits for it and raises what it raised."""

    def __init__(self, app: App, mailing: Mailing) -> None:
        super().__init__(daemon=True)
        self._app = app
        self._mailing = mailing
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._app.hand_over(self._mailing)
        except Exception as error:
            self._error = error

    def finish(self) -> None:
        self.join()
        if self._error is not None:
            raise self._error


def each(ways: Iterable[Proxy], verb: Callable[[Proxy], None]) -> None:
    for way in ways:
        verb(way)
