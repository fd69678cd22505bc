"""A provider that does nothing but answer: uazapi's direct sends, as fast as Python can.

    python -m dispatcher.cli.bench.target <port> <milliseconds an answer takes>

The simulator checks, records and judges; here a call costs next to nothing, so that what is measured is the caller.
`GET /calls` answers with the monotonic time (s) at which each call was complete, and the token it came with;
`GET /count` with how many there were.
"""

import asyncio
import json
import sys
from time import monotonic

LOOPBACK = "127.0.0.1"
ANSWER = b'{"id":"r:1","messageid":"%d","status":"Sent"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
LENGTH, TOKEN = b"\r\ncontent-length:", b"\r\ntoken:"


class Calls:
    """What came in, in two columns."""

    def __init__(self, answer_s: float) -> None:
        self.answer_s = answer_s
        self.at_s: list[float] = []
        self.tokens: list[str] = []

    def answer(self, head: bytes) -> tuple[bytes, float]:
        """The answer to a request with this head, and after how many seconds it is due."""
        if head.startswith(b"GET /calls"):
            told = json.dumps({"at_s": self.at_s, "tokens": self.tokens}).encode()
            return HEAD % (len(told), told), 0.0
        if head.startswith(b"GET /count"):
            told = b"%d" % len(self.at_s)
            return HEAD % (len(told), told), 0.0
        self.at_s.append(monotonic())
        self.tokens.append(_field(head.lower(), TOKEN).decode())
        told = ANSWER % len(self.at_s)
        return HEAD % (len(told), told), self.answer_s


class Connection(asyncio.Protocol):
    """One client's connection: requests one after the other, each with a Content-Length or without a body."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end]
            whole = end + 4 + int(_field(head.lower(), LENGTH) or 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            answer, after_s = self._calls.answer(head)
            if after_s:
                asyncio.get_running_loop().call_later(after_s, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _field(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(name)
    return rest.partition(b"\r\n")[0].strip() if found else b""


async def serve(port: int, answer_s: float) -> None:
    calls = Calls(answer_s)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(calls), LOOPBACK, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
