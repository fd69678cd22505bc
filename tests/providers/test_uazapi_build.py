"""A job in, exactly this request out."""

import pytest

from dispatcher.domain.pacing import Pacing
from dispatcher.providers.uazapi.build import build, build_lookup, build_probe
from tests.providers.jobs import CAMPAIGN, PHONES, account, campaign, job, parcel, sender


def test_one_text_becomes_one_mass_send_marked_with_the_jobs_id() -> None:
    request = build(job("uazapi"))
    assert (request.method, request.path) == ("POST", "/sender/advanced")
    assert request.headers == {"token": "instance-token"}
    assert request.json == {
        "delayMin": 3,
        "delayMax": 6,
        "info": f"{CAMPAIGN}-12.1",
        "messages": [{"type": "text", "text": "oi", "number": PHONES[0]}],
    }


def test_a_batch_keeps_its_order_and_every_field_of_its_contents() -> None:
    menu = {"type": "list", "text": "Escolha", "listButton": "Ver", "choices": ["[A]", "Um|1"], "track": {"x": 1}}
    request = build(job("uazapi", parcel(content=menu), parcel("120363000000000001@g.us", seq=13)))
    assert request.json["messages"] == [
        {**menu, "number": PHONES[0]},
        {"type": "text", "text": "oi", "number": "120363000000000001@g.us"},
    ]


def test_a_content_cannot_change_the_recipient() -> None:
    request = build(job("uazapi", parcel(content={"type": "text", "text": "oi", "number": PHONES[2]})))
    assert request.json["messages"][0]["number"] == PHONES[0]


@pytest.mark.parametrize(
    ("pacing", "least", "most"),
    [
        (Pacing(0, 0), 0, 0),
        (Pacing(1000, 1000), 1, 1),
        (Pacing(1, 1500), 1, 2),
    ],
)
def test_delays_are_whole_seconds_rounded_up(pacing: Pacing, least: int, most: int) -> None:
    body = build(job("uazapi", campaign=campaign(pacing=pacing))).json
    assert (body["delayMin"], body["delayMax"]) == (least, most)


def test_a_senders_own_token_goes_before_the_accounts() -> None:
    assert build(job("uazapi", sender=sender(token="own"))).headers == {"token": "own"}


def test_a_job_of_the_past_is_looked_up_in_the_list_of_mass_sends() -> None:
    request = build_lookup(job("uazapi"))
    assert (request.method, request.path, request.json) == ("GET", "/sender/listfolders", None)
    assert request.headers == {"token": "instance-token"}


def test_the_line_is_asked_for_its_status() -> None:
    request = build_probe(account("uazapi"), sender(token="own"))
    assert (request.method, request.path, request.headers) == ("GET", "/instance/status", {"token": "own"})
