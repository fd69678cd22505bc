"""A plan hangs on its seed alone, and leaves no kind of fault out."""

from collections import Counter

from tests.chaos.plan import CLOCKS_AHEAD_S, OF_LINES, OF_WORKERS, Kind, draw


def test_the_same_seed_draws_the_same_plan_and_another_one_another() -> None:
    assert draw(7, 60, 20) == draw(7, 60, 20)
    assert len({repr(draw(seed, 60, 20)) for seed in range(50)}) == 50


def test_every_kind_comes_before_any_comes_again() -> None:
    for seed in range(50):
        kinds = Counter(one.kind for one in draw(seed, 60, 2 * len(Kind) + 3).strikes)
        assert set(kinds) == set(Kind)
        assert set(kinds.values()) == {2, 3}


def test_strikes_come_in_order_within_their_span() -> None:
    moments = [one.at_s for one in draw(3, 60, 30).strikes]
    assert moments == sorted(moments)
    assert 0 <= moments[0] < moments[-1] <= 60


def test_who_is_struck_is_named_where_there_are_several() -> None:
    for one in draw(5, 60, 100).strikes:
        assert bool(one.who) == (one.kind in OF_WORKERS | OF_LINES)
        assert (one.lasts_s > 17) == (one.kind is Kind.WORKER_STOPPED), "longer than any lease"


def test_a_stopped_worker_is_not_the_one_that_is_to_take_a_job_and_die() -> None:
    for seed in range(50):
        struck = {one.kind: one.who for one in draw(seed, 60, len(Kind)).strikes if one.kind in OF_WORKERS}
        assert len(set(struck.values())) == len(OF_WORKERS)


def test_hosts_disagree_about_the_time_by_minutes_and_five_to_twenty_percent_of_calls_fail() -> None:
    for seed in range(50):
        plan = draw(seed, 60, 13)
        assert sorted(plan.clocks_ahead_s.values()) == sorted(CLOCKS_AHEAD_S)
        of_uazapi = [
            one["probability"] for one in plan.rules if one.get("provider") in (None, "uazapi") and "probability" in one
        ]
        assert 0.04 < sum(of_uazapi) < 0.21
