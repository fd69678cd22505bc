"""The verdict finds what came too early and who did not come back, and nothing in a run that kept its promises."""

from tests.chaos.judge import Call, Evidence
from tests.hosts.network import Way
from tests.hosts.plan import Cut, Plan
from tests.hosts.verdict import Done, Story, gaps

DELAYS_S = {"direct": 2.0}
PLAN = Plan(2, 60, (Cut(10, "a", Way.SILENT, 20),), {"a": 60.0}, {"a": 0})


def story(calls: list[Call], again_ms: float | None = 31_000) -> Story:
    evidence = Evidence({}, set(), {}, {}, [], [], calls)
    return Story(PLAN, evidence, DELAYS_S, [Done(PLAN.cuts[0], 10_000, 30_000, again_ms)], {}, {}, 60)


def test_a_call_before_its_time_breaks_promise_3() -> None:
    calls = [Call("uazapi direct1", 0, 100), Call("uazapi direct1", 2_050, 2_100)]
    assert story(calls).broken == ["promise 3: uazapi direct1 was 50 ms early, at 2050 ms"]


def test_lanes_are_told_apart_and_others_than_those_with_a_fixed_delay_are_left_out() -> None:
    calls = [
        Call("uazapi direct1", 0, 100),
        Call("uazapi direct2", 50, 90),
        Call("cpc cpc1", 0, 10),
        Call("cpc cpc1", 20, 30),
    ]
    assert list(gaps(calls, DELAYS_S)) == []
    assert story(calls).broken == []


def test_when_a_call_ended_that_was_given_up_is_not_asked_of_its_provider() -> None:
    assert story([Call("uazapi direct1", 0, 1_500, False), Call("uazapi direct1", 3_400, 3_500)]).broken == []


def test_a_host_that_does_not_come_back_is_told_of() -> None:
    assert story([], None).broken == ["host a sent nothing after it was back"]


def test_what_a_cut_may_have_held_up_is_told_apart_from_the_rest() -> None:
    lane = "uazapi direct1"
    calls = [Call(lane, 0, 100), Call(lane, 2_105, 2_200), Call(lane, 25_000, 25_100), Call(lane, 70_000, 70_100)]
    calls.append(Call(lane, 72_110, 72_200))
    told = story(calls)
    assert told.undisturbed_ms == [5, 10]
    assert told.stood_still_s(told.done[0]) == 42.9
