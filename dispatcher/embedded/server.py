"""What both embedded servers are: a child process on a port of the loopback address, with data in a folder."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from dispatcher.embedded.child import Child


class Server(ABC):
    """Safe to kill at any moment. As a context it runs until the block ends.

    Port 0 picks a free port at the first start and keeps it for the life of this object, so that clients find
    the server again after `kill()` and `start()`.
    """

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it; contains the password."""

    @abstractmethod
    def start(self) -> None:
        """Returns when it answers; EmbeddedError, one line, when it does not."""

    @abstractmethod
    def is_healthy(self) -> bool:
        """True if it answers, and not another server in its place."""

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def stop(self) -> None:
        """Ask it to write down what is left, and wait until it has ended."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL, for tests of what a crash leaves behind."""
        if self._child is not None:
            self._child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
