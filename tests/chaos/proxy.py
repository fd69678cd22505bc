"""A TCP proxy that can do to a connection what networks do: cut it, leave it hanging half-open, hold an answer back."""

import asyncio
import socket
import struct
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

RST_ON_CLOSE = struct.pack("ii", 1, 0)  # linger for no time: close() resets
CHUNK = 64 * 1024


class Network:
    """The thread on which the proxies run. Use as a context; `proxy()` makes one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._proxies: list[Proxy] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for proxy in self._proxies:
            proxy.close()
        asyncio.run_coroutine_threadsafe(_others_end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def proxy(self, port: int) -> "Proxy":
        """One that leads to that port of this machine."""
        made = Proxy(self._loop, port)
        self._proxies.append(made)
        return made


async def _others_end() -> None:
    """Whatever still runs on this loop is cancelled and has ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Proxy:
    """Listens on `port` and leads to `target`, a port of this machine that may change for connections to come.

    All verbs may be called from any thread, and have happened when they return.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, target: int) -> None:
        self.target = target
        self._loop = loop
        self._lines: set[Line] = set()
        self._trap: tuple[bytes, Event] | None = None
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0, limit=CHUNK))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        return len(self._lines)

    def lead_to(self, port: int) -> None:
        self.target = port

    def cut(self) -> None:
        """RST on both sides of every connection."""
        self._call(lambda: self._each(Line.cut))

    def swallow(self) -> None:
        """Every connection that is open hangs half-open from now on: what is said on it is lost, nobody hangs up.

        New connections work.
        """
        self._call(lambda: self._each(Line.swallow))

    def trap(self, words: bytes) -> Event:
        """The next answer with these words is held back, and all that follows on its connection; set when it is."""
        caught = Event()
        self._call(lambda: setattr(self, "_trap", (words, caught)))
        return caught

    def close(self) -> None:
        def end() -> None:
            self._server.close()
            self._each(Line.cut)

        self._call(end)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(self, writer)
        self._lines.add(line)
        try:
            await line.carry(reader)
        except OSError:
            pass  # one of the two went away, or the server is not there
        finally:
            self._lines.discard(line)
            line.cut()

    def is_trapped(self, data: bytes) -> bool:
        if self._trap is None or self._trap[0] not in data:
            return False
        caught, self._trap = self._trap[1], None
        caught.set()
        return True

    def _each(self, verb: "Callable[[Line], None]") -> None:
        for line in list(self._lines):
            verb(line)

    def _call(self, step: Callable[[], Any]) -> None:
        async def once() -> None:
            step()

        self._run(once())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


class Line:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, near: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._near = near
        self._far: asyncio.StreamWriter | None = None
        self._swallows = False

    async def carry(self, asked: asyncio.StreamReader) -> None:
        """Until one of the two hangs up; a line that swallows, until who asks hangs up."""
        answered, self._far = await asyncio.open_connection("127.0.0.1", self._proxy.target, limit=CHUNK)
        back = asyncio.ensure_future(self._pump(answered, self._near, self._is_kept_back))
        try:
            await self._pump_or_end(asked, back)
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)

    async def _pump_or_end(self, asked: asyncio.StreamReader, back: "asyncio.Future[None]") -> None:
        assert self._far is not None
        there = asyncio.ensure_future(self._pump(asked, self._far, lambda data: self._swallows))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        if self._swallows:
            await asyncio.wait({there})  # a server that hangs up is not heard either
        there.cancel()
        await asyncio.gather(there, return_exceptions=True)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_lost: Callable[[bytes], bool]
    ) -> None:
        while data := await reader.read(CHUNK):
            if not is_lost(data):
                writer.write(data)
                await writer.drain()

    def _is_kept_back(self, data: bytes) -> bool:
        if self._proxy.is_trapped(data):
            self._swallows = True
        return self._swallows

    def swallow(self) -> None:
        self._swallows = True

    def cut(self) -> None:
        for writer in (self._near, self._far):
            if writer is not None and not writer.transport.is_closing():
                found = writer.get_extra_info("socket")
                if found is not None:
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
                writer.transport.abort()
