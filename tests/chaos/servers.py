"""Servers of a run's own, that may be killed and lose what they knew."""

import shutil
from pathlib import Path

import redis

from dispatcher.embedded import EmbeddedValkey
from tests.waiting import wait_until

APPENDED = "appendonlydir"


class RedisPair:
    """A Valkey that serves, and a second one that can take over from it. Ask `port` who serves now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = folder / "kept"
        self._serving = EmbeddedValkey(folder / "one")
        self._standby = EmbeddedValkey(folder / "two")
        self._serving.start()

    @property
    def port(self) -> int:
        return self._serving.port

    def kill(self) -> None:
        """SIGKILL and a start: what was written down is there again, under another run id."""
        self._serving.kill()
        self._serving.start()

    def kill_and_empty(self) -> None:
        self._serving.kill()
        shutil.rmtree(self._serving.data_dir / APPENDED)
        self._serving.start()

    def keep(self) -> None:
        """Remember what is written down now, for `kill_and_set_back`."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._serving.data_dir / APPENDED, self._kept)

    def kill_and_set_back(self) -> None:
        """SIGKILL and a start with what was kept: all that came after it is lost."""
        self._serving.kill()
        shutil.rmtree(self._serving.data_dir / APPENDED)
        shutil.copytree(self._kept, self._serving.data_dir / APPENDED)
        self._serving.start()

    def follow(self) -> None:
        """The second server starts empty, and copies the first from then on. Returns when it has caught up."""
        self._standby.kill()
        shutil.rmtree(self._standby.data_dir / APPENDED, ignore_errors=True)
        self._standby.start()
        with redis.Redis(port=self._standby.port) as standby:
            standby.replicaof("127.0.0.1", str(self._serving.port))
            wait_until(lambda: standby.info("replication")["master_link_status"] == "up", 20)

    def lose_touch(self) -> None:
        """From now on the second server hears nothing more from the first, which goes on serving."""
        with redis.Redis(port=self._standby.port) as standby:
            standby.replicaof("NO", "ONE")

    def take_over(self) -> None:
        """The second server serves with what it has; the first is killed."""
        self._serving, self._standby = self._standby, self._serving
        self._standby.kill()

    def close(self) -> None:
        self._serving.stop()
        self._standby.kill()
