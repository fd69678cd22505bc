"""Processes that kill themselves on purpose: the journeys of crashes stand on this."""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dispatcher.pipeline.stations import Stations
from dispatcher.wiring.tripwire import Moment, Tripwire, read_moment
from tests.pipeline.conftest import Hand
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("messages.claim:after:3", Moment("messages", "claim", "after", 3)),
        ("caller.call:before", Moment("caller", "call", "before")),
        ("caller.call:during", Moment("caller", "call", "during")),
        ("campaigns.cancel:within:2", Moment("campaigns", "cancel", "within", 2)),
        ("builder.complete:before", Moment("builder", "complete", "before")),
        ("suppressed:after:1:stop", Moment("suppressed", "", "after", 1, signal.SIGSTOP)),
    ],
)
def test_a_moment_is_read_as_it_is_written(written: str, moment: Moment) -> None:
    assert read_moment(written) == moment


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("nothing.claim:after", "no port 'nothing'"),
        ("messages.claim", "before|after|during|within"),
        ("messages.claim:meanwhile", "'meanwhile' is none of before, after, during, within"),
        ("messages.claim:after:0", "'0' is no number of a call"),
        ("messages.claim:after:1:hit", "'hit' is neither kill nor stop"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_with_the_part_that_is_wrong(written: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong.replace("|", r"\|")):
        read_moment(written)


def test_a_verb_that_a_port_does_not_have_is_refused(hand: Hand) -> None:
    with pytest.raises(AttributeError):
        Tripwire(Moment("messages", "klaim", "after")).around(hand.stations)


@pytest.fixture
def blows() -> Iterator[list[int]]:
    """Grows by each blow that this process gets."""
    struck: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: struck.append(1))
    yield struck
    signal.signal(signal.SIGUSR1, before)


def armed(hand: Hand, port: str, verb: str, when: str, number: int) -> Stations:
    return Tripwire(Moment(port, verb, when, number, signal.SIGUSR1)).around(hand.stations)


@pytest.mark.parametrize(("when", "number", "counts"), [("after", 2, [0, 1, 1]), ("before", 1, [1, 1, 1])])
def test_the_blow_falls_at_the_call_that_was_named_and_at_no_other(
    hand: Hand, blows: list[int], when: str, number: int, counts: list[int]
) -> None:
    stations, seen = armed(hand, "messages", "stuck", when, number), []
    for _ in range(3):
        stations.messages.stuck(900.0, 1)
        seen.append(len(blows))
    assert seen == counts


def test_within_a_verb_its_statements_of_the_ledger_are_counted_and_nobody_elses(hand: Hand, blows: list[int]) -> None:
    stations, seen = armed(hand, "leftovers", "clear", "within", 6), []
    for _ in range(2):
        stations.leftovers.clear()  # five statements
        stations.messages.stuck(900.0, 1)
        seen.append(len(blows))
    assert seen == [0, 1]


def test_during_a_call_is_while_it_lasts(hand: Hand, blows: list[int]) -> None:
    def slow(_: str) -> list[bytes]:
        wait_until(lambda: blows)
        return []

    wire = Tripwire(Moment("open_leads", "", "during", 1, signal.SIGUSR1))
    assert wire.around(replace(hand.stations, open_leads=slow)).open_leads("") == []
    assert blows == [1]


def test_what_the_wiring_has_wrapped_already_is_not_wrapped_twice(hand: Hand, blows: list[int]) -> None:
    wire = Tripwire(Moment("campaigns", "running", "after", 2, signal.SIGUSR1))
    campaigns = wire("campaigns", hand.wiring.campaigns)
    wire.around(replace(hand.stations, campaigns=campaigns)).campaigns.running()
    assert blows == []
