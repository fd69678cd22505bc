"""A job in, exactly the documented request out."""

from dataclasses import replace
from typing import Any

import pytest

from dispatcher.providers.contract import Misconfigured, Unsendable
from dispatcher.providers.cpc.build import build, one_call
from dispatcher.providers.cpc.dialect import parse
from tests.providers.jobs import CAMPAIGN, PHONES, account, campaign, context, job, parcel, sender
from tests.simulator.seeds import CPC as SEED

PARAMS = {"idMessage": 1234, "clientId": "c1", "contract": "1091757", "specialistCode": "admin"}
FOLLOW_UPS = {"retryTemplate": "de novo", "lastTemplate": "fim"}
TAG = sender("emp1")


def body(*sent: Any, **parts: Any) -> Any:
    return build(job("cpc", *sent, **{"sender": TAG, **parts})).json


def test_one_message_becomes_one_post_with_the_documented_fields() -> None:
    sent = parcel(content={"type": "text", "text": "Olá"}, params={**PARAMS, "idAccount": "1234"})
    request = build(job("cpc", sent, sender=TAG))
    assert (request.method, request.path) == ("POST", "/api/messages/massivocpc")
    assert request.headers == {"Authorization": "Bearer instance-token"}
    assert request.json == {
        "campaign": "Campanha",
        "idAccount": "1234",
        "tag": "emp1",
        "messages": [{"phone": PHONES[0], **PARAMS, "closeTicket": True, "mainTemplate": "Olá"}],
    }


def test_the_seed_goes_out_as_it_came_in() -> None:
    draft = parse(SEED, context("cpc"))
    (one,) = draft.messages
    sent = parcel(one.phone, one.content, one.params)
    assert body(sent, campaign=campaign(draft.name)) == SEED


def test_what_a_message_does_not_bring_is_the_accounts_or_empty() -> None:
    there = account("cpc", options={"specialist_code": "equipe", "id_account": "77"})
    sent = body(account=there, campaign=campaign(""))
    assert sent == {
        "campaign": CAMPAIGN,
        "idAccount": "77",
        "tag": "emp1",
        "messages": [
            {
                "phone": PHONES[0],
                "idMessage": 12,
                "clientId": "",
                "contract": "",
                "closeTicket": True,
                "specialistCode": "equipe",
                "mainTemplate": "oi",
            }
        ],
    }


def test_follow_ups_go_to_the_provider_unless_we_send_them_ourselves() -> None:
    sent = parcel(params={**PARAMS, **FOLLOW_UPS})
    assert body(sent)["messages"][0].items() >= FOLLOW_UPS.items()
    ours = account("cpc", options={"follow_ups": "dispatcher"})
    assert not body(sent, account=ours)["messages"][0].keys() & FOLLOW_UPS.keys()
    accepted_before = replace(campaign(), follow_ups=({"after_s": 1, "param": "retryTemplate"},))
    assert not body(sent, campaign=accepted_before)["messages"][0].keys() & FOLLOW_UPS.keys()


def test_an_empty_text_goes_out_empty() -> None:
    assert body(parcel(content={"type": "text", "text": ""}, params=PARAMS))["messages"][0]["mainTemplate"] == ""


def test_without_an_operator_nothing_can_be_sent() -> None:
    with pytest.raises(Misconfigured, match="no_specialist_code"):
        body()


def test_what_is_no_text_cannot_be_sent() -> None:
    with pytest.raises(Unsendable, match="unsupported_content"):
        body(parcel(content={"type": "image", "file": "https://x.example/a.png"}, params=PARAMS))


def test_messages_of_different_accounts_never_share_a_call() -> None:
    sent = [parcel(PHONES[at], params={**PARAMS, "idAccount": str(at)}, seq=at) for at in (0, 1)]
    assert body(sent[1])["idAccount"] == "1"
    assert one_call(job("cpc", *sent)) == (sent[0],)
    assert one_call(job("cpc", sent[1], sent[1])) == (sent[1],) * 2
