"""A worker on a host whose wall clock is wrong: `python -m tests.chaos.skewed AHEAD_S <celery's arguments>`.

Monotonic clocks are as they are, as on a host of its own.
"""

import sys
import time

import time_machine
from celery.__main__ import main

if __name__ == "__main__":
    ahead_s = float(sys.argv.pop(1))
    time_machine.travel(time.time() + ahead_s, tick=True).start()
    time.time()  # it ticks from the first look on
    main()
