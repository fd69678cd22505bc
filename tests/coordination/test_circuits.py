import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from dispatcher.coordination import keys
from dispatcher.coordination.circuits import Circuits
from dispatcher.domain.breaker import (
    ASK_AGAIN_MS,
    ELSEWHERE_MS,
    FIRST_MS,
    LONGEST_MS,
    REACHED_LATELY_MS,
    TRIPS_AT,
    PlainCircuits,
)
from dispatcher.pipeline.ports import outside
from tests.coordination.conftest import Now

LINE, OTHER = ("https://one.example",), ("https://one.example", "https://two.example")
PROBE_MS = 35_000


@pytest.fixture
def circuits(client: redis.Redis, now: Now) -> Circuits:
    return Circuits(client, now_ms=now, sure_s=0)


@pytest.fixture
def elsewhere(client: redis.Redis, now: Now) -> Circuits:
    return Circuits(client, now_ms=now, sure_s=0, host="elsewhere")


def open_up(circuits: Circuits) -> int:
    return [circuits.tell(LINE, False) for _ in range(TRIPS_AT)][-1]


def test_they_are_what_the_pipeline_asks_for(circuits: Circuits) -> None:
    as_circuits: outside.Circuits = circuits
    assert as_circuits is circuits


def test_a_line_that_fails_in_a_row_is_left_alone(circuits: Circuits) -> None:
    assert [circuits.tell(LINE, False) for _ in range(TRIPS_AT - 1)] == [0] * (TRIPS_AT - 1)
    assert circuits.ask(LINE, PROBE_MS) == 0
    assert circuits.tell(LINE, False) == FIRST_MS
    assert circuits.ask(LINE, PROBE_MS) == FIRST_MS
    assert circuits.ask(OTHER, PROBE_MS) == 0, "another list of base URLs is another line"


def test_one_success_in_between_and_nothing_happens(circuits: Circuits) -> None:
    for _ in range(TRIPS_AT):
        circuits.tell(LINE, False)
        circuits.ask(LINE, PROBE_MS)
        circuits.tell(LINE, True)
    assert circuits.ask(LINE, PROBE_MS) == 0


def test_one_call_probes_and_the_others_ask_again_for_as_long_as_it_may_take(circuits: Circuits, now: Now) -> None:
    now.ms += open_up(circuits)
    assert [circuits.ask(LINE, PROBE_MS) for _ in range(3)] == [0, ASK_AGAIN_MS, ASK_AGAIN_MS]
    now.ms += PROBE_MS - 1
    assert circuits.ask(LINE, PROBE_MS) == 1, "a provider that hangs costs one message in doubt, not one every 5 s"
    circuits.tell(LINE, True)
    assert circuits.ask(LINE, PROBE_MS) == 0


def test_a_probe_that_fails_opens_it_for_longer_up_to_a_minute(circuits: Circuits, now: Now) -> None:
    now.ms += open_up(circuits)
    waits = []
    for _ in range(7):
        assert circuits.ask(LINE, PROBE_MS) == 0
        waits.append(circuits.tell(LINE, False))
        now.ms += waits[-1]
    assert waits == [4_000, 8_000, 16_000, 32_000, LONGEST_MS, LONGEST_MS, LONGEST_MS]


def test_a_probe_that_is_never_heard_of_gives_way_to_another(circuits: Circuits, now: Now) -> None:
    now.ms += open_up(circuits)
    assert circuits.ask(LINE, PROBE_MS) == 0
    now.ms += PROBE_MS
    assert circuits.ask(LINE, PROBE_MS) == 0


def test_a_probe_that_made_no_call_lets_the_next_one_probe_at_once(circuits: Circuits, now: Now) -> None:
    now.ms += open_up(circuits)
    assert circuits.ask(LINE, PROBE_MS) == 0
    assert circuits.tell(LINE, None) == 0
    assert [circuits.ask(LINE, PROBE_MS) for _ in range(2)] == [0, ASK_AGAIN_MS], "it still is open"


def test_calls_that_were_under_way_when_it_opened_tell_nothing_new(circuits: Circuits, now: Now) -> None:
    opened_ms = open_up(circuits)
    now.ms += 10
    assert [circuits.tell(LINE, False) for _ in range(20)] == [opened_ms - 10] * 20


def test_a_host_that_lost_its_way_to_a_provider_stops_no_other(circuits: Circuits, elsewhere: Circuits) -> None:
    open_up(circuits)
    assert elsewhere.ask(LINE, PROBE_MS) == 0
    assert elsewhere.tell(LINE, True) == 0
    assert circuits.ask(LINE, PROBE_MS) == ELSEWHERE_MS, "its own circuit stays open"


def test_lanes_leave_a_host_that_reaches_nothing_soon_while_others_reach_the_provider(
    circuits: Circuits, elsewhere: Circuits, now: Now
) -> None:
    now.ms += open_up(circuits)
    assert circuits.ask(LINE, PROBE_MS) == 0
    opened_ms = circuits.tell(LINE, False)
    elsewhere.ask(LINE, PROBE_MS)
    elsewhere.tell(LINE, True)
    assert [circuits.ask(LINE, PROBE_MS), circuits.tell(LINE, False), circuits.tell(LINE, None)] == [ELSEWHERE_MS] * 3
    now.ms += opened_ms
    assert circuits.ask(LINE, PROBE_MS) == 0, "it probes as seldom as any"


def test_when_others_no_longer_reach_the_provider_lanes_rest_for_as_long_as_it_is_left_alone(
    circuits: Circuits, elsewhere: Circuits, now: Now
) -> None:
    for _ in range(4):
        now.ms += open_up(circuits)
    elsewhere.ask(LINE, PROBE_MS)
    elsewhere.tell(LINE, True)
    now.ms += REACHED_LATELY_MS
    assert circuits.ask(LINE, PROBE_MS) == 0
    assert circuits.tell(LINE, False) > ELSEWHERE_MS


def test_a_host_that_reaches_the_provider_again_leaves_nothing_behind(
    circuits: Circuits, elsewhere: Circuits, client: redis.Redis, now: Now
) -> None:
    now.ms += open_up(circuits)
    elsewhere.ask(LINE, PROBE_MS)
    elsewhere.tell(LINE, True)
    assert circuits.ask(LINE, PROBE_MS) == 0
    circuits.tell(LINE, True)
    assert client.keys(keys.circuits("*")) == []


def test_while_a_line_is_in_order_redis_is_hardly_asked(client: redis.Redis, now: Now) -> None:
    circuits = Circuits(client, now_ms=now, sure_s=60)
    circuits.ask(LINE, PROBE_MS)
    client.config_resetstat()
    for _ in range(100):
        circuits.ask(LINE, PROBE_MS)
        circuits.tell(LINE, True)
    assert "cmdstat_evalsha" not in client.info("commandstats")


def test_while_another_host_does_not_reach_a_line_who_does_says_so_now_and_then(
    circuits: Circuits, client: redis.Redis, now: Now
) -> None:
    open_up(circuits)
    busy = Circuits(client, now_ms=now, sure_s=60, host="elsewhere")
    busy.ask(LINE, PROBE_MS)
    client.config_resetstat()
    for _ in range(100):
        busy.ask(LINE, PROBE_MS)
        busy.tell(LINE, True)
    assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1


def test_redis_never_sees_the_base_urls(circuits: Circuits, client: redis.Redis) -> None:
    circuits.tell(LINE, False)
    (name,) = client.keys(keys.circuits("*"))
    assert "one.example" not in str(name)


def test_scripts_and_twin_agree(client: redis.Redis) -> None:
    class Both(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            client.flushall()
            self.now = Now()
            self.plain = PlainCircuits()
            self.hosts = {name: Circuits(client, now_ms=self.now, sure_s=0, host=name) for name in "ab"}

        @rule(line=st.just(LINE), host=st.sampled_from("ab"))
        def ask(self, line: tuple[str, ...], host: str) -> None:
            assert self.hosts[host].ask(line, PROBE_MS) == self.plain.ask(str(line), host, PROBE_MS, self.now.ms)

        @rule(
            line=st.just(LINE),
            host=st.sampled_from("ab"),
            reached=st.sampled_from([False, False, False, True, None]),
        )
        def tell(self, line: tuple[str, ...], host: str, reached: bool | None) -> None:
            if reached:
                self.ask(line, host)  # or it would not be told: it may know already that nobody wants to hear it
            told = self.hosts[host].tell(line, reached)
            assert told == self.plain.tell(str(line), host, reached, self.now.ms)

        @rule(ms=st.sampled_from([1, 500, FIRST_MS, PROBE_MS - 1_000, LONGEST_MS]))
        def wait(self, ms: int) -> None:
            self.now.ms += ms

    run_state_machine_as_test(Both, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
