"""What is listed of a mass send, and what it says about each of its messages."""

from typing import Any

import pytest

from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.uazapi import PROVIDER
from dispatcher.providers.uazapi.build import build_poll
from dispatcher.providers.uazapi.poll import NOT_TOLD, read_poll
from dispatcher.providers.uazapi.read import POLL_WAITS_S, read
from tests.providers.jobs import PHONES, answer, campaign, job, parcel, parcels

ANA, BIA = parcels(PHONES[:2])
GONE = Outcome(Fate.FAILED, "not_on_whatsapp", "the number … is not on WhatsApp")


def sent(phone: str, own: str, status: str = "Sent") -> dict[str, Any]:
    return {"chatid": f"{phone}@s.whatsapp.net", "messageid": own, "id": f"owner:{own}", "status": status}


def failed(phone: str, status: str = "Failed") -> dict[str, Any]:
    error = f"the number {phone}@s.whatsapp.net is not on WhatsApp"
    return {"chatid": f"{phone}@s.whatsapp.net", "status": status, "error": error}


def reached(own: str) -> Outcome:
    return Outcome(Fate.SENT, provider_ref=own)


def test_a_mass_sends_messages_are_asked_for_in_one_call() -> None:
    request = build_poll(job("uazapi", ANA, BIA), "r1")
    assert (request.method, request.path) == ("POST", "/sender/listmessages")
    assert request.json == {"folder_id": "r1", "page": 1, "pageSize": PROVIDER.max_batch}
    assert request.headers == {"token": "instance-token"}


def test_it_is_asked_for_when_the_last_of_them_should_have_left() -> None:
    sending = job("uazapi", ANA, BIA, campaign=campaign(pacing=Pacing(3_000, 5_500)))
    reading = read(sending, answer(200, {"folder_id": "r1", "count": 2}))
    assert {one.poll_s for one in reading.outcomes} == {POLL_WAITS_S[0] + 6}


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ([sent(PHONES[1], "3EB1"), sent(PHONES[0], "3EB0")], (reached("3EB0"), reached("3EB1"))),
        ([sent(PHONES[0], "3EB0", "Read"), failed(PHONES[1])], (reached("3EB0"), GONE)),
        ([failed(PHONES[0]), failed(PHONES[1], "Canceled")], (GONE, GONE)),
        ([sent("551190000001", "3EB0")], (NOT_TOLD, NOT_TOLD)),
        ([sent(PHONES[0], "3EB0", "Pending"), sent(PHONES[1], "", "Scheduled")], (NOT_TOLD, NOT_TOLD)),
        ([sent(PHONES[0], "3EB0", "what?"), {"chatid": None, "status": 3}, "?"], (NOT_TOLD, NOT_TOLD)),
        ([failed(PHONES[0]), sent(PHONES[0], "3EB0")], (reached("3EB0"), NOT_TOLD)),
        ([failed(PHONES[0]), sent(PHONES[0], "", "Scheduled")], (NOT_TOLD, NOT_TOLD)),
        ([], (NOT_TOLD, NOT_TOLD)),
    ],
)
def test_each_message_is_what_is_listed_about_its_client(listed: Any, told: tuple[Outcome, ...]) -> None:
    assert read_poll(job("uazapi", ANA, BIA), answer(200, {"messages": listed})) == told


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ([failed(PHONES[0]), failed(PHONES[0])], GONE),
        ([failed(PHONES[0])], NOT_TOLD),
        ([sent(PHONES[0], "3EB0"), failed(PHONES[0])], NOT_TOLD),
        ([sent(PHONES[0], "3EB0"), sent(PHONES[0], "3EB1")], NOT_TOLD),
    ],
)
def test_two_messages_to_one_client_fail_together_or_nothing_is_concluded(listed: Any, told: Outcome) -> None:
    asked = job("uazapi", ANA, parcel(PHONES[0], seq=13))
    assert read_poll(asked, answer(200, {"messages": listed})) == (told, told)


def test_a_group_is_known_by_its_name() -> None:
    group = parcel("120363000000000001@g.us")
    listed = [{"chatid": "120363000000000001@g.us", "messageid": "3EB0", "status": "Sent"}]
    assert read_poll(job("uazapi", group), answer(200, {"messages": listed})) == (reached("3EB0"),)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {"messages": None}), (200, []), (404, {"error": "Folder not found"}), (500, {"messages": []})],
)
def test_what_is_no_list_says_nothing(status: int, body: Any) -> None:
    assert read_poll(job("uazapi", ANA), answer(status, body)) is None
