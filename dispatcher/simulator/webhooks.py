"""Where events go, and the posting of them (PROVIDERS.md 1.8).

A hook belongs to a provider and an identity ("" for all of them). uazapi's instances also set theirs
themselves with `POST /webhook`. Events of the background wait in a bounded queue; each is tried three
times, as the live server was seen to do, and the last failures stay in `errors`.
"""

import asyncio
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from dispatcher.simulator.world import World

Json = dict[str, Any]
PROVIDERS = ("uazapi", "kinbox", "builder", "cpc")
MOST_WAITING = 20_000
POSTERS = 16
ATTEMPTS = 3
RETRY_S = 0.5
TIMEOUT_S = 15.0
CONNECTIONS = 64


@dataclass(slots=True)
class Hook:
    provider: str
    url: str
    identity: str = ""
    events: list[str] = field(default_factory=list)  # empty: all
    exclude: list[str] = field(default_factory=list)  # wasSentByApi, fromMeYes, isGroupYes, …
    add_event: bool = False  # append /messages to the URL
    add_type: bool = False  # append /text as well
    headers: dict[str, str] = field(default_factory=dict)
    enabled: bool = True

    def wants(self, event: "Event") -> bool:
        return (
            self.enabled
            and self.provider == event.provider
            and self.identity in ("", event.identity)
            and (not self.events or event.name in self.events)
            and not event.traits & set(self.exclude)
        )

    def target(self, event: "Event") -> str:
        url = self.url
        if self.add_event:
            url = f"{url.rstrip('/')}/{event.name}"
        if self.add_type and event.kind:
            url = f"{url.rstrip('/')}/{event.kind}"
        return url


@dataclass(slots=True)
class Event:
    """One body for the hooks of an identity; `traits` are what `exclude` can name."""

    provider: str
    identity: str
    name: str
    body: Any
    kind: str = ""
    traits: set[str] = field(default_factory=set)


class Webhooks:
    def __init__(self, world: World) -> None:
        self.world = world
        self.hooks: list[Hook] = []
        self.posted = 0
        self.dropped = 0
        self.errors: deque[Json] = deque(maxlen=20)
        self._waiting: deque[tuple[Hook, Event]] = deque()
        self._posters = 0
        self._http: httpx.AsyncClient | None = None
        world.on_forget.append(self._waiting.clear)

    # ------------------------------------------------------------------ who listens

    def set(self, given: Any) -> None:
        """Replaces all hooks; ValueError says what is wrong."""
        if not isinstance(given, list):
            raise ValueError("a JSON list of webhooks is needed")
        self.hooks = [self._hook(one) for one in given]

    def put(self, hook: Hook) -> None:
        """Sets an identity's own hook."""
        self.drop(hook.provider, hook.identity)
        self.hooks.append(hook)

    def drop(self, provider: str, identity: str) -> None:
        self.hooks = [h for h in self.hooks if (h.provider, h.identity) != (provider, identity)]

    def of(self, provider: str, identity: str) -> list[Hook]:
        return [h for h in self.hooks if h.provider == provider and h.identity in ("", identity)]

    def as_list(self) -> list[Json]:
        return [asdict(hook) for hook in self.hooks]

    def _hook(self, given: Any) -> Hook:
        if not isinstance(given, dict) or given.get("provider") not in PROVIDERS:
            raise ValueError(f"provider: one of {', '.join(PROVIDERS)}")
        try:
            hook = Hook(**given)
        except TypeError as error:
            raise ValueError(str(error)) from error
        self.check_url(hook.url)
        return hook

    def check_url(self, url: Any) -> None:
        if not isinstance(url, str) or not self.world.may_reach(url):
            raise ValueError("url: must be on this machine, or on a host of the setting allow_hosts")

    # ------------------------------------------------------------------ posting

    async def post(self, event: Event) -> list[Json]:
        """Posts an event now, once to each hook that wants it; says what they answered."""
        return [await self._post(hook, event) for hook in self.hooks if hook.wants(event)]

    def queue(self, event: Event) -> None:
        """Posts an event in the background; what does not fit is counted and dropped."""
        for hook in self.hooks:
            if not hook.wants(event):
                continue
            if len(self._waiting) >= MOST_WAITING:
                self.dropped += 1
                continue
            self._waiting.append((hook, event))
            if self._posters < POSTERS:
                self._posters += 1
                self.world.spawn(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._deliver(*self._waiting.popleft())
        finally:
            self._posters -= 1

    async def _deliver(self, hook: Hook, event: Event) -> None:
        for attempt in range(ATTEMPTS):
            answer = await self._post(hook, event)
            if answer["status"] is not None and answer["status"] < 300:
                return
            await asyncio.sleep(RETRY_S * (attempt + 1))

    async def _post(self, hook: Hook, event: Event) -> Json:
        if self._http is None:
            limits = httpx.Limits(max_connections=CONNECTIONS)
            self._http = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, limits=limits)
        url, started = hook.target(event), time.monotonic()
        try:
            response = await self._http.post(url, json=event.body, headers=hook.headers)
            status, text = response.status_code, response.text[:2000]
        except httpx.HTTPError as error:
            status, text = None, type(error).__name__
        answer = {"url": url, "status": status, "body": text, "ms": (time.monotonic() - started) * 1000}
        self.posted += 1
        if status is None or status >= 300:
            self.errors.append({**answer, "event": event.name})
        return answer

    def as_dict(self) -> Json:
        return {"posted": self.posted, "waiting": len(self._waiting), "dropped": self.dropped, "errors": [*self.errors]}
