"""The judge finds each broken promise, and nothing in a run that kept them: a judge that cannot fail is none."""

from collections.abc import Callable

import pytest

from tests.chaos.judge import Call, Delivery, Evidence, Lock, Message, judge


def sound() -> Evidence:
    """Two campaigns, the second of them guarded: Ana was sent to by both and answered in between; Bia is in doubt."""
    return Evidence(
        accepted={"first": 3, "second": 2},
        guarded={"first", "second"},
        states={"first": "done", "second": "done"},
        counts={"first": {"sent": 1, "failed": 1, "in_doubt": 1}, "second": {"sent": 1, "blocked": 1, "pending": 0}},
        messages=[
            Message("first", 0, "Ana", "sent"),
            Message("first", 1, "Bia", "in_doubt"),
            Message("first", 2, "Caio", "failed"),
            Message("second", 0, "Ana", "sent"),
            Message("second", 1, "Bia", "blocked"),
        ],
        deliveries=[Delivery("first", "Ana", 100), Delivery("first", "Bia", 200), Delivery("second", "Ana", 900)],
        calls=[Call("line", 90, 110), Call("line", 190, 210), Call("other", 100, 205)],
        replies={"Ana": [500]},
        locks=[Lock("global:ana", "sent"), Lock("global:bia", "in_doubt")],
    )


def test_a_run_that_kept_its_promises_is_found_so() -> None:
    assert judge(sound()) == []


def test_what_a_provider_took_and_has_not_yet_ended_need_not_have_arrived() -> None:
    seen = sound()
    claimed(seen)
    seen.messages[3] = seen.messages[3]._replace(open=True)
    assert judge(seen) == []


def sent_twice(seen: Evidence) -> None:
    seen.guarded.clear()
    seen.deliveries.append(Delivery("first", "Ana", 300))


def lost(seen: Evidence) -> None:
    del seen.messages[2]
    seen.counts["first"]["failed"] = 0


def miscounted(seen: Evidence) -> None:
    seen.counts["first"] |= {"sent": 2, "failed": 0}


def denied(seen: Evidence) -> None:
    seen.messages[1] = Message("first", 1, "Bia", "failed")
    seen.counts["first"] = {"sent": 1, "failed": 2}


def claimed(seen: Evidence) -> None:
    seen.deliveries[:] = [one for one in seen.deliveries if one.campaign == "first"]


def unended(seen: Evidence) -> None:
    seen.states["second"] = "running"


def unsettled(seen: Evidence) -> None:
    seen.messages[2] = Message("first", 2, "Caio", "sending")
    seen.counts["first"] = {"sent": 1, "sending": 1, "in_doubt": 1}


def overlapped(seen: Evidence) -> None:
    seen.calls.append(Call("line", 205, 220))


def hanging(seen: Evidence) -> None:
    seen.calls.insert(0, Call("other", 50, None))


def unanswered(seen: Evidence) -> None:
    seen.replies["Ana"] = [50, 950]


def doubled(seen: Evidence) -> None:
    seen.strangers.append("third")


def in_flight(seen: Evidence) -> None:
    seen.flights.append("1:0")


def ownerless(seen: Evidence) -> None:
    seen.locks.append(Lock("global:caio", ""))


def given_back_too_late(seen: Evidence) -> None:
    seen.locks.append(Lock("global:caio", "failed"))


BREAKS: list[tuple[Callable[[Evidence], None], str]] = [
    (sent_twice, "promise 1: Ana got campaign first 2 times"),
    (lost, "promise 2: campaign first: 3 accepted, 2 rows, counts {'sent': 1, 'in_doubt': 1}"),
    (miscounted, "promise 2: campaign first: its counts {'sent': 2, 'in_doubt': 1} are not its rows "),
    (denied, "promise 2: Bia got campaign first, and the ledger says failed"),
    (claimed, "promise 2: campaign second says sent to Ana, whom no provider reached"),
    (unended, "promise 2: campaign second is running"),
    (unsettled, "promise 2: campaign first, message 2 is sending"),
    (overlapped, "promise 3: two calls at once on line, at 205 ms for 5 ms"),
    (hanging, "promise 3: two calls at once on other, at 100 ms for 0 ms"),
    (unanswered, "promise 5: Ana got second after first without having answered"),
    (doubled, "promise 1: campaign third was taken in a second time"),
    (in_flight, "promise 3: 1:0 is still in flight, and all campaigns are over"),
    (ownerless, "promise 5: the lock global:caio is held by a message that is unknown"),
    (given_back_too_late, "promise 5: the lock global:caio is held by a message that is failed"),
]


@pytest.mark.parametrize(("break_it", "told"), BREAKS, ids=[breach.__name__ for breach, _ in BREAKS])
def test_each_broken_promise_is_told_of(break_it: Callable[[Evidence], None], told: str) -> None:
    seen = sound()
    break_it(seen)
    [line] = judge(seen)
    assert line.startswith(told)
