"""Outside the hours: what senders, forecasts and Kinbox' clients are shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dispatcher.domain.hours_written import DAYS
from dispatcher.domain.notbefore import SENTENCES, Reason
from tests.ingress.conftest import Web, running, settings_for, storing_nothing
from tests.sending import send

IN_THREE_DAYS = datetime.now(UTC) + timedelta(days=3)
OPENS = IN_THREE_DAYS.replace(hour=10, minute=0, second=0, microsecond=0)
CLOSED = f"""
[[account]]
name = "loja"
provider = "kinbox"
base_urls = ["https://kinbox.example"]
ingress_token = "loja-token"
credentials = {{ token = "x" }}
[account.hours]
timezone = "UTC"
windows = ["{DAYS[OPENS.weekday()]} 10:00-11:00"]
[[account.sender]]
name = "canal-1"
daily_limit = 5
"""
LOJA = {"Authorization": "Bearer loja-token"}


@pytest.fixture
def web(ledger_url: str, redis_url: str) -> Iterator[Web]:
    with running(settings_for(ledger_url, redis_url), CLOSED) as found:
        yield found


def submitted(web: Web) -> str:
    body = {"account": "loja", "text": "Olá", "recipients": [{"phone": "5511987654321"}], "validity_s": 0}
    answer = web.admin.post("/v1/campaigns", json=body)
    assert answer.status_code in (200, 201, 202), answer.text
    return str(answer.json()["id"])


def test_a_sender_that_rests_says_until_when_and_why(web: Web) -> None:
    submitted(web)
    [before] = web.admin.get("/v1/senders").json()["items"]
    assert before["waiting_for"] is None
    [ticket] = web.wiring.clock.release("kinbox", 10, 10).tickets
    assert send(web.wiring.stations, "kinbox", ticket) is None
    [shown] = web.admin.get("/v1/senders").json()["items"]
    assert (shown["state"], shown["waiting_for"], shown["waiting_why"]) == ("active", "hours", SENTENCES[Reason.HOURS])
    assert datetime.fromisoformat(shown["waiting_until"]) == OPENS


def test_the_end_is_foretold_with_the_hours(web: Web) -> None:
    shown = web.admin.get(f"/v1/campaigns/{submitted(web)}").json()
    assert datetime.fromisoformat(shown["finish_prediction"]) >= OPENS


def test_what_runs_outside_the_hours_awaits_them_in_kinboxs_words(web: Web) -> None:
    submitted(web)
    statuses = ("awaiting-business-hours", "processing", "executing", "awaiting-chunk")
    found = {
        status: web.http.get("/v3/campaigns", params={"status": status}, headers=LOJA).json() for status in statuses
    }
    assert [one["totalCount"] for one in found.values()] == [1, 0, 0, 0]
    [shown] = found["awaiting-business-hours"]["data"]
    assert shown["status"] == "awaiting-business-hours"
    assert datetime.fromisoformat(shown["nextScheduledTo"]) == OPENS


@pytest.fixture
def named(ledger_url: str, redis_url: str) -> Iterator[Web]:
    """`sempre` is open now, `h-7` opens an hour after the account's own."""
    head, tables = CLOSED.split("[account.hours]")
    hours = f'''[account.business_hours.sempre]
windows = ["mon-sun 00:00-24:00"]
[account.business_hours."h-7"]
timezone = "UTC"
windows = ["{DAYS[OPENS.weekday()]} 11:00-12:00"]
'''
    with running(settings_for(ledger_url, redis_url), f"{head}{hours}[account.hours]{tables}") as found:
        yield found


def created(web: Web, **fields: str) -> httpx.Response:
    body = {"name": "Oferta", "message": "Olá", "leads": [{"phone": "5511987654321"}], **fields}
    return web.http.post("/v3/campaigns", json=body, headers=LOJA)


def test_a_campaign_that_names_hours_is_shown_with_them(named: Web) -> None:
    later = OPENS + timedelta(hours=1)
    for hours, status, ends_from in (
        ("sempre", "processing", None),
        ("h-7", "awaiting-business-hours", later),
        ("", "awaiting-business-hours", OPENS),
    ):
        made = created(named, businessHoursId=hours)
        assert made.status_code == 201, made.text
        shown = named.http.get(f"/v3/campaigns/{made.json()['id']}", headers=LOJA).json()
        assert (shown["businessHoursId"], shown["status"]) == (hours or None, status)
        assert shown["nextScheduledTo"] == (ends_from and ends_from.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        end = datetime.fromisoformat(made.json()["finishedAtPrediction"])
        assert end == ends_from if ends_from else end < OPENS
    found = named.http.get("/v3/campaigns", params={"status": "awaiting-business-hours"}, headers=LOJA).json()
    assert [one["businessHoursId"] for one in found["data"]] == [None, "h-7"]
    found = named.http.get("/v3/campaigns", params={"status": "processing"}, headers=LOJA).json()
    assert [one["businessHoursId"] for one in found["data"]] == ["sempre"]


def test_a_campaign_is_given_other_hours(named: Web) -> None:
    number = created(named, businessHoursId="h-7").json()["id"]
    moved = named.http.patch(f"/v3/campaigns/{number}", json={"businessHoursId": "sempre"}, headers=LOJA).json()
    assert (moved["businessHoursId"], moved["status"], moved["nextScheduledTo"]) == ("sempre", "processing", None)
    again = named.http.patch(f"/v3/campaigns/{number}", json=moved, headers=LOJA).json()
    assert again | {"finishedAtPrediction": ""} == moved | {"finishedAtPrediction": ""}
    assert named.wiring.clock.release("kinbox", 10, 10).tickets


@pytest.mark.parametrize("none", [None, ""])
def test_a_campaign_returns_to_the_hours_of_its_account(named: Web, none: str | None) -> None:
    number = created(named, businessHoursId="sempre").json()["id"]
    moved = named.http.patch(f"/v3/campaigns/{number}", json={"businessHoursId": none}, headers=LOJA).json()
    assert (moved["businessHoursId"], moved["status"]) == (None, "awaiting-business-hours")
    assert not named.wiring.clock.release("kinbox", 10, 10).tickets
    other = named.http.patch(f"/v3/campaigns/{number}", json={"secondsBetweenMessages": 9}, headers=LOJA).json()
    assert other["businessHoursId"] is None


@pytest.mark.parametrize("unknown", ["segunda", "H-7", " "])
def test_hours_that_the_account_does_not_have_are_refused_by_name(named: Web, unknown: str) -> None:
    rule = "businessHoursId: must name business hours of the account, which has: sempre, h-7"
    with storing_nothing(named):
        refused = created(named, businessHoursId=unknown)
    assert (refused.status_code, refused.json()["message"]) == (400, [rule])
    number = created(named).json()["id"]
    with storing_nothing(named):
        refused = named.http.patch(f"/v3/campaigns/{number}", json={"businessHoursId": unknown}, headers=LOJA)
    assert (refused.status_code, refused.json()["message"]) == (400, [rule])
