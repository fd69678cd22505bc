"""What is noticed: duplicates, repeats, overlaps, gaps; and what is forgotten."""

import itertools
import threading
from array import array

import httpx
import pytest

from dispatcher.simulator.lanes import Lane
from dispatcher.simulator.numbers import digits_of, is_destination, jid, person, spellings
from dispatcher.simulator.record import Record, delivery_of, message_id
from dispatcher.simulator.server import SimulatorClient
from dispatcher.simulator.settings import Settings
from dispatcher.simulator.tally import job_of
from tests.simulator.messages import CPC_PATH, NUMBER, OTHER, cpc_body, text_job
from tests.waiting import wait_until

# ---------------------------------------------------------------------- twice


def send(http: httpx.Client, info: str, number: str = NUMBER, text: str = "oi") -> None:
    assert http.post("/sender/advanced", json=text_job(info, number, text)).status_code == 200


def test_a_second_attempt_that_delivers_again_is_a_duplicate(simulator: SimulatorClient, http: httpx.Client) -> None:
    send(http, "c-12.1")
    send(http, "c-12.3")
    (duplicate,) = simulator.summary()["duplicates"]
    assert (duplicate["job"], duplicate["number"], duplicate["count"]) == ("c-12", NUMBER, 2)
    assert duplicate["deliveries"] == [0, 1]


def test_the_same_job_in_another_spelling_of_the_number_is_a_duplicate(
    simulator: SimulatorClient, http: httpx.Client
) -> None:
    send(http, "c-12.1", "5511988876204")
    send(http, "c-12.2", "551188876204")
    assert simulator.summary()["duplicate_count"] == 1


def test_other_jobs_messages_and_people_are_no_duplicates(simulator: SimulatorClient, http: httpx.Client) -> None:
    for info, number, text in [
        ("c-1.1", NUMBER, "oi"),
        ("c-2.1", NUMBER, "oi"),
        ("c-1.2", NUMBER, "olá"),
        ("c-1.2", OTHER, "oi"),
        ("c-11.1", NUMBER, "oi"),
    ]:
        send(http, info, number, text)
    summary = simulator.summary()
    assert (summary["duplicate_count"], summary["duplicates"]) == (0, [])
    assert (summary["repeat_count"], summary["repeats"][0]["count"]) == (2, 3)


def test_without_a_marker_there_are_only_repeats(simulator: SimulatorClient, http: httpx.Client) -> None:
    for _ in range(2):
        send(http, "")
    summary = simulator.summary()
    assert (summary["duplicate_count"], summary["repeat_count"]) == (0, 1)


def test_an_id_message_is_the_callers_own_within_its_campaign(simulator: SimulatorClient, http: httpx.Client) -> None:
    for campaign in ("a", "b", "a"):
        http.post(CPC_PATH, json=cpc_body(OTHER, campaign=campaign))
    assert simulator.summary()["duplicate_count"] == 1


def test_counts_by_person_and_by_content(simulator: SimulatorClient, http: httpx.Client) -> None:
    for number, text in [(OTHER, "oi"), ("551188876204", "oi"), (OTHER, "olá"), (NUMBER, "oi")]:
        send(http, "", number, text)
    assert simulator.counts("person") == [{"person": OTHER, "count": 3}, {"person": NUMBER, "count": 1}]
    assert [c["count"] for c in simulator.counts("content")] == [2, 1, 1]
    assert len(simulator.deliveries(number="551188876204")) == 3


# ---------------------------------------------------------------------- in time


def test_calls_at_once_on_one_sender_overlap(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "latency", "ms": 300})
    threads = [
        threading.Thread(
            target=httpx.post,
            args=(f"{simulator.url}/sender/advanced",),
            kwargs={"json": text_job(f"c-{n}.1"), "headers": {"token": token}},
        )
        for n, token in enumerate(["a", "a", "b"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: not any(lane["open"] for lane in simulator.summary()["senders"]))
    assert {lane["sender"]: lane["overlaps"] for lane in simulator.summary()["senders"]} == {"a": 1, "b": 0}
    assert simulator.gaps_ms("a")[0] < 0


def test_a_gap_is_from_the_end_of_a_call_to_the_start_of_the_next(
    simulator: SimulatorClient, http: httpx.Client
) -> None:
    for n in range(3):
        send(http, f"c-{n}.1")
    calls = simulator.calls()
    expected = [b["started_mono"] - a["ended_mono"] for a, b in itertools.pairwise(calls)]
    assert simulator.gaps_ms("line-1") == pytest.approx(expected, abs=1e-3)
    (lane,) = simulator.summary()["senders"]
    assert (lane["smallest_gap_ms"], lane["largest_gap_ms"]) == pytest.approx((min(expected), max(expected)))


def test_a_refused_call_between_does_not_split_a_gap() -> None:
    lane = Lane()
    for started, ended, delivered in [(1.0, 2.0, 1), (3.0, 3.5, 0), (5.0, 5.5, 1), (5.2, 6.0, 1)]:
        lane.begin(started)
        lane.close(ended)
        if delivered:
            lane.delivered(started, ended)
    assert list(lane.gaps) == pytest.approx([3.0, -0.3])
    assert (lane.calls, lane.delivering, lane.overlaps) == (4, 3, 1)


# ---------------------------------------------------------------------- forgetting


def test_forgetting_empties_everything(simulator: SimulatorClient, http: httpx.Client) -> None:
    send(http, "c-1.1")
    simulator.forget()
    send(http, "c-1.2")
    summary = simulator.summary()
    assert (summary["deliveries"], summary["calls"], summary["duplicate_count"]) == (1, 1, 0)
    assert len(http.get("/sender/listfolders").json()) == 1


def test_the_oldest_are_dropped_beyond_what_is_kept(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(keep=100)
    for n in range(300):
        send(http, f"c-{n}.1")
    kept = simulator.deliveries()
    assert 100 <= len(kept) <= 210
    assert (kept[-1]["marker"], kept[-1]["id"]) == ("c-299.1", 299)
    assert kept[0]["started"] is not None
    summary = simulator.summary()
    assert (summary["deliveries"], summary["calls"], summary["senders"][0]["calls"]) == (300, 300, 300)
    send(http, "c-299.2")
    assert simulator.summary()["duplicate_count"] == 1


def test_pages_of_deliveries(simulator: SimulatorClient, http: httpx.Client) -> None:
    for n in range(5):
        send(http, f"c-{n}.1")
    assert [d["id"] for d in simulator.deliveries(after=1, limit=2)] == [2, 3]
    assert [c["id"] for c in simulator.calls(after=3)] == [4]


def test_columns_of_a_new_record_are_of_one_length() -> None:
    record = Record(Settings())
    columns = [value for value in vars(record).values() if isinstance(value, list | array)]
    assert {len(column) for column in columns} == {0}


# ---------------------------------------------------------------------- numbers and ids


@pytest.mark.parametrize(
    ("marker", "job"), [("c-12.1", "c-12"), ("Nome 0f3k9x2m7q4t-12.10", "Nome 0f3k9x2m7q4t-12"), ("v", "v"), ("", "")]
)
def test_a_job_is_its_marker_without_the_attempt(marker: str, job: str) -> None:
    assert job_of(marker) == job


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("5511988876204", {"5511988876204", "551188876204"}),
        ("551188876204", {"5511988876204", "551188876204"}),
        ("551132345678", {"551132345678"}),
        ("+55 (11) 98887-6204", {"5511988876204", "551188876204"}),
        ("5511988876204:12@s.whatsapp.net", {"5511988876204", "551188876204"}),
        ("14155550100", {"14155550100"}),
    ],
)
def test_spellings_of_a_number(number: str, expected: set[str]) -> None:
    assert spellings(number) == expected
    assert person(number) == max(expected, key=len)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("5511988876204", "5511988876204@s.whatsapp.net"),
        ("5541988876204", "554188876204@s.whatsapp.net"),
        ("5541958876204", "5541958876204@s.whatsapp.net"),
        ("120363025246125486@g.us", "120363025246125486@g.us"),
    ],
)
def test_whatsapps_id_of_a_number(number: str, expected: str) -> None:
    assert jid(number) == expected
    assert is_destination(number)
    assert digits_of(expected).isdigit()


def test_a_message_id_leads_back_to_its_delivery() -> None:
    assert delivery_of(message_id(77)) == delivery_of(f"5511:{message_id(77)}") == 77
    assert delivery_of("3EB0") == delivery_of("3EB0zzzzzzzzzzzzzzzz") == -1
