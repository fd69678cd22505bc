"""Those around an installation in a run: an app that hands campaigns over, people who answer, an operator."""

import random
from collections.abc import Iterable
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import httpx

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.senders import resume_by_hand
from dispatcher.simulator.numbers import person
from dispatcher.simulator.server import SimulatorClient
from tests.chaos.mailings import GUARDED, Mailing, provider_of
from tests.journey.installation import Installation
from tests.plain import NO_TLS

HANDED_OVER_WITHIN_S = 300.0  # the web is killed meanwhile, and a busy machine starts it in minutes
AGAIN_S = 0.5
ANSWERS = 0.4  # of those who got a guarded message


class App:
    """Hands campaigns over by HTTP, each with a key of its own, again and again until it is told that it was taken."""

    def __init__(self, installed: Installation, web_url: str) -> None:
        self._installed = installed
        self._url = f"{web_url}/v1/campaigns"
        self._lock = Lock()
        self.taken: dict[str, Mailing] = {}  # by the campaign's id
        self.tries = 0

    def hand_over(self, mailing: Mailing) -> None:
        """Raises AssertionError when nobody takes it for long, or it is refused."""
        pause, end = Event(), monotonic() + HANDED_OVER_WITHIN_S
        while (answer := self._try(mailing)) is None:
            assert monotonic() < end, f"nobody takes {mailing.name}"
            pause.wait(AGAIN_S)
        with self._lock:
            self.taken[answer["id"]] = mailing

    def _try(self, mailing: Mailing) -> dict[str, Any] | None:
        headers = {**self._installed.admin, "Idempotency-Key": mailing.name}
        self.tries += 1
        try:
            answer = httpx.post(
                self._url, json=mailing.body(), headers=headers, trust_env=False, verify=NO_TLS, timeout=20
            )
        except httpx.TransportError:
            return None
        assert answer.status_code == 201 or answer.status_code >= 500, answer.text
        taken: dict[str, Any] = answer.json()
        return taken if answer.status_code == 201 else None


class Around:
    """Two threads beside the run. People answer guarded messages; the operator lets paused senders go on."""

    def __init__(self, installed: Installation, seed: int, simulator_url: str) -> None:
        self._installed = installed
        self._simulator = SimulatorClient(simulator_url)
        self._dice = random.Random(f"{seed}:answers")
        self._halted = Event()
        self._seen = -1
        self.replies: dict[str, list[float]] = {}
        self.resumed = 0
        self._threads = [Thread(target=run, daemon=True) for run in (self._answer, self._operate)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._halted.set()
        for thread in self._threads:
            thread.join(60)
        self._simulator.close()

    def _answer(self) -> None:
        while not self._halted.wait(0.5):
            for one in self._new_deliveries():
                self._seen = one["id"]
                account = one["sender"].rstrip("0123456789")
                if account in GUARDED and self._dice.random() < ANSWERS:
                    self.replies.setdefault(person(one["number"]), []).append(monotonic() * 1000)
                    self._simulator.reply(provider_of(account), one["number"], identity=one["sender"])

    def _new_deliveries(self) -> Iterable[dict[str, Any]]:
        return self._simulator.deliveries(after=self._seen, limit=50)

    def _operate(self) -> None:
        """Some faults of providers pause a sender until somebody looks after it."""
        wiring = self._installed.wiring
        while not self._halted.wait(1.0):
            try:
                for sender in wiring.accounts.all_senders():
                    if sender.paused_reason is not None:
                        resume_by_hand(wiring.stations, wiring.accounts.account(sender.account_id), [sender])
                        self.resumed += 1
            except DispatcherTrouble:
                continue  # a server is away: in a second again
