"""Builder's dialect: campaign actions and acionamentos of upstream apps as drafts, and what is refused."""

from time import process_time
from typing import Any

import pytest

from dispatcher.domain.campaign import DraftMessage
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.builder import PROVIDER
from dispatcher.providers.builder.render import action_object, invalid_object, status_of
from tests.providers.made import ANA, BIA, CAIO, NOW_MS, account, messages, parsed, refusals

SHEET = ["phone,nome,message", f"{ANA},Ana,Olá Ana", f'{BIA},Bia,"Olá, Bia"']
ACTION = {"campaign_name": "Oferta", "sheet_values": SHEET}
PATH = {"organization_name": "org", "bot_name": "bot"}
SEED = {
    "_id": "5eb7cf5a86d9755df3a6c593",
    "organization": "string",
    "scheduled_date": "",
    "campaign_name": "Oferta",
    "status": "not_started",
    "bot_name": "string",
    "creation_date": "2019-08-24T14:15:22Z",
    "description": "string",
    "name": "string",
    "file": "string",
    "content": "string",
    "sheet_values": SHEET,
    "log_file": "string",
}


def text(content: str) -> dict[str, str]:
    return {"type": "text", "text": content}


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (SEED, True),
        (ACTION, True),
        ({"sheet_values": SHEET}, True),
        ({"json": {}}, True),
        ({"json": "x"}, False),
        ({"json": {}, "messages": []}, False),
        ({"content": "x"}, False),
        ({"name": "x", "leadsAssetUrl": "x"}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_body_is_known_by_its_fields(body: Any, ours: bool) -> None:
    assert PROVIDER.recognises(body) is ours


# ---------------------------------------------------------------- campaign action


def test_a_campaign_action_is_a_draft() -> None:
    draft = parsed(PROVIDER, SEED, path=PATH, delay_min_ms=1_000, delay_max_ms=2_000, mode="campaign")
    assert (draft.name, draft.dialect, draft.senders, draft.join_key) == ("Oferta", "builder", ("bot",), None)
    assert (draft.pacing, draft.scheduled_for_ms) == (Pacing(1_000, 2_000), None)
    assert messages(draft) == [
        DraftMessage(ANA, ANA, text("Olá Ana"), {"phone": ANA, "nome": "Ana"}, written=ANA),
        DraftMessage(BIA, BIA, text("Olá, Bia"), {"phone": BIA, "nome": "Bia"}, written=BIA),
    ]


def test_what_is_echoed_holds_no_recipients() -> None:
    assert parsed(PROVIDER, SEED, path=PATH).options == {
        name: value for name, value in SEED.items() if name != "sheet_values"
    }
    assert parsed(PROVIDER, ACTION, path=PATH).options == {
        "organization": "org",
        "bot_name": "bot",
        "campaign_name": "Oferta",
    }
    listed = {"campaign_name": "x", "content": f"phone\n{ANA}", "description": "oi"}
    assert parsed(PROVIDER, listed).options == {"campaign_name": "x", "description": "oi"}


PLAIN = ["telefone;nome", f"{ANA};Ana", f"{BIA};"]
TEXTS = [
    # (the body, the texts of its messages, their problems)
    ({"sheet_values": PLAIN, "content": "oi", "description": "não"}, ["oi", "oi"], [None, None]),
    ({"sheet_values": PLAIN, "description": "oi"}, ["oi", "oi"], [None, None]),
    ({"sheet_values": PLAIN, "content": "Olá {{nome}}"}, ["Olá {{nome}}"] * 2, [None, "missing_field:nome"]),
    ({"sheet_values": PLAIN}, [None, None], ["missing_field:message"] * 2),
    ({"content": "\n".join(PLAIN), "description": "oi"}, ["oi", "oi"], [None, None]),
    ({"content": f"phone,Mensagem\n{ANA},olá\n{BIA},\n", "description": "oi"}, ["olá", "oi"], [None, None]),
    ({"sheet_values": ["phone,texto", f"{ANA},Olá {{{{x}}}}"]}, ["Olá {{x}}"], ["missing_field:x"]),
    ({"sheet_values": ["phone,texto,x", f"{ANA},Olá {{{{x}}}},Ana"]}, ["Olá {{x}}"], [None]),
    ({"sheet_values": [f"phone,text\n{ANA},a", f"{BIA},b"]}, ["a", "b"], [None, None]),
]


@pytest.mark.parametrize(("body", "texts", "problems"), TEXTS)
def test_a_text_is_the_recipients_own_or_the_actions(
    body: dict[str, Any], texts: list[Any], problems: list[Any]
) -> None:
    draft = parsed(PROVIDER, body)
    contents = [one.content or draft.content or {} for one in messages(draft)]
    assert [content.get("text") for content in contents] == texts
    assert [one.problem for one in messages(draft)] == problems


def test_a_bad_line_is_kept_with_its_problem_and_stops_nobody() -> None:
    lines = ["phone,message", "123,oi", f"{ANA},oi", "+55 (11) 90000-0001,oi de novo", f"{BIA},oi"]
    found = [(one.phone, one.problem) for one in messages(parsed(PROVIDER, {"sheet_values": lines}))]
    assert found == [("123", "invalid_number"), (ANA, None), (ANA, "duplicate_recipient"), (BIA, None)]


@pytest.mark.parametrize(
    ("path", "bot_name", "senders"), [(PATH, "other", ("bot",)), ({}, "other", ("other",)), ({}, None, ())]
)
def test_the_bot_of_the_path_goes_before_the_bodys(path: Any, bot_name: Any, senders: tuple[str, ...]) -> None:
    assert parsed(PROVIDER, ACTION | {"bot_name": bot_name}, path=path).senders == senders


def test_a_date_is_a_start() -> None:
    draft = parsed(PROVIDER, ACTION | {"scheduled_date": "2026-11-07T09:30:00-03:00", "status": "in_progress"})
    assert draft.scheduled_for_ms == NOW_MS + 1_800_000


ACTIONS_REFUSED = [
    ({"sheet_values": None}, ["sheet_values"]),
    ({"sheet_values": []}, ["sheet_values"]),
    ({"sheet_values": "phone"}, ["sheet_values"]),
    ({"sheet_values": ["phone", 5, None]}, ["sheet_values[1]", "sheet_values[2]"]),
    ({"sheet_values": ["phone,message"]}, ["sheet_values"]),
    ({"sheet_values": ["nome", "Ana"]}, ["sheet_values"]),
    ({"sheet_values": ["phone,message", f"{ANA},oi,demais"]}, ["sheet_values"]),
    ({"sheet_values": None, "content": "oi"}, ["content"]),
    ({"campaign_name": 5, "content": []}, ["campaign_name", "content"]),
    ({"status": "started"}, ["status"]),
    ({"status": "concluded"}, ["status"]),
    ({"status": ["not_started"]}, ["status"]),
    ({"scheduled_date": "string"}, ["scheduled_date"]),
    ({"scheduled_date": "string", "status": "started", "name": 1}, ["name", "status", "scheduled_date"]),
    ({"scheduled_date": "2026-11-07T11:00:00Z"}, ["scheduled_date"]),
    ({"scheduled_date": "2127-11-07T11:00:00Z"}, ["scheduled_date"]),
    ({"scheduled_date": "9999-12-31T23:59:59-23:59"}, ["scheduled_date"]),
    ({"scheduled_date": "0001-01-01T00:00:00+23:59"}, ["scheduled_date"]),
]


@pytest.mark.parametrize(("change", "fields"), ACTIONS_REFUSED)
def test_an_action_that_breaks_the_rules_is_refused_by_field(change: dict[str, Any], fields: list[str]) -> None:
    assert refusals(PROVIDER, ACTION | change) == fields


def test_an_empty_action_lacks_its_recipients_and_no_body_at_all_its_json() -> None:
    assert refusals(PROVIDER, {}, path=PATH) == ["sheet_values"]
    assert refusals(PROVIDER, {}) == ["json"]
    assert refusals(PROVIDER, []) == [""]


# ---------------------------------------------------------------- acionamento

ACIONAMENTOS = [
    # (json, phone, text, params)
    ({"phone": ANA, "message": "oi"}, ANA, "oi", None),
    ({"telefone": "(11) 90000-0001", "mensagem": "oi", "contrato": {"n": 1}}, ANA, "oi", {"contrato": {"n": 1}}),
    ({"celular": 5511900000001, "texto": "oi", "x": None}, ANA, "oi", {"x": None}),
    ({"celular": 5511900000001.0, "texto": "oi"}, ANA, "oi", None),
    ({"Number": ANA, "text": "oi"}, ANA, "oi", None),
    ({"numero": f"{ANA}@s.whatsapp.net"}, ANA, "", None),
    ({"phone": ANA, "message": None, "bot": "b"}, ANA, "", {"bot": "b"}),
]


@pytest.mark.parametrize(("given", "phone", "content", "params"), ACIONAMENTOS)
def test_an_acionamento_is_a_message_and_its_own_data(given: Any, phone: str, content: str, params: Any) -> None:
    draft = parsed(PROVIDER, {"json": given})
    [message] = messages(draft)
    assert message._replace(written="") == DraftMessage(phone, phone, text(content), None, params)
    assert message.written in {str(value) for value in given.values()} | {ANA}
    assert (draft.content, draft.senders, draft.options) == (None, (), {"acionamentos": "2026-11-07"})


def test_acionamentos_of_a_local_day_feed_one_campaign() -> None:
    body = {"json": {"phone": ANA, "message": "oi"}}
    assert parsed(PROVIDER, body).join_key == "acionamento|2026-11-07"
    assert parsed(PROVIDER, body).name == "Acionamentos 2026-11-07"
    there = {"timezone": "Pacific/Kiritimati"}  # fourteen hours ahead: it is the next day
    assert parsed(PROVIDER, body, options=there).join_key == "acionamento|2026-11-08"


def test_a_text_is_filled_from_the_same_data() -> None:
    given = {"phone": ANA, "message": "Olá {{nome}}, {{idade}}", "nome": "Ana", "idade": 41, "tags": ["a"]}
    [message] = messages(parsed(PROVIDER, {"json": given}))
    assert message.fields == {"phone": ANA, "message": given["message"], "nome": "Ana", "idade": "41"}
    assert message.params == {"nome": "Ana", "idade": 41, "tags": ["a"]}


ACIONAMENTOS_REFUSED = [
    ({"json": None}, ["json"]),
    ({"json": [1]}, ["json"]),
    ({"json": {}}, ["json.phone"]),
    ({"json": {"message": "oi"}}, ["json.phone"]),
    ({"json": {"telefone": "123"}}, ["json.telefone"]),
    ({"json": {"telefone": None}}, ["json.telefone"]),
    ({"json": {"telefone": 5511900000001.5}}, ["json.telefone"]),
    ({"json": {"phone": {"n": ANA}}}, ["json.phone"]),
    ({"json": {"phone": "120363025246125486@g.us"}}, ["json.phone"]),
    ({"json": {"phone": ANA, "mensagem": 5}}, ["json.mensagem"]),
    ({"json": {"phone": ANA, "message": []}}, ["json.message"]),
    ({"json": {"phone": ANA, "message": False}}, ["json.message"]),
    ({"json": {"phone": ANA, "message": "Olá {{nome}}"}}, ["json.message"]),
    ({"json": {"message": 5}}, ["json.message", "json.phone"]),
    ({"json": {"celular": "123", "texto": "Olá {{nome}}"}}, ["json.texto", "json.celular"]),
]


@pytest.mark.parametrize(("body", "fields"), ACIONAMENTOS_REFUSED)
def test_an_acionamento_that_breaks_the_rules_is_refused_by_field(body: Any, fields: list[str]) -> None:
    assert refusals(PROVIDER, body) == fields


def test_an_accounts_own_names_for_phone_and_text_are_understood_and_go_first() -> None:
    own = {"json_phone": "Fone_Cliente", "json_message": "fala"}
    trigger = {"json": {"fone_cliente": ANA, "fala": "oi", "phone": "x", "message": "y"}}
    [message] = messages(parsed(PROVIDER, trigger, options=own))
    assert (message.phone, message.content, message.params) == (ANA, text("oi"), {"phone": "x", "message": "y"})
    [plain] = messages(parsed(PROVIDER, {"json": {"phone": ANA, "message": "oi"}}, options=own))
    assert (plain.phone, plain.content) == (ANA, text("oi"))
    [line] = messages(parsed(PROVIDER, {"sheet_values": ["fone_cliente,fala", f"{ANA},oi"]}, options=own))
    assert (line.phone, line.content) == (ANA, text("oi"))
    assert refusals(PROVIDER, trigger) == ["json.phone"]


def test_other_providers_need_a_text() -> None:
    assert refusals(PROVIDER, {"json": {"phone": ANA}}, provider="uazapi") == ["json.message"]
    assert parsed(PROVIDER, {"json": {"phone": ANA, "text": "oi"}}, provider="uazapi").dialect == "builder"


# ---------------------------------------------------------------- answers of ours


def test_an_action_is_echoed_with_every_field_of_the_seed() -> None:
    shown = action_object(ACTION, PATH, "0f3k9x2m7q4t", "2026-11-07T12:00:00.000Z")
    assert set(shown) == set(SEED)
    assert {name: value for name, value in shown.items() if value is not None} == {
        **ACTION,
        "_id": "0f3k9x2m7q4t",
        "organization": "org",
        "bot_name": "bot",
        "status": "not_started",
        "creation_date": "2026-11-07T12:00:00.000Z",
    }
    assert action_object(SEED, PATH, "n", "t") == SEED | {"_id": "n"}


@pytest.mark.parametrize(
    ("state", "counts", "status"),
    [
        ("scheduled", {"pending": 2, "failed": 1}, "not_started"),
        ("running", {"pending": 2}, "not_started"),
        ("running", {"pending": 1, "sending": 1}, "not_started"),
        ("running", {"pending": 1, "sent": 1}, "in_progress"),
        ("running", {"pending": 1, "blocked": 1}, "in_progress"),
        ("paused", {"pending": 1, "sent": 1}, "in_progress"),
        ("paused", {"pending": 2, "sent": 0}, "not_started"),
        ("cancelled", {"cancelled": 2}, "concluded"),
        ("done", {"sent": 1, "failed": 1}, "concluded"),
        ("done", {"in_doubt": 1, "failed": 1}, "concluded"),
        ("done", {"failed": 1, "suppressed": 1}, "error"),
    ],
)
def test_an_actions_status_is_what_our_campaign_is_at(state: str, counts: dict[str, int], status: str) -> None:
    assert status_of(CampaignState(state), {MessageState(word): number for word, number in counts.items()}) == status


def test_refusals_look_like_fastapi() -> None:
    problems = [("sheet_values[3]", "str type expected"), ("json.phone", "field required: a phone"), ("", "no")]
    assert invalid_object(problems) == {
        "detail": [
            {"loc": ["body", "sheet_values", 3], "msg": "str type expected", "type": "type_error.str"},
            {"loc": ["body", "json", "phone"], "msg": "field required: a phone", "type": "value_error.missing"},
            {"loc": ["body"], "msg": "no", "type": "value_error"},
        ]
    }


def test_a_hundred_thousand_lines_take_seconds() -> None:
    lines = ["phone,nome,message", *(f"55119{number:08},P {number},Olá P {number}" for number in range(100_000))]
    begun = process_time()
    found = messages(parsed(PROVIDER, {"sheet_values": lines}))
    assert sum(one.problem is None for one in found) == 100_000
    assert process_time() - begun < 10


# ---------------------------------------------------------------- webhooks


def test_evolutions_shape_is_understood_and_nothing_else() -> None:
    data = {"key": {"remoteJid": f"{CAIO}@s.whatsapp.net", "fromMe": False, "id": "m1"}, "messageTimestamp": 1}
    [event] = PROVIDER.read_inbound(account("builder"), {"event": "messages.upsert", "instance": "bot", "data": data})
    assert (event.event_id, event.key, event.sender_name) == ("reply:m1", CAIO, "bot")
    others: tuple[Any, ...] = (None, [], "x", {"event": "x"}, {"type": "message", "data": data})
    for unknown in others:
        assert PROVIDER.read_inbound(account("builder"), unknown) == ()
