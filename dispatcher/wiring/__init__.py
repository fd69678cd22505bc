"""The only place where gateways meet ports. Start with `installation`; `counter` is the desk on top of it.

`wiring()` is this process's installation, built from the environment when it is first asked for, and anew
in a forked child, which must not share its parent's connections.
"""

import os
from functools import lru_cache

from dispatcher.pipeline.stations import Stations
from dispatcher.settings import settings
from dispatcher.wiring.installation import Wiring, first_lookup_s

__all__ = ["Wiring", "first_lookup_s", "stations", "wiring"]


def wiring() -> Wiring:
    return _of_process(os.getpid())


def stations() -> Stations:
    return wiring().stations


@lru_cache(maxsize=1)
def _of_process(pid: int) -> Wiring:
    return Wiring(settings())
