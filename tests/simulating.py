"""A simulator that starts in no time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatcher.simulator.server import SimulatorClient
from tests.spawner import Spawner
from tests.waiting import wait_until


@contextmanager
def simulating(spawner: Spawner, log: Path) -> Iterator[SimulatorClient]:
    process = spawner.start("dispatcher.simulator", "--port", "0", env={}, log=log)
    wait_until(lambda: "simulator: " in log.read_text() or process.status is not None, 60)
    found = re.search(r"simulator: (\S+)", log.read_text())
    assert found, log.read_text()
    client = SimulatorClient(found[1])
    client.set()  # the socket listens before the server accepts: this waits for it
    try:
        yield client
    finally:
        client.close()
        process.kill()
