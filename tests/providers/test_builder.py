"""Builder: login, both modes' calls, and every answer."""

from typing import Any

import pytest

from dispatcher.domain.outcomes import Fate, Halt, Outcome, Scope
from dispatcher.providers.builder import PROVIDER
from dispatcher.providers.contract import Grant, Misconfigured, Request, Unsendable
from dispatcher.simulator import builder as builder_reads
from tests.providers.made import ANA, BIA, CAIO, CAMPAIGN, account, answer, campaign, job, messages, parcel, parsed

HELD = {"user": "u", "password": "p", "apikey": "k", "organization": "Org & Co", "bot": "bot"}
TRIGGER = account("builder", credentials=HELD)
ACTION = account("builder", credentials=HELD, mode="campaign")
JOB_ID = f"{CAMPAIGN}-7.1"
ONE = job(TRIGGER, [parcel(7, ANA)], sender="bot 1")
THREE = job(ACTION, [parcel(7, ANA), parcel(8, BIA), parcel(9, CAIO)], sender="bot 1")
RENAMED = {
    "login_path": "/v2/entrar",
    "refresh_path": "/v2/novo",
    "login_refresh": "de",
    "login_user": "usuario",
    "login_password": "senha",
    "token_header": "X-Token",
    "token_prefix": "",
    "acionamento_path": "/v2/disparo",
    "campaign_path": "/v2/{bot}/acao",
    "json_phone": "telefone",
    "json_message": "texto",
    "json_job_id": "ref",
    "json_bot": "robo",
    "unknown": "x",
    "timezone": 7,
}

# ---------------------------------------------------------------- login


def test_every_call_carries_the_token_of_a_login() -> None:
    assert PROVIDER.login is not None
    assert PROVIDER.authorise is not None
    assert PROVIDER.login(TRIGGER) == Request("POST", "/login", {}, {"user": "u", "password": "p"})
    given = Request("POST", "/acionamento", {"a": "b"}, {"json": {}})
    carried = PROVIDER.authorise(TRIGGER, given, "t1")
    assert carried == Request("POST", "/acionamento", {"a": "b", "Authorization": "Bearer t1"}, {"json": {}})


@pytest.mark.parametrize(
    ("response", "grant"),
    [
        (answer(200, {"token": "t1", "refresh_token": "r1"}), Grant("t1", "r1")),
        (answer(201, {"token": "t1", "refresh_token": "r1"}), Grant("t1", "r1")),
        (answer(200, {"token": "t1"}), Grant("t1")),
        (answer(200, {"token": "t1", "refresh_token": None}), Grant("t1")),
    ],
)
def test_the_tokens_are_in_the_logins_answer(response: Any, grant: Grant) -> None:
    assert PROVIDER.read_login is not None
    assert PROVIDER.read_login(response) == grant


def test_an_expired_token_is_renewed_unless_the_account_has_no_path_for_it() -> None:
    assert PROVIDER.refresh is not None
    assert PROVIDER.refresh(TRIGGER, "r1") == Request("POST", "/refresh", {}, {"refresh_token": "r1"})
    assert PROVIDER.refresh(account("builder", options=RENAMED), "r1") == Request("POST", "/v2/novo", {}, {"de": "r1"})
    assert PROVIDER.refresh(account("builder", options={"refresh_path": ""}), "r1") is None


@pytest.mark.parametrize(
    "response",
    [
        answer(200, {}),
        answer(200, {"token": ""}),
        answer(200, {"token": 5}),
        answer(200, ["t"]),
        answer(200, b"<html>"),
        answer(401, {"token": "t1"}),
        answer(500, b""),
    ],
)
def test_an_answer_without_a_token_is_an_error(response: Any) -> None:
    assert PROVIDER.read_login is not None
    with pytest.raises(ValueError, match=r"holds no token|Expecting value"):
        PROVIDER.read_login(response)


# ---------------------------------------------------------------- the call, mode trigger


def test_an_acionamento_holds_phone_text_and_job() -> None:
    assert PROVIDER.build(ONE) == Request(
        "POST", "/acionamento", {}, {"json": {"phone": ANA, "message": "oi", "job_id": JOB_ID}}
    )


def test_columns_and_the_apps_own_data_go_along_but_never_over_ours() -> None:
    fields = {"nome": "Ana", "idade": "41", "phone": "11 9", "job_id": "x"}
    one = parcel(7, ANA, "Olá {{nome}}", fields, {"idade": 41, "contrato": {"n": 1}, "message": "y"})
    assert PROVIDER.build(job(TRIGGER, [one])).json == {
        "json": {
            "nome": "Ana",
            "idade": 41,
            "contrato": {"n": 1},
            "phone": ANA,
            "message": "Olá Ana",
            "job_id": JOB_ID,
        }
    }


def test_a_bot_that_knows_what_to_say_is_given_no_text() -> None:
    assert PROVIDER.build(job(TRIGGER, [parcel(7, ANA, "")])).json == {"json": {"phone": ANA, "job_id": JOB_ID}}


# ---------------------------------------------------------------- the call, mode campaign


def test_a_campaign_action_holds_a_sheet() -> None:
    parcels = [
        parcel(7, ANA, "Olá {{nome}}, tudo bem?", {"nome": "Ana", "Message": "x"}),
        parcel(8, BIA, 'diz "oi"\nlinha 2', {"cidade": "São Paulo"}),
    ]
    request = PROVIDER.build(job(ACTION, parcels, sender="bot/1"))
    assert (request.method, request.path, request.headers) == ("POST", "/Org%20%26%20Co/bot%2F1/campaign", {})
    assert request.json == {
        "organization": "Org & Co",
        "campaign_name": f"Oferta {JOB_ID}",
        "status": "not_started",
        "bot_name": "bot/1",
        "sheet_values": [
            "phone,message,nome,cidade",
            f'{ANA},"Olá Ana, tudo bem?",Ana,',
            f'{BIA},"diz ""oi""\nlinha 2",,São Paulo',
        ],
    }


def test_an_acionamentos_own_data_are_columns_of_the_sheet() -> None:
    data = {"contrato": 7, "vip": True, "nome": "x", "deep": {"a": 1}, "none": None, "PHONE": "1"}
    request = PROVIDER.build(job(ACTION, [parcel(7, ANA, "oi", {"nome": "Ana"}, data), parcel(8, BIA)]))
    assert request.json["sheet_values"] == ["phone,message,contrato,vip,nome", f"{ANA},oi,7,true,Ana", f"{BIA},oi,,,"]


def test_a_sheet_is_read_the_same_at_the_other_end_and_by_ourselves() -> None:
    texts = ["oi", 'a,b;"c"', "duas\nlinhas", " {chaves} "]
    phones = [ANA, BIA, CAIO, "5511900000004"]
    one = job(ACTION, [parcel(at, phone, text) for at, (phone, text) in enumerate(zip(phones, texts, strict=True))])
    body = PROVIDER.build(one).json
    builder_reads.check_campaign(body)
    assert [(row["phone"], row["message"]) for row in builder_reads.rows(body)] == list(zip(phones, texts, strict=True))
    ours = messages(parsed(PROVIDER, body))
    assert [(each.phone, (each.content or {})["text"]) for each in ours] == list(zip(phones, texts, strict=True))


# ---------------------------------------------------------------- names and modes


def test_every_path_and_name_is_the_accounts_to_set() -> None:
    assert PROVIDER.login is not None
    assert PROVIDER.authorise is not None
    holder = account("builder", credentials=HELD, options=RENAMED)
    assert PROVIDER.login(holder) == Request("POST", "/v2/entrar", {}, {"usuario": "u", "senha": "p"})
    assert PROVIDER.authorise(holder, Request("GET", "/"), "t1").headers == {"X-Token": "t1"}
    assert PROVIDER.build(job(holder, [parcel(7, ANA)], sender="bot 1")) == Request(
        "POST", "/v2/disparo", {}, {"json": {"telefone": ANA, "texto": "oi", "ref": JOB_ID, "robo": "bot 1"}}
    )
    acts = account("builder", credentials={}, options=RENAMED, mode="campaign")
    request = PROVIDER.build(job(acts, [parcel(7, ANA)], sender="bot 1"))
    assert (request.path, request.json["sheet_values"][0]) == ("/v2/bot%201/acao", "telefone,texto")


def test_what_cannot_be_called_says_why() -> None:
    image = parcel(0, ANA)._replace(content={"type": "image", "file": "https://a.example/1.png"})
    with pytest.raises(Misconfigured, match="unknown_mode"):
        PROVIDER.build(job(account("builder", mode="bulk"), [parcel(0, ANA)]))
    with pytest.raises(Misconfigured, match="no_organization"):
        PROVIDER.build(job(account("builder", mode="campaign"), [parcel(0, ANA)]))
    with pytest.raises(Unsendable, match="unsupported_content"):
        PROVIDER.build(job(TRIGGER, [image]))
    with pytest.raises(Unsendable, match="one_message_a_call"):
        PROVIDER.build(job(TRIGGER, [parcel(0, ANA), parcel(1, BIA)]))


@pytest.mark.parametrize(
    ("mode", "batch", "total", "size"),
    [
        ("", 50, 100, 1),
        ("trigger", 1, 100, 1),
        ("campaign", 1, 100, 100),
        ("campaign", 1, 5_000, 1_000),
        ("campaign", 50, 100, 50),
    ],
)
def test_a_chunk_is_one_campaign_action_and_an_acionamento_one_message(
    mode: str, batch: int, total: int, size: int
) -> None:
    assert PROVIDER.batch_for(account("builder", mode=mode, batch=batch), total) == size <= PROVIDER.max_batch


def test_nothing_can_be_looked_up() -> None:
    assert (PROVIDER.lookup, PROVIDER.lookup_waits_s) == (None, ())


# ---------------------------------------------------------------- answers


def fastapi(*problems: tuple[list[Any], str]) -> dict[str, Any]:
    return {"detail": [{"loc": loc, "msg": msg, "type": "value_error", "input": ANA} for loc, msg in problems]}


def sent(reference: str | None) -> Outcome:
    return Outcome(Fate.SENT, provider_ref=reference)


def refused(detail: str = "") -> Outcome:
    return Outcome(Fate.FAILED, "refused_by_provider", detail)


UNREADABLE = Outcome(Fate.IN_DOUBT, "unreadable_answer")
ACCOUNT_HALTS = Halt(Scope.ACCOUNT, "unauthorised")

TRIGGERED = [
    (answer(200, 0), sent("0")),
    (answer(201, 4711), sent("4711")),
    (answer(200, "4711"), sent("4711")),
    (answer(200, {"id": 4711}), sent("4711")),
    (answer(200, {}), UNREADABLE),
    (answer(200, None), UNREADABLE),
    (answer(200, True), UNREADABLE),
    (answer(200, -1), UNREADABLE),
    (answer(200, 1.5), UNREADABLE),
    (answer(200, b"<html>"), UNREADABLE),
    (answer(200, b""), UNREADABLE),
]
CAMPAIGNS = [
    (answer(201, {"_id": "c1", "status": "not_started"}), sent("c1")),
    (answer(200, {"_id": "c1"}), sent("c1")),
    (answer(201, {"campaign_name": f"Oferta {JOB_ID}"}), sent(None)),
    (answer(201, {"_id": "c1", "status": "in_progress"}), sent("c1")),
    (answer(201, {"_id": "c1", "status": "concluded"}), sent("c1")),
    (answer(201, {"_id": "c1", "status": "error"}), Outcome(Fate.IN_DOUBT, "campaign_error")),
    (answer(201, {"campaign_name": "another"}), UNREADABLE),
    (answer(201, {}), UNREADABLE),
    (answer(201, 0), UNREADABLE),
    (answer(201, b"<html>"), UNREADABLE),
]
BOTH = [
    (answer(422, fastapi((["body", "json", "phone"], "field required"))), refused("json.phone: field required")),
    (answer(422, {"detail": "no, 5511900000001"}), refused("no, …")),
    (answer(422, b"<html>"), refused()),
    (answer(400, {"detail": "bad"}), refused("bad")),
    (answer(409, {}), refused()),
    (answer(429, {}, {"retry-after": "9"}), Outcome(Fate.RETRY, "rate_limited", retry_after_s=9.0)),
    (answer(503, b""), Outcome(Fate.RETRY, "provider_unavailable")),
    (answer(500, b"Internal Server Error"), Outcome(Fate.IN_DOUBT, "server_error")),
    (answer(502, b""), Outcome(Fate.IN_DOUBT, "gateway_error")),
    (answer(504, b""), Outcome(Fate.IN_DOUBT, "gateway_error")),
]


@pytest.mark.parametrize(("response", "outcome"), [*TRIGGERED, *BOTH])
def test_every_answer_to_an_acionamento_has_its_meaning(response: Any, outcome: Outcome) -> None:
    reading = PROVIDER.read(ONE, response)
    assert (reading.outcomes, reading.halt, reading.login_expired) == ((outcome,), None, False)


@pytest.mark.parametrize(("response", "outcome"), [*CAMPAIGNS, *BOTH])
def test_every_answer_to_a_campaign_action_has_its_meaning(response: Any, outcome: Outcome) -> None:
    reading = PROVIDER.read(THREE, response)
    assert (reading.outcomes, reading.halt, reading.login_expired) == ((outcome,) * 3, None, False)


@pytest.mark.parametrize("one", [ONE, THREE])
def test_401_says_that_the_login_is_over(one: Any) -> None:
    reading = PROVIDER.read(one, answer(401, {"detail": "Could not validate credentials"}))
    put_back = Outcome(Fate.DEFERRED, "unauthorised", "Could not validate credentials")
    assert reading.outcomes == (put_back,) * len(one.parcels)
    assert (reading.login_expired, reading.halt) == (True, ACCOUNT_HALTS)


@pytest.mark.parametrize(("status", "reason"), [(403, "unauthorised"), (404, "endpoint_not_found")])
def test_what_is_about_the_account_halts_it(status: int, reason: str) -> None:
    reading = PROVIDER.read(ONE, answer(status, {}))
    assert reading.outcomes == (Outcome(Fate.DEFERRED, reason),)
    assert (reading.login_expired, reading.halt) == (False, Halt(Scope.ACCOUNT, reason))


AGAIN = Outcome(Fate.RETRY, "refused_in_batch")
LINES = [
    # (what the 422 is about, the fate of the three lines)
    ([["body", "sheet_values", 2]], (AGAIN, "bad", AGAIN)),
    ([["body", "sheet_values", 1], ["body", "sheet_values", 3, "phone"]], ("bad", AGAIN, "bad")),
    ([["body", "sheet_values", 0]], ("bad", "bad", "bad")),  # the header
    ([["body", "sheet_values", 4]], ("bad", "bad", "bad")),
    ([["body", "sheet_values", 2], ["body", "status"]], ("bad", "bad", "bad")),
]


@pytest.mark.parametrize(("places", "fates"), LINES)
def test_a_line_of_the_sheet_that_is_refused_fails_alone(places: list[list[Any]], fates: tuple[Any, ...]) -> None:
    reading = PROVIDER.read(THREE, answer(422, fastapi(*((place, "no") for place in places))))
    wording = "; ".join(".".join(map(str, place[1:])) + ": no" for place in places)
    assert reading.outcomes == tuple(refused(wording) if fate == "bad" else fate for fate in fates)


def test_a_campaign_without_a_name_is_known_by_its_job() -> None:
    one = job(ACTION, [parcel(7, ANA)], campaign(name=""))
    assert PROVIDER.build(one).json["campaign_name"] == JOB_ID
