"""Which installation a command talks to.

What the environment says counts. Where it says nothing and `dispatcher up` (or a demo that was kept) runs in
$DISPATCHER_HOME, its servers and secrets are used: they go into our own environment, so that everything
that reads settings, and every process we start, finds them there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dispatcher.pipeline.desk import Desk
    from dispatcher.settings import Settings
    from dispatcher.wiring import Wiring

SERVERS = ("DISPATCHER_REDIS_URL", "DISPATCHER_DATABASE_URL")
NEEDED = ("redis_url", "database_url", "secret_key")


def current() -> "Settings":
    """The settings of the installation that commands talk to; nothing is required of them yet."""
    from dispatcher.settings import Settings, settings

    for name, value in _announced(Settings()).items():
        os.environ[name] = value
    settings.cache_clear()
    return settings()


def needed(*more: str) -> "Settings":
    """The same; MissingSetting where a server or the secret key is not known."""
    from dispatcher.settings import require

    found = current()
    require(found, *NEEDED, *more)
    return found


@contextmanager
def opened() -> Iterator["Wiring"]:
    """The installation, ready for a command: what it logs stays quiet unless there is trouble."""
    found = needed()
    from dispatcher.telemetry import configure
    from dispatcher.wiring import Wiring

    configure("ERROR" if found.log_level == "INFO" else found.log_level, found.log_format)
    wiring = Wiring(found)
    try:
        yield wiring
    finally:
        wiring.close()


@contextmanager
def at_desk() -> Iterator["Desk"]:
    """What the web's doors stand at, for commands that show the same things."""
    with opened() as wiring:
        from dispatcher.wiring.counter import desk_of

        yield desk_of(wiring)


def _announced(given: "Settings") -> dict[str, str]:
    """What a running installation in the home folder adds to the environment; nothing to another one's."""
    from dispatcher.embedded.home import Home

    home = Home(given.home)
    running = home.announced()
    if any(os.environ.get(name, running.get(name)) != running.get(name) for name in SERVERS):
        return {}
    if not running:
        return {}
    return {name: value for name, value in {**home.kept(), **running}.items() if not os.environ.get(name)}
