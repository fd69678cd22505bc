"""Processes that kill themselves on purpose: the journeys of crashes stand on this."""

import signal

import pytest

from dispatcher.wiring.tripwire import Moment, read_moment, tripped
from tests.pipeline.conftest import Hand


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("messages.claim:after:3", Moment("messages", "claim", True, 3)),
        ("caller.call:before", Moment("caller", "call", False)),
        ("suppressed:after:1:stop", Moment("suppressed", "", True, 1, signal.SIGSTOP)),
    ],
)
def test_a_moment_is_read_as_it_is_written(written: str, moment: Moment) -> None:
    assert read_moment(written) == moment


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("nothing.claim:after", "no port 'nothing'"),
        ("messages.claim", "before|after"),
        ("messages.claim:during", "'during' is neither before nor after"),
        ("messages.claim:after:0", "'0' is no number of a call"),
        ("messages.claim:after:1:hit", "'hit' is neither kill nor stop"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_with_the_part_that_is_wrong(written: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong.replace("|", r"\|")):
        read_moment(written)


def test_a_verb_that_a_port_does_not_have_is_refused(hand: Hand) -> None:
    with pytest.raises(AttributeError):
        tripped(hand.stations, Moment("messages", "klaim", True))


def test_the_blow_falls_at_the_call_that_was_named_and_at_no_other(hand: Hand) -> None:
    blows: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: blows.append(1))
    try:
        moment = Moment("messages", "stuck", True, 2, signal.SIGUSR1)
        stations = tripped(hand.stations, moment)
        counts = []
        for _ in range(3):
            stations.messages.stuck(900.0, 1)
            counts.append(len(blows))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert counts == [0, 1, 1]
