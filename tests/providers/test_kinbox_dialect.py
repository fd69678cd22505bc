"""Kinbox' dialect: bodies of upstream apps as drafts, and what is refused."""

from time import process_time
from typing import Any

import pytest

from dispatcher.domain.campaign import DraftMessage
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.kinbox import PROVIDER
from tests.providers.made import ANA, BIA, CAIO, NOW_MS, messages, parsed, refusals

URL = "https://app.example/leads.csv"
FILE = f"phone,nome\n{ANA},Ana\n{BIA},Bia\n".encode()
MINIMAL = {"name": "Oferta", "leadsAssetUrl": URL, "message": "oi"}
WHOLE = {
    **MINIMAL,
    "channelId": "canal",
    "operatorName": "Op",
    "businessHoursId": "h",
    "channelType": "1",
    "leadType": "file",
    "scheduledTo": "2026-11-07T12:30:00Z",
    "originalScheduledTo": "whenever",
    "finishedAtPrediction": "later",
    "textRaw": "raw",
    "assetsUrls": [],
    "chunksCount": 4,
    "secondsBetweenMessages": 5,
    "secondsBetweenChunks": 60,
    "chunkSize": 50,
    "template": {},
}


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (MINIMAL, True),
        (WHOLE, True),
        ({"name": "x", "message": "oi", "leads": []}, True),
        ({"name": "x", "message": "oi"}, False),
        ({"name": "x", "leads": [], "messages": []}, False),
        ({"leadsAssetUrl": URL}, False),
        ({"name": "x", "campaign_name": "x", "sheet_values": []}, False),
        ([MINIMAL], False),
        (None, False),
    ],
)
def test_a_body_is_known_by_its_fields(body: Any, ours: bool) -> None:
    assert PROVIDER.recognises(body) is ours


def test_every_field_finds_its_place() -> None:
    draft = parsed(PROVIDER, WHOLE, FILE, business_hours={"h": read_hours({"timezone": "UTC", "windows": []})})
    assert (draft.name, draft.dialect, draft.senders) == ("Oferta", "kinbox", ("canal",))
    assert draft.business_hours == "h"
    assert draft.content == {"type": "text", "text": "oi"}
    assert draft.pacing == Pacing(5_000, 5_000, 50, 60_000)
    assert (draft.chunks_count, draft.scheduled_for_ms) == (4, NOW_MS + 1_800_000)
    assert draft.options == WHOLE
    assert messages(draft) == [
        DraftMessage(ANA, ANA, fields={"phone": ANA, "nome": "Ana"}, written=ANA),
        DraftMessage(BIA, BIA, fields={"phone": BIA, "nome": "Bia"}, written=BIA),
    ]


def test_what_is_not_given_comes_from_the_account() -> None:
    draft = parsed(PROVIDER, MINIMAL, FILE, delay_min_ms=1_000, delay_max_ms=2_000)
    assert draft.pacing == Pacing(1_000, 2_000)
    assert (draft.senders, draft.scheduled_for_ms, draft.chunks_count) == ((), None, 0)


def test_no_delay_is_a_delay_too() -> None:
    draft = parsed(PROVIDER, MINIMAL | {"secondsBetweenMessages": 0}, FILE, delay_min_ms=1_000, delay_max_ms=2_000)
    assert (draft.pacing.delay_min_ms, draft.pacing.delay_max_ms) == (0, 0)


def test_empty_and_null_fields_count_as_not_given() -> None:
    blank = dict.fromkeys(("channelId", "scheduledTo", "leadType", "textRaw"), "") | {"chunkSize": None}
    draft = parsed(PROVIDER, MINIMAL | blank, FILE)
    assert (draft.senders, draft.options) == ((), MINIMAL)


@pytest.mark.parametrize(
    ("given", "text"),
    [({"message": "a", "textRaw": "b"}, "a"), ({"message": "", "textRaw": "b"}, "b"), ({"template": {"id": 1}}, "")],
)
def test_the_text_is_message_or_text_raw_and_a_template_needs_none(given: dict[str, Any], text: str) -> None:
    body = {"name": "x", "leadsAssetUrl": URL, **given}
    assert parsed(PROVIDER, body, FILE).content == {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("moment", "start_ms"),
    [
        ("2026-11-07T12:00:01Z", NOW_MS + 1_000),
        ("2026-11-07T12:00:01", NOW_MS + 1_000),  # without an offset: UTC
        ("2026-11-07T09:00:01-03:00", NOW_MS + 1_000),
        ("2026-11-08", NOW_MS + 12 * 3_600_000),
        ("2026-11-07T12:00:00Z", None),
        ("2026-11-07T11:59:01Z", None),
    ],
)
def test_a_start_is_iso_8601(moment: str, start_ms: int | None) -> None:
    assert parsed(PROVIDER, MINIMAL | {"scheduledTo": moment}, FILE).scheduled_for_ms == start_ms


# ---------------------------------------------------------------- recipients

LEADS = [
    # (columns, phone, problem)
    ({"phone": "+55 (11) 90000-0001", "nome": "Ana"}, ANA, None),
    ({"phone": "123", "nome": "Eva"}, "123", "invalid_number"),
    ({"phone": BIA, "nome": " "}, BIA, "missing_field:nome"),
    ({"phone": BIA, "nome": "Bia"}, BIA, None),
    ({"phone": "11900000002", "nome": "Bia"}, BIA, "duplicate_recipient"),
    ({"telefone": 11900000003, "nome": 7, "x": None}, CAIO, None),
    ({"phone": "120363025246125486@g.us", "nome": "grupo"}, "120363025246125486@g.us", "invalid_number"),
    ({"nome": "ninguém"}, "", "invalid_number"),
]


def test_a_bad_lead_is_kept_with_its_problem_and_stops_nobody() -> None:
    given = [columns for columns, _, _ in LEADS]
    draft = parsed(PROVIDER, {"name": "x", "message": "Olá {{nome}}", "leads": given})
    assert [(one.phone, one.problem) for one in messages(draft)] == [(phone, problem) for _, phone, problem in LEADS]
    assert messages(draft)[5].fields == {"telefone": "11900000003", "nome": "7"}


def test_both_spellings_of_a_mobile_are_one_recipient() -> None:
    file = b"phone\n553190000001\n5531990000001\n"
    assert [one.problem for one in messages(parsed(PROVIDER, MINIMAL, file))] == [None, "duplicate_recipient"]


def test_a_default_makes_up_for_a_missing_column() -> None:
    draft = parsed(PROVIDER, MINIMAL | {"message": "Olá {{apelido|cliente}}"}, FILE)
    assert [one.problem for one in messages(draft)] == [None, None]


def test_a_file_may_be_latin_1_with_semicolons() -> None:
    file = f"Número;Nome\r\n{ANA};João\r\n".encode("latin-1")
    [message] = messages(parsed(PROVIDER, MINIMAL | {"message": "Olá {{nome}}"}, file))
    assert (message.phone, message.fields) == (ANA, {"Número": ANA, "Nome": "João"})


@pytest.mark.parametrize("file", [b"", b"phone\n", b"nome\nAna\n"])
def test_a_file_without_recipients_is_refused_before_anything_is_stored(file: bytes) -> None:
    assert refusals(PROVIDER, MINIMAL, file=file) == ["leadsAssetUrl"]


def test_a_broken_row_is_named_but_not_repeated() -> None:
    with pytest.raises(BadRequest) as refused:
        parsed(PROVIDER, MINIMAL, FILE + f"{CAIO},Caio,segredo\n".encode())
    assert refused.value.problems == (("leadsAssetUrl", "row 4: has 3 cells where the header has 2"),)


# ---------------------------------------------------------------- refusals

REFUSED = [
    ({"name": None}, ["name"]),
    ({"name": "  "}, ["name"]),
    ({"name": 7}, ["name"]),
    ({"name": "x" * 501}, ["name"]),
    ({"message": None}, ["message"]),
    ({"leadsAssetUrl": None}, ["leadsAssetUrl"]),
    ({"leads": [{"phone": ANA}]}, ["leadsAssetUrl"]),
    ({"leadsAssetUrl": None, "leads": []}, ["leads"]),
    ({"leadsAssetUrl": None, "leads": {"phone": ANA}}, ["leads"]),
    ({"leadsAssetUrl": None, "leads": [{"phone": ANA}, 5]}, ["leads[1]"]),
    ({"leadsAssetUrl": None, "leads": [{"phone": ANA, "tags": ["a"]}]}, ["leads[0].tags"]),
    ({"leadsAssetUrl": 1, "channelId": 2, "textRaw": []}, ["channelId", "leadsAssetUrl", "textRaw"]),
    ({"channelType": "0"}, ["channelType"]),
    ({"channelType": 1}, ["channelType"]),
    ({"channelType": "12"}, ["channelType"]),
    ({"leadType": "csv"}, ["leadType"]),
    ({"assetsUrls": "https://a.example"}, ["assetsUrls"]),
    ({"assetsUrls": [1]}, ["assetsUrls"]),
    ({"template": []}, ["template"]),
    ({"chunkSize": -1}, ["chunkSize"]),
    ({"chunksCount": 1.5}, ["chunksCount"]),
    ({"chunkSize": True}, ["chunkSize"]),
    ({"secondsBetweenMessages": "5"}, ["secondsBetweenMessages"]),
    ({"secondsBetweenChunks": 86_401}, ["secondsBetweenChunks"]),
    ({"scheduledTo": "amanhã"}, ["scheduledTo"]),
    ({"scheduledTo": "2026-11-07T11:58:59Z"}, ["scheduledTo"]),
    ({"scheduledTo": 1_794_052_800}, ["scheduledTo"]),
    ({"scheduledTo": "amanhã", "chunkSize": -1, "message": None}, ["chunkSize", "scheduledTo", "message"]),
]


@pytest.mark.parametrize(("change", "fields"), REFUSED)
def test_a_body_that_breaks_the_rules_is_refused_by_field(change: dict[str, Any], fields: list[str]) -> None:
    assert refusals(PROVIDER, MINIMAL | change, file=FILE) == fields


@pytest.mark.parametrize("body", [None, [], "x"])
def test_what_is_no_object_is_refused(body: Any) -> None:
    assert refusals(PROVIDER, body) == [""]


def test_files_and_templates_are_for_accounts_of_kinbox() -> None:
    more = {"assetsUrls": ["https://a.example/1.png"], "template": {"id": 1}}
    assert refusals(PROVIDER, MINIMAL | more, file=FILE, provider="uazapi") == ["assetsUrls", "template"]
    assert parsed(PROVIDER, MINIMAL, FILE, provider="uazapi").dialect == "kinbox"


def test_a_hundred_thousand_leads_take_seconds() -> None:
    file = [b"phone,nome,cidade\n"]
    file += [f"55119{number:08},Pessoa {number},São Paulo\n".encode() for number in range(100_000)]
    begun = process_time()
    draft = parsed(PROVIDER, MINIMAL | {"message": "Olá {{nome}}"}, file)
    assert sum(one.problem is None for one in messages(draft)) == 100_000
    assert process_time() - begun < 10
