"""A whole installation for one test: workers as processes of their own, that can be killed, stopped, started."""

import base64
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import campaign_text, parse_campaign
from dispatcher.embedded.ports import free_port
from dispatcher.producer import submit
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from tests.plain import NO_TLS
from tests.spawner import Process, Starter
from tests.waiting import wait_until


class Worker:
    """One `celery worker` process with its log; `program` is the module that runs as Celery's command line."""

    def __init__(
        self,
        starter: Starter,
        name: str,
        env: dict[str, str],
        log: Path,
        concurrency: int,
        program: Sequence[str] = ("celery",),
    ) -> None:
        self.name = name
        self.log = log
        argv = [*program, "-A", "workers", "worker", "-n", f"{name}@test", "-c", str(concurrency)]
        self.process = starter.start(*argv, "--without-gossip", "--without-mingle", env=env, log=log)

    def wait_ready(self, timeout_s: float = 60) -> None:
        wait_until(lambda: self._ready() or self._died(), timeout_s)
        assert self.process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is given back."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s: float = 60) -> int:
        """SIGTERM, on which a worker finishes the calls in flight; its exit status."""
        self.process.terminate()
        return self.process.wait(timeout_s)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def _ready(self) -> bool:
        return b" ready." in self.log.read_bytes()

    def _died(self) -> bool:
        return self.process.poll() is not None


class Installation:
    """Ledger and Redis at given URLs, accounts, and any number of workers. `starter` starts them and the web."""

    def __init__(self, starter: Starter, redis_url: str, database_url: str, folder: Path, **more: str) -> None:
        self.starter = starter
        self.folder = folder
        self.env = {
            **os.environ,
            "DISPATCHER_REDIS_URL": redis_url,
            "DISPATCHER_DATABASE_URL": database_url,
            "DISPATCHER_SECRET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DISPATCHER_ADMIN_TOKEN": secrets.token_urlsafe(16),
            "DISPATCHER_ALLOW_PRIVATE_URLS": "1",
            **more,
        }
        self.workers: dict[str, Worker] = {}
        self.web: Process | None = None
        self.wiring = Wiring(self._settings())
        self._make_tables()

    def _make_tables(self) -> None:
        self.wiring.upgrade()

    def _settings(self) -> Settings:
        ours = {key: value for key, value in self.env.items() if key.startswith("DISPATCHER_")}
        return Settings(**{key.removeprefix("DISPATCHER_").lower(): value for key, value in ours.items()})  # type: ignore[arg-type]

    def accounts(self, toml: str) -> None:
        self.wiring.apply_accounts(read_accounts(toml, self.env))

    def start_workers(self, *names: str, concurrency: int = 16) -> None:
        for name in names:
            log = self.folder / f"{name}-{secrets.token_hex(3)}.log"
            self.workers[name] = Worker(self.starter, name, self.env, log, concurrency)
        for name in names:
            self.workers[name].wait_ready()

    def start_armed(self, name: str, die_at: str, concurrency: int = 4) -> Worker:
        """A worker that kills itself at that moment (wiring/tripwire.py), perhaps before it is ready."""
        env = self.env | {"DISPATCHER_DIE_AT": die_at}
        log = self.folder / f"{name}-{secrets.token_hex(3)}.log"
        self.workers[name] = Worker(self.starter, name, env, log, concurrency)
        return self.workers[name]

    def start_web(self, port: int = 0) -> str:
        """The web process, on that port or any that is free; its URL, once it answers."""
        url = f"http://127.0.0.1:{port or free_port()}"
        argv = ("dispatcher.cli", "web", "--port", url.rpartition(":")[2])
        self.web = self.starter.start(*argv, env=self.env, log=self.web_log)
        wait_until(lambda: answers(url), 60)
        return url

    def submit(self, account: str, body: Any, key: str | None = None) -> str:
        return campaign_text(submit(self.wiring.stations, account, body, key).campaign_id)

    def submit_and_wait(self, account: str, body: Any) -> dict[str, int]:
        return self.wait_done(self.submit(account, body))

    @property
    def web_log(self) -> Path:
        return self.folder / "web.log"

    @property
    def admin(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.env['DISPATCHER_ADMIN_TOKEN']}"}

    def counts(self, campaign: str) -> dict[str, int]:
        """state -> messages, states without any left out."""
        counted = self.wiring.campaigns.counts(parse_campaign(campaign))
        return {str(state): number for state, number in counted.items() if number}

    def campaigns(self) -> list[str]:
        """The ids of all that were taken in, the newest first."""
        return [campaign_text(one.id) for one in self.wiring.campaigns.page(None, None, None, 100)]

    def state(self, campaign: str) -> str:
        return str(self.wiring.campaigns.get(parse_campaign(campaign)).state)

    def wait_done(self, campaign: str, timeout_s: float = 60) -> dict[str, int]:
        wait_until(lambda: self.state(campaign) == "done", timeout_s, 0.1)
        return self.counts(campaign)

    def close(self) -> None:
        for worker in self.workers.values():
            if worker.process.poll() is None:
                worker.kill()
        if self.web is not None:
            self.web.terminate()
            self.web.wait(30)
        self.wiring.close()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, verify=NO_TLS).is_success
    except httpx.TransportError:
        return False


@contextmanager
def installation(
    starter: Starter, redis_url: str, database_url: str, folder: Path, **more: str
) -> Iterator[Installation]:
    built = Installation(starter, redis_url, database_url, folder, **more)
    try:
        yield built
    finally:
        built.close()
