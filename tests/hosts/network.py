"""Hosts on one machine: a network and a time namespace each, on a bridge that leads nowhere else.

Only to be used in a network namespace of the run's own (`needs.enter`): addresses and links end with it, whatever
happens. All addresses are of the block for tests of networks (RFC 2544), and there is no route to any other.

Who is next to whom is written down on both sides (permanent neighbours), so that packets are lost as a network loses
them: without a word to anybody.
"""

import subprocess
from collections.abc import Sequence
from enum import StrEnum
from types import TracebackType
from typing import Self

REDIS, LEDGER, PROVIDER = "198.18.0.1", "198.18.0.2", "198.18.0.3"  # all in the middle
SERVERS = (REDIS, LEDGER, PROVIDER)
BRIDGE, LINK = "hosts0", "eth0"
NOBODY = "02:00:00:00:00:ff"  # whoever sends there is not heard


class Way(StrEnum):
    SILENT = "nothing gets through"
    LINK_DOWN = "link down"
    DEAF = "what it says arrives, answers get lost"
    NO_PROVIDER = "the way to the provider alone is lost"
    POWER_LOST = "power lost"


def run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr.strip()}"


def lay_middle() -> None:
    """The bridge, and the servers' addresses on it."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", BRIDGE, "address", _mac(1), "type", "bridge")
    for server in SERVERS:
        run("ip", "address", "add", f"{server}/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


class Host:
    """One host, on the network as long as the context lasts. `number` is the last of its address, from 11 on;
    `up_for_s`: how long ago it was started, by its own monotonic clocks."""

    def __init__(self, name: str, number: int, up_for_s: int) -> None:
        self.name = name
        self.address = f"198.18.0.{number}"
        self._mac = _mac(number)
        clocks = ["--time", "--monotonic", str(up_for_s), "--boottime", str(up_for_s)]
        stay = f"echo {name} > /proc/sys/kernel/hostname && echo $$ && exec sleep infinity"
        keep = ["unshare", "--net", "--uts", *clocks, "--fork", "--kill-child", "sh", "-c", stay]
        self._keeper = subprocess.Popen(keep, stdout=subprocess.PIPE, text=True)
        assert self._keeper.stdout is not None
        self._pid = self._keeper.stdout.readline().strip()
        assert self._pid, "no namespace was made"

    def __enter__(self) -> Self:
        near = f"host-{self.name}"
        run("ip", "link", "add", near, "type", "veth", "peer", "name", LINK, "address", self._mac, "netns", self._pid)
        run("ip", "link", "set", near, "master", BRIDGE, "up")
        self._do("ip", "link", "set", "lo", "up")
        self._do("ip", "address", "add", f"{self.address}/24", "dev", LINK)
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.kill()
        self._keeper.wait()
        assert self._keeper.stdout is not None
        self._keeper.stdout.close()

    @property
    def inside(self) -> list[str]:
        """To be put before a command: it runs on this host."""
        return ["nsenter", "--target", self._pid, "--net", "--uts", "--time", "--"]

    def cut(self, way: Way) -> None:
        """Until `mend`. Of what is lost nobody is told, but for LINK_DOWN."""
        if way is Way.LINK_DOWN:
            self._do("ip", "link", "set", LINK, "down")
        elif way is Way.NO_PROVIDER:
            self._lead((PROVIDER,), NOBODY)
        else:
            self._lead_back(NOBODY)
        if way in (Way.SILENT, Way.POWER_LOST):
            self._lead(SERVERS, NOBODY)

    def mend(self) -> None:
        self._do("ip", "link", "set", LINK, "up")
        self._lead(SERVERS, _mac(1))
        self._lead_back(self._mac)

    def _lead(self, servers: Sequence[str], mac: str) -> None:
        for server in servers:
            self._do("ip", "neighbour", "replace", server, "lladdr", mac, "nud", "permanent", "dev", LINK)

    def _lead_back(self, mac: str) -> None:
        run("ip", "neighbour", "replace", self.address, "lladdr", mac, "nud", "permanent", "dev", BRIDGE)

    def _do(self, *argv: str) -> None:
        run(*self.inside, *argv)


def _mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"
