"""What all providers of one simulator share."""

import asyncio
import random
from collections.abc import Callable

from dispatcher.simulator.faults import Faults
from dispatcher.simulator.record import Record
from dispatcher.simulator.settings import Settings


class World:
    def __init__(self) -> None:
        self.settings = Settings()
        self.record = Record(self.settings)
        self.faults = Faults()
        self.dice = random.Random(0)

    def later(self, delay_s: float, step: Callable[[], None]) -> None:
        """Runs a step on the server's loop; the pace of folders and campaigns hangs on these."""
        asyncio.get_running_loop().call_later(max(delay_s, 0.0), step)
