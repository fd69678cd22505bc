"""The ASGI application: reads a call, asks the faults, lets the provider answer, writes it down.

    receive → early reset? → body → written down → wait → provider → late wait → answer | RST | silence
                             (record.begin)                                     (record.finish)

It speaks plain ASGI, because a reset needs the socket and the road of a send should be short.
"""

import asyncio
import json
import socket
import struct
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from dispatcher.simulator.builder import Builder
from dispatcher.simulator.control import Control
from dispatcher.simulator.cpc import Cpc
from dispatcher.simulator.faults import Plan
from dispatcher.simulator.kinbox import Kinbox
from dispatcher.simulator.people import People
from dispatcher.simulator.routing import Routes
from dispatcher.simulator.uazapi import Uazapi
from dispatcher.simulator.uazapi_direct import Direct
from dispatcher.simulator.uazapi_webhook import WebhookSettings
from dispatcher.simulator.webhooks import Webhooks
from dispatcher.simulator.wire import Answer, Call, Refused
from dispatcher.simulator.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RST_ON_CLOSE = struct.pack("ii", 1, 0)  # linger for no time: close() resets instead of saying goodbye
JSON = (b"content-type", b"application/json")
NOT_FOUND = Answer(404, {"error": "Not Found"})


class Protocol(H11Protocol):
    """Hands the transport to the application, in the scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class App:
    def __init__(self) -> None:
        self.world = World()
        hooks = Webhooks(self.world)
        uazapi, kinbox, builder, cpc = Uazapi(self.world), Kinbox(self.world), Builder(self.world), Cpc(self.world)
        people = People(self.world, hooks, uazapi, kinbox, cpc)
        self.control = Control(self.world, hooks, people, cpc.contacts)
        more = (Direct(uazapi), WebhookSettings(uazapi, hooks))
        self.routes = Routes(*(part.routes() for part in (uazapi, *more, kinbox, cpc, builder)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        link, path = self.routes.split(scope["path"])
        call = Call(scope["method"], path, link, scope["query_string"], scope["headers"])
        if not link and (path == "/" or path.startswith("/_sim")):
            await self._control(call, receive, send)
        else:
            await self._serve(call, scope["state"]["transport"], receive, send)

    async def _control(self, call: Call, receive: Receive, send: Send) -> None:
        if await read_body(call, receive):
            await respond(send, await self.control.answer(call))

    async def _serve(self, call: Call, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
        record, faults = self.world.record, self.world.faults
        exchange = Exchange(transport, receive, send, lambda: record.close(call))
        self.routes.find(call)
        if faults.early and faults.resets_early(call):
            record.begin(call)
            await exchange.reset()
            return record.finish(call, 0, "reset_before")
        if not await read_body(call, receive):
            return
        if call.route is not None:
            call.sender = call.route.sender(call)
        record.begin(call)
        plan = faults.plan(call)
        try:
            status = await self._play(call, plan, exchange)
        finally:
            call.release()
        record.finish(call, 0 if exchange.has_left else status, plan.fault)

    async def _play(self, call: Call, plan: Plan, exchange: "Exchange") -> int:
        """Does what the plan says; returns the status that was answered, 0 for none."""
        if plan.wait_s:
            await exchange.wait(plan.wait_s)
        answer = self._process(call) if plan.delivers else None
        if plan.late_s:
            await exchange.wait(plan.late_s)
        if plan.ending == "hang":
            await exchange.hang(plan.hang_s)
            return 0
        if plan.ending == "reset":
            await exchange.reset()
            return 0
        if answer is None or (plan.reply is not None and answer.status < 300):
            answer = plan.reply or NOT_FOUND
        await respond(exchange.send, answer)
        return answer.status

    def _process(self, call: Call) -> Answer:
        """The provider's own answer. A mistake of the simulator's is a 500 that the summary shows."""
        if call.route is None:
            return NOT_FOUND
        try:
            return call.route.handler(call)
        except Refused as refused:
            return refused.answer
        except Exception:
            self.world.record.errors.append(traceback.format_exc())
            return Answer(500, {"error": "the simulator made a mistake: see /_sim/summary"})


class Exchange:
    """One call's socket; `on_left` is called at once when its client goes away before there was an answer."""

    def __init__(self, transport: asyncio.Transport, receive: Receive, send: Send, on_left: Callable[[], None]) -> None:
        self.transport, self.receive, self.send = transport, receive, send
        self.has_left = False
        self._on_left = on_left

    async def wait(self, seconds: float) -> None:
        """Waits all the time, whether the client stays or leaves: a provider works on."""
        end = time.monotonic() + seconds
        if not self.has_left:
            await self._until_left(seconds)
        rest = end - time.monotonic()
        if rest > 0:
            await asyncio.sleep(rest)

    async def hang(self, seconds: float) -> None:
        """Says nothing until the client leaves; then, or when the time is over, the line is cut."""
        if not self.has_left:
            await self._until_left(seconds)
        await self.reset()

    async def reset(self) -> None:
        """RST: what a crashed server or a cut line looks like. Returns when the server knows it too."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None and not self.transport.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
        self.transport.abort()
        await self._gone()

    async def _until_left(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._gone()
        except TimeoutError:
            return
        self.has_left = True
        self._on_left()

    async def _gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def read_body(call: Call, receive: Receive) -> bool:
    """False when the client left in the middle of it."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return False
    if not message.get("more_body"):
        call.body = message.get("body", b"")
        return True
    parts = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        parts.append(message.get("body", b""))
    call.body = b"".join(parts)
    return True


async def respond(send: Send, answer: Answer) -> None:
    is_raw = isinstance(answer.body, str) and bool(answer.headers)
    body = answer.body.encode() if is_raw else json.dumps(answer.body).encode()
    headers = [(b"content-length", b"%d" % len(body))]
    if not any(name.lower() == "content-type" for name, _ in answer.headers):
        headers.append(JSON)
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
