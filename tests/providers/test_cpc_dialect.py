"""Bodies of `POST /api/messages/massivocpc` in, a draft or named problems out."""

from typing import Any

import pytest

from dispatcher.domain.campaign import DraftMessage
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.cpc.dialect import parse, recognises
from tests.providers.jobs import NOW_MS, PHONES, context
from tests.simulator.seeds import CPC as SEED

REQUIRED = {"phone": PHONES[0], "closeTicket": True, "specialistCode": "admin", "mainTemplate": "Olá"}


def post(*messages: Any, **other: Any) -> dict[str, Any]:
    return {"campaign": "C", "tag": "emp1", "messages": list(messages) or [REQUIRED], **other}


def fields(body: Any, **account: Any) -> list[str]:
    with pytest.raises(BadRequest) as refused:
        parse(body, context("cpc", **account))
    return [where for where, _ in refused.value.problems]


def test_the_seed_is_read_whole() -> None:
    draft = parse(SEED, context("cpc", delay_min_ms=1000, delay_max_ms=2000))
    assert (draft.name, draft.dialect, draft.senders) == ("Campanha teste", "cpc", ("emp1",))
    assert draft.pacing == Pacing(1000, 2000)
    assert draft.join_key == '["Campanha teste", "emp1", "2025-11-24"]'
    assert draft.warnings == ()
    assert list(draft.messages) == [
        DraftMessage(
            "5511988876204",
            "5511988876204",
            {"type": "text", "text": SEED["messages"][0]["mainTemplate"]},
            params={"idMessage": 1234, "contract": "1091757", "specialistCode": "admin", "idAccount": "1234"},
            written="5511988876204",
        )
    ]


def test_the_day_is_that_of_the_accounts_time_zone() -> None:
    late_ms = NOW_MS + 9 * 3600 * 1000  # 01:00 UTC on the 25th, 22:00 of the 24th in São Paulo
    assert parse(post(), context("cpc", late_ms)).join_key == '["C", "emp1", "2025-11-24"]'
    utc = context("cpc", late_ms, options={"timezone": "UTC"})
    assert parse(post(), utc).join_key == '["C", "emp1", "2025-11-25"]'


def test_a_bar_in_a_name_does_not_lead_into_another_tags_campaign() -> None:
    one, other = ({**post(), "campaign": campaign, "tag": tag} for campaign, tag in (("a|b", "c"), ("a", "b|c")))
    assert parse(one, context("cpc")).join_key != parse(other, context("cpc")).join_key


@pytest.mark.parametrize(("field", "most"), [("campaign", 500), ("tag", 100)])
def test_a_name_has_a_length(field: str, most: int) -> None:
    assert parse({**post(), field: "x" * most}, context("cpc"))
    assert fields({**post(), field: "x" * (most + 1)}) == [field]


@pytest.mark.parametrize("phone", ["123", "abc", "120363000000000001@g.us", "1@lid", "+55 11 0000"])
def test_a_phone_that_cannot_be_dialled_does_not_spoil_the_post(phone: str) -> None:
    bad, good = parse(post({**REQUIRED, "phone": phone}, REQUIRED), context("cpc")).messages
    assert (bad.phone, bad.key, bad.problem) == (phone, "", "invalid_number")
    assert (good.phone, good.key, good.problem) == (PHONES[0], PHONES[0], None)


def test_an_empty_text_is_accepted_with_a_warning() -> None:
    draft = parse(post({**REQUIRED, "mainTemplate": ""}, REQUIRED), context("cpc"))
    assert next(one.content for one in draft.messages) == {"type": "text", "text": ""}
    (warning,) = draft.warnings
    assert warning == "messages with an empty mainTemplate, which are sent empty: 1"


def test_follow_ups_and_ids_are_kept_for_the_provider() -> None:
    own = {"idMessage": "7", "clientId": 9, "contract": "", "retryTemplate": "de novo", "lastTemplate": None}
    (one,) = parse(post({**REQUIRED, **own}), context("cpc")).messages
    assert one.params == {"idMessage": 7, "clientId": "9", "specialistCode": "admin", "retryTemplate": "de novo"}
    assert one.fields is None


@pytest.mark.parametrize("name", ["phone", "closeTicket", "specialistCode", "mainTemplate"])
def test_a_message_without_a_required_field_is_named(name: str) -> None:
    short = {field: value for field, value in REQUIRED.items() if field != name}
    assert fields(post(REQUIRED, short)) == [f"messages[1].{name}"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (post({**REQUIRED, "closeTicket": False}), "messages[0].closeTicket"),
        (post({**REQUIRED, "closeTicket": "true"}), "messages[0].closeTicket"),
        (post({**REQUIRED, "phone": " "}), "messages[0].phone"),
        (post({**REQUIRED, "phone": None}), "messages[0].phone"),
        (post({**REQUIRED, "mainTemplate": 5}), "messages[0].mainTemplate"),
        (post({**REQUIRED, "specialistCode": " "}), "messages[0].specialistCode"),
        (post({**REQUIRED, "idMessage": "x"}), "messages[0].idMessage"),
        (post({**REQUIRED, "idMessage": True}), "messages[0].idMessage"),
        (post({**REQUIRED, "text": "x"}), "messages[0].text"),
        (post({**REQUIRED, "templateId": 7}), "messages[0].templateId"),
        (post(priority=1), "priority"),
        (post(campaign=""), "campaign"),
        (post(tag=" "), "tag"),
        (post(tag=None), "tag"),
        (post(idAccount={}), "idAccount"),
        (post("x"), "messages[0]"),
        ({"campaign": "C", "tag": "emp1", "messages": []}, "messages"),
        ({"campaign": "C", "tag": "emp1"}, "messages"),
    ],
)
def test_every_field_is_known_and_what_it_should_be(body: Any, field: str) -> None:
    assert fields(body) == [field]


def test_an_account_may_have_one_operator_for_all() -> None:
    short = {field: value for field, value in REQUIRED.items() if field != "specialistCode"}
    draft = parse(post(short), context("cpc", options={"specialist_code": "equipe"}))
    assert [one.params for one in draft.messages] == [{}]


def test_a_rule_never_repeats_what_was_sent() -> None:
    with pytest.raises(BadRequest) as refused:
        parse(post({**REQUIRED, "closeTicket": "segredo"}), context("cpc"))
    assert "segredo" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (SEED, True),
        ({"campaign": "c", "tag": "t"}, False),
        ({**SEED, "account": "loja"}, False),
        ([SEED], False),
        (None, False),
    ],
)
def test_a_body_is_recognised_by_campaign_tag_and_messages(body: Any, ours: bool) -> None:
    assert recognises(body) is ours
