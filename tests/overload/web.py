"""Too much for a web process: a crowd on every kind of route, and a storm of webhooks."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.journey.bodies import phone, uazapi_account
from tests.plain import NO_TLS

LOUD, QUIET = "loud", "quiet"
IN_A_DAY_MIN = 1_440
MIB = 1024 * 1024
LATER = (429, 503)


def accounts(simulator: str) -> str:
    return "\n".join(uazapi_account(simulator, [f"{name}-line"], name=name) for name in (LOUD, QUIET))


@dataclass
class Seen:
    """What clients were answered: (kind, status) -> how often; `wrong`: what should not have been."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, kind: str, answer: httpx.Response) -> None:
        self.answers[kind, answer.status_code] += 1
        if answer.status_code in LATER and not answer.headers.get("retry-after", "").isdigit():
            self.wrong.append(f"{kind}: {answer.status_code} without Retry-After")
        elif answer.status_code not in (200, 201, *LATER):
            self.wrong.append(f"{kind}: {answer.status_code}")

    def taken(self, *kinds: str) -> int:
        return sum(self.answers[kind, status] for kind in kinds for status in (200, 201))

    def later(self) -> int:
        return sum(number for (_, status), number in self.answers.items() if status in LATER)


Visit = Callable[[httpx.AsyncClient], Awaitable[None]]


class Crowd:
    """So many clients, each of one kind, each asking `times` times. The last of them ask for the quiet account."""

    def __init__(self, url: str, admin: dict[str, str], watched: str, large_bytes: int = 30 * MIB) -> None:
        self.seen = Seen()
        self._url, self._admin, self._watched = url, admin, watched
        self._numbers = count()
        self._large = json.dumps(self._body()).encode().ljust(large_bytes)

    def come(self, clients: int, times: int, quiet: int = 8, large: int = 20) -> None:
        kinds = [self._small, self._list, self._webhook, self._follow]
        loud = [kinds[number % len(kinds)] for number in range(clients - quiet - large)]
        asyncio.run(self._all([*loud, *[self._big] * large, *[self._quiet] * quiet], times))

    async def _all(self, kinds: Iterable[Visit], times: int) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(
            base_url=self._url, timeout=300, limits=limits, verify=NO_TLS, trust_env=False
        ) as client:
            await asyncio.gather(*(self._stay(kind, client, times) for kind in kinds))

    async def _stay(self, kind: Visit, http: httpx.AsyncClient, times: int) -> None:
        for _ in range(times):
            try:
                await kind(http)
            except httpx.TransportError as error:
                self.seen.wrong.append(type(error).__name__)

    def _body(self) -> dict[str, object]:
        messages = [{"number": phone(next(self._numbers)), "type": "text", "text": "oi"} for _ in range(5)]
        return {"delayMin": 1, "delayMax": 1, "scheduled_for": IN_A_DAY_MIN, "messages": messages}

    async def _small(self, http: httpx.AsyncClient) -> None:
        sent = http.post("/sender/advanced", json=self._body(), headers={"token": f"ingress-{LOUD}"})
        self.seen.note("small", await sent)

    async def _quiet(self, http: httpx.AsyncClient) -> None:
        sent = http.post("/sender/advanced", json=self._body(), headers={"token": f"ingress-{QUIET}"})
        self.seen.note("quiet", await sent)

    async def _big(self, http: httpx.AsyncClient) -> None:
        headers = {"token": f"ingress-{LOUD}", "content-type": "application/json"}
        self.seen.note("big", await http.post("/sender/advanced", content=self._large, headers=headers))

    async def _list(self, http: httpx.AsyncClient) -> None:
        self.seen.note("list", await http.get("/v1/campaigns?limit=20", headers=self._admin))

    async def _webhook(self, http: httpx.AsyncClient) -> None:
        self.seen.note("webhook", await post_reply(http, LOUD, next(self._numbers)))

    async def _follow(self, http: httpx.AsyncClient) -> None:
        """The first thing that is told."""
        path = f"/v1/campaigns/{self._watched}/events"
        async with http.stream("GET", path, headers=self._admin) as stream:
            if stream.status_code == 200:
                async for _ in stream.aiter_bytes():
                    break
        self.seen.note("follow", stream)


async def post_reply(http: httpx.AsyncClient, account: str, number: int) -> httpx.Response:
    """A client's reply, as uazapi tells it."""
    message = {"fromMe": False, "chatid": f"{phone(number)}@s.whatsapp.net", "messageid": f"m{number}", "text": "oi"}
    event = {"EventType": "messages", "message": message | {"messageTimestamp": 1_700_000_000_000 + number}}
    return await http.post(f"/webhooks/{account}/hook-{account}", json=event)


def storm(url: str, account: str, events: int, clients: int) -> Seen:
    """So many replies, as fast as so many clients can tell of them; who is told to come later does at once."""
    seen, numbers = Seen(), iter(range(events))

    async def one(http: httpx.AsyncClient) -> None:
        for number in numbers:
            answer = await post_reply(http, account, number)
            while answer.status_code in LATER:
                seen.note("webhook", answer)
                answer = await post_reply(http, account, number)
            seen.note("webhook", answer)

    async def everybody() -> None:
        limits = httpx.Limits(max_connections=clients)
        async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits, verify=NO_TLS, trust_env=False) as http:
            await asyncio.gather(*(one(http) for _ in range(clients)))

    asyncio.run(everybody())
    return seen
