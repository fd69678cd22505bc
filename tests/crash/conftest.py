"""Where crashes are played: some worlds at a time, each with servers of its own, for what they do most is wait."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from traceback import format_exception

import pytest

from dispatcher.embedded import EmbeddedValkey
from tests.crash.world import Site, Story, built
from tests.ledgers import Ledgers
from tests.simulating import simulating
from tests.spawner import Spawner

AT_ONCE = 4  # a world waits for connections and sweeps half of its time; three workers of the suite play at once

Play = Callable[[Mapping[str, Story]], None]


@pytest.fixture(scope="session")
def sites(spawner: Spawner, service_dir: Path) -> Iterator[SimpleQueue[Site]]:
    free: SimpleQueue[Site] = SimpleQueue()
    with ExitStack() as stack:
        for number in range(AT_ONCE):
            valkey = stack.enter_context(EmbeddedValkey(service_dir / f"site-{number}"))
            stack.callback(valkey.kill)  # what it holds is of no use to anybody
            simulator = stack.enter_context(simulating(spawner, service_dir / f"simulator-{number}.log"))
            free.put(Site(valkey, simulator))
        yield free


@pytest.fixture
def play(spawner: Spawner, sites: "SimpleQueue[Site]", ledgers: Ledgers) -> Play:
    """Plays stories, each in a world of its own; fails with every one that went wrong."""

    def one(moment: str, story: Story) -> str:
        site = sites.get()
        try:
            with ledgers.lent() as url, built(site, spawner, url) as world:
                story(world, moment)
        except Exception as error:
            return f"===== {moment}\n{''.join(format_exception(error))}"
        finally:
            sites.put(site)
        return ""

    def all_of(stories: Mapping[str, Story]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            wrong = [*filter(None, threads.map(one, stories.keys(), stories.values()))]
        assert not wrong, f"{len(wrong)} of {len(stories)}\n" + "\n".join(wrong)

    return all_of
