"""Kinbox: the call of a job, the file behind it, and every answer."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.domain.account import Sender
from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Scope
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import Unsendable
from dispatcher.providers.kinbox import PROVIDER
from dispatcher.providers.kinbox.build import leads_csv
from dispatcher.simulator import leads as kinbox_reads
from tests.providers.made import ANA, BIA, CAMPAIGN, account, answer, campaign, job, parcel

HOLDER = account("kinbox")
JOB_ID = f"{CAMPAIGN}-7.1"
NAME = f"Oferta {JOB_ID}"
TWO = job(HOLDER, [parcel(7, ANA), parcel(8, BIA)])


def arrives(one: Job) -> list[str]:
    """The texts that Kinbox makes of a job: its own text filled from our file."""
    rows = kinbox_reads.read(leads_csv(one.parcels).encode())
    body = PROVIDER.build(one).json
    return [kinbox_reads.fill(body["message"], row) for row in rows]


# ---------------------------------------------------------------- the call


def test_a_job_is_one_campaign_of_one_chunk() -> None:
    request = PROVIDER.build(TWO)
    assert (request.method, request.path, request.params) == ("POST", "/v3/campaigns", {})
    assert request.headers == {"Authorization": "Bearer t0k"}
    assert request.json == {
        "name": NAME,
        "channelId": "canal",
        "leadType": "file",
        "leadsAssetUrl": "https://us.example/assets/leads/x.csv",
        "message": "oi",
        "textRaw": "oi",
        "chunksCount": 1,
        "chunkSize": 2,
        "secondsBetweenMessages": 3,
    }


@pytest.mark.parametrize(
    ("pacing", "seconds"), [(Pacing(0, 0), 0), (Pacing(5_000, 5_000), 5), (Pacing(1_000, 2_500), 2.5)]
)
def test_the_longer_delay_is_asked_for(pacing: Pacing, seconds: float) -> None:
    found = PROVIDER.build(job(HOLDER, [parcel(0, ANA)], campaign(pacing=pacing))).json["secondsBetweenMessages"]
    assert found == seconds
    assert isinstance(found, type(seconds))


def test_a_senders_own_token_goes_before_the_accounts() -> None:
    one = Job(campaign(), HOLDER, Sender(5, 1, "canal", token="own"), (parcel(0, ANA),))
    assert PROVIDER.build(one).headers == {"Authorization": "Bearer own"}


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Oferta (SP) [1]*", "Oferta SP 1"),
        ("  Ofertão   de  verão\t2026 ", "Ofertão de verão 2026"),
        ("R$ 10 + frete?", "R 10 frete"),
        ("", ""),
        ("x" * 500, "x" * 100),
    ],
)
def test_a_campaigns_name_ends_with_the_job_and_can_be_searched_for(name: str, cleaned: str) -> None:
    one = job(HOLDER, [parcel(7, ANA)], campaign(name=name))
    wanted = f"{cleaned} {JOB_ID}".lstrip()
    assert PROVIDER.build(one).json["name"] == wanted
    assert PROVIDER.lookup is not None
    assert PROVIDER.lookup(one).params == {"limit": "50", "offset": "0", "name": wanted}


ASKED = {"operatorName": "Ana", "businessHoursId": "", "channelType": "2", "assetsUrls": ["https://a.example/1.png"]}


def test_what_only_kinbox_understands_is_passed_on_from_its_own_dialect() -> None:
    body = PROVIDER.build(job(HOLDER, [parcel(0, ANA)], campaign(dialect="kinbox", options=ASKED))).json
    assert {name: body.get(name) for name in (*ASKED, "template")} == {
        **ASKED,
        "businessHoursId": None,
        "template": None,
    }


def test_an_account_may_hold_a_default_for_it() -> None:
    holder = account("kinbox", options={"businessHoursId": "h1", "channelType": "9", "other": 1})
    body = PROVIDER.build(job(holder, [parcel(0, ANA)], campaign(dialect="kinbox", options=ASKED))).json
    assert (body["businessHoursId"], body["channelType"], "other" in body) == ("h1", "2", False)


def test_without_a_text_there_is_no_message_field() -> None:
    one = job(HOLDER, [parcel(0, ANA, "")], campaign("", dialect="kinbox", options={"template": {"id": "t"}}))
    body = PROVIDER.build(one).json
    assert (body["template"], "message" in body, "textRaw" in body) == ({"id": "t"}, False, False)


def test_what_is_no_text_cannot_be_sent() -> None:
    image = parcel(0, ANA)._replace(content={"type": "image", "file": "https://a.example/1.png"})
    with pytest.raises(Unsendable, match="unsupported_content"):
        PROVIDER.build(job(HOLDER, [image]))


# ---------------------------------------------------------------- text and file

TEMPLATES = [
    # (the campaign's text, fields of two recipients, what goes out as text)
    ("oi", (None, None), "oi"),
    ("Olá {{nome}}", ({"nome": "Ana"}, {"nome": "Bia"}), "Olá {{nome}}"),
    ("Olá {{ Nome }}", ({"Nome": "Ana"}, {"Nome": "Bia"}), "Olá {{ Nome }}"),
    ("Olá {{name|cliente}}", ({"name": "Ana"}, {"name": ""}), "{{text}}"),  # a default is ours alone
    ("Olá {{NOME}}", ({"nome": "Ana"}, {"nome": "Bia"}), "{{text}}"),  # so is forgiving the case
    ("{{phone}}", ({"phone": "11 90000-0001"}, {"phone": BIA}), "{{text}}"),  # the column holds what is dialled
    ("Olá {{text}}", ({"text": "Ana"}, {"text": "Bia"}), "{{text}}"),
    ("{{1}}", (None, None), "{{text}}"),  # to the letter
]


@pytest.mark.parametrize(("text", "fields", "sent"), TEMPLATES)
def test_a_template_goes_out_only_where_plain_filling_gives_the_same_text(
    text: str, fields: tuple[Any, Any], sent: str
) -> None:
    parcels = [parcel(at, phone, text, own) for at, (phone, own) in enumerate(zip((ANA, BIA), fields, strict=True))]
    one = job(HOLDER, parcels, campaign(text))
    assert PROVIDER.build(one).json["message"] == sent
    assert arrives(one) == [each.content["text"] for each in parcels]


def test_messages_with_texts_of_their_own_share_a_call() -> None:
    one = job(HOLDER, [parcel(0, ANA, "oi Ana"), parcel(1, BIA, 'duas\nlinhas, "aspas"')], campaign(None))
    assert PROVIDER.build(one).json["textRaw"] == "{{text}}"
    assert arrives(one) == ["oi Ana", 'duas\nlinhas, "aspas"']


def test_the_file_has_phone_name_text_and_every_column() -> None:
    fields = {"Telefone": "11 9", "Nome": 'Ana "A", de Tal', "pedido": "1;2", "NOME": "x", "": "y"}
    text = leads_csv([parcel(0, ANA, "oi", fields), parcel(1, BIA, "oi", {"cidade": "São\nPaulo"})])
    assert text.splitlines(keepends=True)[0] == "phone,name,text,Telefone,Nome,pedido,cidade\r\n"
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows[0] == {
        **{"phone": ANA, "name": 'Ana "A", de Tal', "text": "oi", "Telefone": "11 9"},
        **{"Nome": 'Ana "A", de Tal', "pedido": "1;2", "cidade": ""},
    }
    assert (rows[1]["name"], rows[1]["cidade"]) == ("", "São\nPaulo")


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize(
    ("batch", "total", "size"), [(1, 1, 1), (1, 50, 50), (1, 5_000, 1_000), (200, 5_000, 200), (5_000, 9_000, 1_000)]
)
def test_a_chunk_is_one_call_up_to_a_thousand(batch: int, total: int, size: int) -> None:
    assert PROVIDER.batch_for(account("kinbox", batch=batch), total) == size <= PROVIDER.max_batch


def test_kinbox_paces_a_chunk_by_itself_and_fetches_its_leads() -> None:
    assert (PROVIDER.paces_batches, PROVIDER.needs_leads_url) == (True, True)


# ---------------------------------------------------------------- answers

UNREADABLE = Outcome(Fate.IN_DOUBT, "unreadable_answer")
NO_CHANNEL = Halt(Scope.SENDER, "unknown_channel")


def nest(status: int, message: Any) -> dict[str, Any]:
    return {"statusCode": status, "message": message, "error": "Bad Request"}


ANSWERS = [
    (answer(201, {"id": "c1", "_id": "c2"}), Outcome(Fate.SENT, provider_ref="c1", poll_s=30.0), None),
    (answer(200, {"_id": "c2"}), Outcome(Fate.SENT, provider_ref="c2", poll_s=30.0), None),
    (answer(201, {"id": 77}), Outcome(Fate.SENT, provider_ref="77", poll_s=30.0), None),
    (answer(201, {"id": True}), UNREADABLE, None),
    (answer(201, {}), UNREADABLE, None),
    (answer(201, ["c1"]), UNREADABLE, None),
    (answer(201, b"<html>"), UNREADABLE, None),
    (answer(204, b""), UNREADABLE, None),
    (
        answer(400, nest(400, ["name should not be empty", "for 5511900000001"])),
        Outcome(Fate.FAILED, "refused_by_provider", "name should not be empty; for …"),
        None,
    ),
    (answer(409, nest(409, "exists")), Outcome(Fate.FAILED, "refused_by_provider", "exists"), None),
    (answer(422, b"no"), Outcome(Fate.FAILED, "refused_by_provider"), None),
    (
        answer(400, nest(400, ["channelId not found"])),
        Outcome(Fate.DEFERRED, "unknown_channel", "channelId not found"),
        NO_CHANNEL,
    ),
    (answer(404, {"message": "Channel gone"}), Outcome(Fate.DEFERRED, "unknown_channel", "Channel gone"), NO_CHANNEL),
    (
        answer(401, {"statusCode": 401, "message": "Unauthorized"}),
        Outcome(Fate.DEFERRED, "unauthorised", "Unauthorized"),
        Halt(Scope.ACCOUNT, "unauthorised"),
    ),
    (answer(403, {}), Outcome(Fate.DEFERRED, "unauthorised"), Halt(Scope.ACCOUNT, "unauthorised")),
    (
        answer(404, nest(404, "Cannot POST /v3/campaigns")),
        Outcome(Fate.DEFERRED, "endpoint_not_found", "Cannot POST /v3/campaigns"),
        Halt(Scope.ACCOUNT, "endpoint_not_found"),
    ),
    (answer(429, {}, {"retry-after": "7"}), Outcome(Fate.RETRY, "rate_limited", retry_after_s=7.0), None),
    (answer(500, nest(500, "Internal")), Outcome(Fate.IN_DOUBT, "server_error", "Internal"), None),
    (answer(502, b"<html>"), Outcome(Fate.IN_DOUBT, "gateway_error"), None),
    (answer(503, b"<html>"), Outcome(Fate.RETRY, "provider_unavailable"), None),
    (answer(504, b"<html>"), Outcome(Fate.IN_DOUBT, "gateway_error"), None),
    (answer(599, b""), Outcome(Fate.IN_DOUBT, "unexpected_status"), None),
]


@pytest.mark.parametrize(("response", "outcome", "halt"), ANSWERS)
def test_every_answer_has_one_meaning_for_all_of_a_job(response: Any, outcome: Outcome, halt: Halt | None) -> None:
    reading = PROVIDER.read(TWO, response)
    assert reading.outcomes == (outcome, outcome)
    assert (reading.halt, reading.login_expired) == (halt, False)


# ---------------------------------------------------------------- looking up


def listed(*campaigns: Any, total: Any = None) -> Any:
    return answer(200, {"totalCount": len(campaigns) if total is None else total, "data": list(campaigns)})


def one(status: str = "executing", sent: Any = 0, processed: Any = 0, name: str = NAME) -> dict[str, Any]:
    return {
        "id": "c1",
        "name": name,
        "status": status,
        "resultCounts": {"sent": sent},
        "messagesProcessed": processed,
    }


FOUND = Outcome(Fate.SENT, "found_at_provider", provider_ref="c1", poll_s=30.0)
OVER = replace(FOUND, poll_s=None)
NOT_THERE = Outcome(Fate.RETRY, "not_at_provider")
LOOKUPS = [
    (listed(one()), FOUND),
    (listed(one(name=f"{NAME}0"), one(status="done", sent=2)), OVER),
    (listed(one(name=f"renamed {JOB_ID}")), FOUND),
    (listed(one("failed", 1, 1)), OVER),
    (listed(one("failed", None, None)), OVER),
    (listed(one("failed")), Outcome(Fate.RETRY, "campaign_failed")),
    (listed(one("canceled")), Outcome(Fate.FAILED, "campaign_canceled")),
    (listed(), NOT_THERE),
    (listed(one(name=f"{NAME}0"), one(name=f"x{JOB_ID}")), NOT_THERE),
    (listed(one(name="other"), total=99), None),  # the page may not hold ours
    (answer(200, {"data": []}), None),
    (answer(200, {"totalCount": 0}), None),
    (answer(200, {"totalCount": 1, "data": [7]}), None),
    (answer(200, []), None),
    (answer(200, b"<html>"), None),
    (answer(404, {"totalCount": 0, "data": []}), None),
    (answer(503, b""), None),
]


@pytest.mark.parametrize(("response", "outcome"), LOOKUPS)
def test_a_doubt_is_settled_by_the_campaigns_name(response: Any, outcome: Outcome | None) -> None:
    assert PROVIDER.read_lookup is not None
    assert PROVIDER.read_lookup(TWO, response) == (None if outcome is None else (outcome, outcome))


SENT, FAILED = Outcome(Fate.SENT), Outcome(Fate.FAILED, "campaign_failed")
FOLLOWED = [
    (answer(200, one()), None),
    (answer(200, one("awaiting-chunk", 1, 1)), None),
    (answer(200, one("done", 2, 2)), SENT),
    (answer(200, one("done-sent", 2, 2)), SENT),
    (answer(200, one("failed")), FAILED),
    (answer(200, one("canceled")), Outcome(Fate.FAILED, "campaign_canceled")),
    (answer(200, one("failed", 1, 1)), SENT),  # it does not tell whom it reached
    (answer(200, one("failed", None, None)), SENT),
    (answer(404, one("failed")), None),
    (answer(200, {"status": ["failed"]}), None),
    (answer(200, []), None),
    (answer(502, b""), None),
]


@pytest.mark.parametrize(("response", "outcome"), FOLLOWED)
def test_a_campaign_that_was_taken_is_followed_to_its_end(response: Any, outcome: Outcome | None) -> None:
    assert PROVIDER.read_poll is not None
    assert PROVIDER.read_poll(TWO, response) == (None if outcome is None else (outcome, outcome))


def test_it_is_asked_for_by_the_name_that_it_got() -> None:
    assert PROVIDER.poll is not None
    request = PROVIDER.poll(TWO, "../c1?x")
    assert (request.method, request.path) == ("GET", "/v3/campaigns/..%2Fc1%3Fx")
