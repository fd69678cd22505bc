"""For tests and demos: the simulator as a child process, and a client of its control API."""

import subprocess
import sys
import threading
from types import TracebackType
from typing import Any

import httpx

from dispatcher.simulator.settings import Settings

Json = dict[str, Any]
START_S = 20.0
STOP_S = 5.0


class SimulatorClient:
    """The control API of a running simulator; raises httpx.HTTPStatusError with its words on a bad request."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        response = self._http.request(method, f"/_sim/{path}", json=body, params=given)
        if response.is_error:
            raise httpx.HTTPStatusError(response.text, request=response.request, response=response)
        return response.json()

    def deliveries(self, number: str | None = None, after: int = -1, limit: int | None = None) -> list[Json]:
        """All deliveries in order (fetched page by page), or the first `limit` after an id."""
        found: list[Json] = []
        while limit is None or len(found) < limit:
            size = 10_000 if limit is None else min(limit - len(found), 10_000)
            page = self._ask("GET", "deliveries", number=number, after=after, limit=size)
            found += page
            if len(page) < size:
                break
            after = page[-1]["id"]
        return found

    def calls(self, after: int = -1) -> list[Json]:
        """Every HTTP call that a provider got, refused ones too."""
        found: list[Json] = []
        while page := self._ask("GET", "calls", after=after, limit=10_000):
            found += page
            after = page[-1]["id"]
        return found

    def summary(self) -> Json:
        return dict(self._ask("GET", "summary"))

    def gaps_ms(self, sender: str, provider: str = "uazapi") -> list[float]:
        """From the end of each delivering call of a sender to the start of its next one."""
        return list(self._ask("GET", "gaps", sender=sender, provider=provider))

    def forget(self) -> None:
        self._ask("DELETE", "deliveries")

    def counts(self, by: str = "person", limit: int = 10_000) -> list[Json]:
        """How often each `person`, or each `content` to each person, was reached; most often first."""
        return list(self._ask("GET", "counts", by=by, limit=limit))

    def set_webhooks(self, *hooks: Json) -> None:
        """Replaces all webhooks: {"provider", "url", "identity"?, "events"?, "add_event"?, "headers"?, …}."""
        self._ask("PUT", "webhooks", list(hooks))

    def reply(self, provider: str, number: str, text: str = "oi", **options: Any) -> list[Json]:
        """A client answers; returns what the webhooks answered. `events.REPLY` lists the options."""
        given = {"provider": provider, "number": number, "text": text, **options}
        return list(self._ask("POST", "reply", given))

    def receipt(self, provider: str, number: str, state: str = "Delivered", **options: Any) -> list[Json]:
        """WhatsApp reports on the last delivery to a number. `events.RECEIPT` lists the options."""
        given = {"provider": provider, "number": number, "state": state, **options}
        return list(self._ask("POST", "receipt", given))

    def connection(self, identity: str, status: str, **options: Any) -> list[Json]:
        """A line goes down or comes back: its state changes, and its webhooks hear of it."""
        return list(self._ask("POST", "connection", {"identity": identity, "status": status, **options}))

    def set_faults(self, *rules: Json) -> None:
        """Replaces all fault rules; `faults.py` lists the kinds."""
        self._ask("PUT", "faults", list(rules))

    def faults(self) -> list[Json]:
        """The rules with how often each was `seen` and has `fired`."""
        return list(self._ask("GET", "faults"))

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def set(self, **settings: Any) -> None:
        """Changes settings; `settings.py` lists them."""
        self._ask("PUT", "settings", settings)

    def clear(self) -> None:
        """Forgets deliveries, faults and webhooks; settings stay."""
        self.clear_faults()
        self.set_webhooks()
        self.forget()

    def reset(self) -> None:
        """As new: default settings too."""
        self.clear()
        self.set(**Settings().as_dict())


class SimulatorProcess:
    """A simulator of one's own: `with SimulatorProcess() as simulator: simulator.client.deliveries()`.

    Port 0 takes a free one; `start` after `stop` or `kill` uses the same port again, with an empty memory.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, port
        self._process: subprocess.Popen[str] | None = None
        self._client: SimulatorClient | None = None

    def __enter__(self) -> "SimulatorProcess":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def client(self) -> SimulatorClient:
        if self._client is None:
            self._client = SimulatorClient(self.url)
        return self._client

    def start(self) -> "SimulatorProcess":
        """Returns when it answers; RuntimeError when it does not come up."""
        where = ["--host", self.host, "--port", str(self.port)]
        command = [sys.executable, "-m", "dispatcher.simulator", *where, "--until-eof"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        self.port = int(self._first_line().rpartition(":")[2])
        self.client._ask("GET", "ready")  # the socket listens before uvicorn accepts: this waits for it
        return self

    def stop(self) -> None:
        self._end(gently=True)

    def kill(self) -> None:
        """As a provider that dies."""
        self._end(gently=False)

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise RuntimeError("the simulator is not running")
        return self._process

    def _first_line(self) -> str:
        """Its address. A child that says nothing is killed, which ends the reading."""
        process = self._running()
        assert process.stdout is not None
        watchdog = threading.Timer(START_S, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline().strip()
        finally:
            watchdog.cancel()
        if not line.startswith("simulator: "):
            self.kill()
            raise RuntimeError(f"the simulator did not start: {line or 'see its error output above'}")
        return line

    def _end(self, gently: bool) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        process, self._process = self._process, None
        if process is None:
            return
        (process.terminate if gently else process.kill)()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
