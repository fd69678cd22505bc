"""A worker on a host whose wall clock is wrong: `python -m tests.hosts.clock FILE <celery's arguments>`.

The file says by how many seconds it is ahead; what is written there later sets the clock while it runs.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import time_machine
from celery.__main__ import main

LOOK_EVERY_S = 0.5


def follow(file: Path, clock: time_machine.Traveller, ahead_s: float) -> None:
    pause = Event()
    while not pause.wait(LOOK_EVERY_S):
        with suppress(ValueError):  # it is being written just now
            if (wanted_s := float(file.read_text())) != ahead_s:
                clock.shift(wanted_s - ahead_s)
                ahead_s = wanted_s


if __name__ == "__main__":
    told = Path(sys.argv.pop(1))
    ahead_s = float(told.read_text())
    travelling = time_machine.travel(time.time() + ahead_s, tick=True).start()
    time.time()  # it ticks from the first look on
    Thread(target=follow, args=(told, travelling, ahead_s), daemon=True).start()
    main()
