"""Which trouble with a server is told, and how often; and what becomes of who tells it to nobody."""

import os
import subprocess
import sys

from dispatcher.telemetry import Episodes

TELLS = "from dispatcher.telemetry import *; configure(); emit('campaign.done', campaign=1); print('goes on')"


def test_trouble_is_told_when_it_begins_and_once_a_minute_while_it_lasts() -> None:
    moments = [0.0, 0.1, 9.0, 18.0, 27.0, 36.0, 45.0, 54.0, 59.9, 60.0, 69.0]
    assert told_at(moments) == [0.0, 60.0]


def test_trouble_that_comes_back_after_a_while_is_told_again() -> None:
    assert told_at([0.0, 9.9, 19.8, 29.8, 30.0]) == [0.0, 29.8]


def test_another_trouble_is_told_at_once() -> None:
    episodes = Episodes(lambda: 5.0)
    assert [episodes.is_news(reason) for reason in ("Redis", "PostgreSQL", "Redis")] == [True, True, False]


def told_at(moments: list[float]) -> list[float]:
    """Of the moments at which the same trouble is met, those at which it is told."""
    clock = iter(moments)
    episodes = Episodes(lambda: next(clock))
    return [moment for moment in moments if episodes.is_news("Redis")]


def test_who_tells_something_that_cannot_be_written_goes_on() -> None:
    """Nobody reads its log any more; a disk that is full says so in the same way."""
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run([sys.executable, "-c", TELLS], stdout=subprocess.PIPE, stderr=writes, check=False)
    os.close(writes)
    assert done.stdout == b"goes on\n"
