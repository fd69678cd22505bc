"""Taking a campaign's messages away as a file, and watching it as it goes."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic
from typing import Any

import httpx
import pytest

from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.trouble import Unavailable
from dispatcher.ingress.export import AT_ONCE, COLUMNS
from dispatcher.ingress.following import follow
from dispatcher.pipeline.desk import Order
from tests.ingress.conftest import Web, running, settings_for
from tests.ingress.test_control import NOBODY, native


def exported(web: Web, campaign: str) -> list[dict[str, str]]:
    answer = web.admin.get(f"/v1/campaigns/{campaign}/messages.csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == f'attachment; filename="{campaign}.csv"'
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_an_export_has_a_line_for_each_message_in_order(web: Web) -> None:
    total = 2 * AT_ONCE + 1
    recipients = [{"phone": f"551190000{number:04}", "name": "x"} for number in range(total)]
    campaign = native(web, recipients=recipients)["id"]
    rows = exported(web, campaign)
    assert [row["seq"] for row in rows] == [str(number) for number in range(total)]
    assert [row["phone"] for row in rows] == [one["phone"] for one in recipients]
    [shown] = web.admin.get(f"/v1/campaigns/{campaign}/messages", params={"limit": 1}).json()["items"]
    assert tuple(shown) == COLUMNS
    assert rows[0] == {name: "" if value is None else str(value) for name, value in shown.items()}


@pytest.mark.parametrize("phone", ["=1+1", "+1+1", "-1", "@x", "\t=1", "\r=1", "\n=1", '=HYPERLINK("x";"y")'])
def test_no_cell_of_an_export_starts_a_formula(web: Web, phone: str) -> None:
    [row] = exported(web, native(web, recipients=[{"phone": phone, "name": "x"}])["id"])
    [cell] = [value for name, value in row.items() if name == "phone"]
    assert cell == f"'{phone}"


def test_what_is_not_there_is_404(shared_web: Web) -> None:
    for path in ("messages.csv", "events"):
        for campaign in (NOBODY, "x"):
            assert shared_web.admin.get(f"/v1/campaigns/{campaign}/{path}").status_code == 404
            assert shared_web.http.get(f"/v1/campaigns/{campaign}/{path}").status_code == 401


def told(stream: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """(event, data) as they come."""
    name = ""
    for line in stream.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def test_a_watcher_is_told_of_each_change_until_the_end(web: Web) -> None:
    campaign = native(web)["id"]
    with web.admin.stream("GET", f"/v1/campaigns/{campaign}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = told(stream)
        name, first = next(events)
        assert (name, first["state"], first["counts"]["pending"]) == ("counts", "running", 1)
        web.desk.steering.steer(parse_campaign(campaign), Order.PAUSE)
        assert next(events)[1]["state"] == "paused"
        web.desk.steering.steer(parse_campaign(campaign), Order.CANCEL)
        rest = list(events)
    assert rest[-1][0] == "end"
    assert (rest[-1][1]["state"], rest[-1][1]["counts"]["cancelled"]) == ("cancelled", 1)


def test_a_campaign_that_is_over_is_told_once(web: Web) -> None:
    campaign = native(web)["id"]
    web.admin.post(f"/v1/campaigns/{campaign}/cancel")
    text = web.admin.get(f"/v1/campaigns/{campaign}/events").text
    assert [line for line in text.splitlines() if line.startswith("event")] == ["event: counts", "event: end"]


def test_a_watcher_does_not_hold_up_a_shutdown(ledger_url: str, redis_url: str) -> None:
    with ExitStack() as outside:
        with running(settings_for(ledger_url, redis_url)) as web:
            watcher = outside.enter_context(
                httpx.Client(base_url=web.admin.base_url, headers=web.admin.headers, timeout=30)
            )
            path = f"/v1/campaigns/{native(web)['id']}/events"
            events = told(outside.enter_context(watcher.stream("GET", path)))
            assert next(events)[0] == "counts"
            began = monotonic()
        assert monotonic() - began < 20, "the server would wait for 25 s, and then cut the stream"
        assert list(events) == []


SHOWN: dict[str, Any] = {
    **{"id": NOBODY, "state": "running", "paused_reason": None, "total": 1, "counts": {"pending": 1}},
    **{"progress": 0.0, "finish_prediction": None, "finished_at": None},
}


def followed(looks: list[dict[str, Any] | Exception], **more: float) -> list[str]:
    """What is said for these looks; then we are told to leave."""
    left = list(looks)

    async def look() -> dict[str, Any]:
        seen = left.pop(0)
        if isinstance(seen, Exception):
            raise seen
        return seen

    async def collect() -> list[str]:
        return [piece async for piece in follow(look, lambda: not left, every_s=0, **more)]

    return asyncio.run(collect())


def test_a_quiet_stream_is_kept_alive() -> None:
    counts, *rest = followed([SHOWN] * 3, heartbeat_s=0)
    assert counts.startswith("event: counts\n")
    assert rest == [": still here\n\n"] * 3


def test_a_server_that_is_away_is_waited_for() -> None:
    paused = {**SHOWN, "state": "paused"}
    said = followed([Unavailable("x"), SHOWN, Unavailable("x"), paused])
    assert [json.loads(one.partition("data: ")[2])["state"] for one in said] == ["running", "paused"]


def test_only_news_is_told() -> None:
    assert len(followed([SHOWN, {**SHOWN, "finish_prediction": "later"}, SHOWN])) == 1
