"""What is wrong with a body is named, field and rule, in the dialect's shape; nothing is stored, no answer is a 5xx."""

import copy
import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingress.asks import ANA, CREATING, Ask
from tests.ingress.conftest import Web, rows_of
from tests.ingress.test_refusals import lines, malformed

every_dialect = pytest.mark.parametrize(("dialect", "ask"), CREATING.items(), ids=CREATING)
PAST = "2020-01-01T00:00:00Z"
GONE = object()
STEP = re.compile(r"[^.\[\]]+")
CPC_MESSAGE = CREATING["cpc"].body["messages"][0]


def deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


def spoilt(body: dict[str, Any], where: str, value: Any) -> dict[str, Any]:
    """The body with another value at `messages[0].phone`; GONE takes the field away."""
    made: Any = copy.deepcopy(body)
    *way, last = [int(step) if step.isdigit() else step for step in STEP.findall(where)]
    node = made
    for step in way:
        node = node[step]
    if value is GONE:
        del node[last]
    else:
        node[last] = value
    return dict(made)


# ---------------------------------------------------------------- for each dialect: where, what, and what is named

CASES: dict[str, list[tuple[str, Any, str]]] = {
    "uazapi": [
        ("messages", GONE, "messages"),
        ("messages", [], "messages"),
        ("messages", {}, "messages"),
        ("messages", None, "messages"),
        ("messages", [1], "messages[0]"),
        ("messages", deep(10), "messages[0]"),
        ("messages[0].number", GONE, "messages[0].number"),
        ("messages[0].number", "123", "messages[0].number"),
        ("messages[0].number", "5500900000001", "messages[0].number"),
        ("messages[0].number", ANA + "x", "messages[0].number"),
        ("messages[0].number", True, "messages[0].number"),
        ("messages[0].number", 10**30, "messages[0].number"),
        ("messages[0].number", deep(10), "messages[0].number"),
        ("messages[0].type", GONE, "messages[0].type"),
        ("messages[0].type", "hologram", "messages[0].type"),
        ("messages[0].type", ["text"], "messages[0].type"),
        ("messages[0].text", GONE, "messages[0].text"),
        ("messages[0].text", 5, "messages[0].text"),
        ("messages[0].text", " ", "messages[0].text"),
        ("delayMin", 9, "delayMin"),
        ("delayMin", -1, "delayMin"),
        ("delayMax", "soon", "delayMax"),
        ("delayMax", 10**9, "delayMax"),
        ("delayMax", 10**300, "delayMax"),
        ("delayMax", True, "delayMax"),
        ("scheduled_for", -5, "scheduled_for"),
        ("scheduled_for", 1_600_000_000_000, "scheduled_for"),
        ("scheduled_for", 1_600_000_000, "scheduled_for"),
        ("scheduled_for", PAST, "scheduled_for"),
        ("scheduled_for", 10**30, "scheduled_for"),
        ("info", 7, "info"),
    ],
    "uazapi simple": [
        ("numbers", GONE, "numbers"),
        ("numbers", [], "numbers"),
        ("numbers", ANA, "numbers"),
        ("numbers", [None], "numbers[0]"),
        ("numbers", [ANA, "123"], "numbers[1]"),
        ("numbers", deep(10), "numbers[0]"),
        ("type", GONE, "type"),
        ("type", "hologram", "type"),
        ("text", GONE, "text"),
        ("delayMin", GONE, "delayMin"),
        ("delayMin", 0, "delayMin"),
        ("delayMin", 9, "delayMin"),
        ("delayMax", None, "delayMax"),
        ("scheduled_for", 1_600_000_000_000, "scheduled_for"),
        ("folder", 5, "folder"),
    ],
    "kinbox": [
        ("name", GONE, "name"),
        ("name", " ", "name"),
        ("name", "x" * 501, "name"),
        ("message", GONE, "message"),
        ("message", ["Olá"], "message"),
        ("leads", GONE, "leadsAssetUrl"),
        ("leads", [], "leads"),
        ("leads", {}, "leads"),
        ("leads", [5], "leads[0]"),
        ("leads", [{"phone": ANA, "nome": deep(10)}], "leads[0].nome"),
        ("leads", deep(10), "leads[0]"),
        ("leadsAssetUrl", "http://127.0.0.1:9/x", "leadsAssetUrl"),
        ("channelId", "canal-9", "channelId"),
        ("channelId", 5, "channelId"),
        ("businessHoursId", "nobody", "businessHoursId"),
        ("businessHoursId", 5, "businessHoursId"),
        ("channelType", "0", "channelType"),
        ("leadType", "crowd", "leadType"),
        ("scheduledTo", PAST, "scheduledTo"),
        ("scheduledTo", "tomorrow", "scheduledTo"),
        ("scheduledTo", "9999-12-31T23:59:59+99:99", "scheduledTo"),
        ("secondsBetweenMessages", -1, "secondsBetweenMessages"),
        ("secondsBetweenChunks", 10**30, "secondsBetweenChunks"),
        ("chunkSize", "2", "chunkSize"),
        ("chunksCount", True, "chunksCount"),
        ("assetsUrls", [5], "assetsUrls"),
        ("template", "x", "template"),
    ],
    "builder campaign": [
        ("sheet_values", GONE, "sheet_values"),
        ("sheet_values", [], "sheet_values"),
        ("sheet_values", "phone", "sheet_values"),
        ("sheet_values", ["phone", 5], "sheet_values.1"),
        ("sheet_values", ["name,city", "Ana,SP"], "sheet_values"),
        ("sheet_values", ["phone,message"], "sheet_values"),
        ("sheet_values", deep(10), "sheet_values.0"),
        ("campaign_name", 5, "campaign_name"),
        ("scheduled_date", PAST, "scheduled_date"),
        ("scheduled_date", "tomorrow", "scheduled_date"),
        ("scheduled_date", 5, "scheduled_date"),
        ("status", "asleep", "status"),
        ("status", "concluded", "status"),
    ],
    "builder acionamento": [
        ("json", GONE, "json"),
        ("json", [], "json"),
        ("json.phone", GONE, "json.phone"),
        ("json.phone", "123", "json.phone"),
        ("json.phone", deep(10), "json.phone"),
        ("json.message", 5, "json.message"),
        ("json.message", "Olá {{name}}", "json.message"),
    ],
    "cpc": [
        ("campaign", GONE, "campaign"),
        ("campaign", " ", "campaign"),
        ("campaign", "x" * 501, "campaign"),
        ("tag", GONE, "tag"),
        ("tag", [], "tag"),
        ("messages", [], "messages"),
        ("messages", {}, "messages"),
        ("messages", deep(10), "messages[0]"),
        ("messages[0].phone", GONE, "messages[0].phone"),
        ("messages[0].phone", deep(10), "messages[0].phone"),
        ("messages[0].idMessage", "x", "messages[0].idMessage"),
        ("messages[0].idMessage", 1.5, "messages[0].idMessage"),
        ("messages[0].closeTicket", False, "messages[0].closeTicket"),
        ("messages[0].closeTicket", "true", "messages[0].closeTicket"),
        ("messages[0].mainTemplate", GONE, "messages[0].mainTemplate"),
        ("messages[0].specialistCode", GONE, "messages[0].specialistCode"),
        ("messages[0].colour", "red", "messages[0].colour"),
        ("colour", "red", "colour"),
    ],
    "native": [
        ("account", GONE, "account"),
        ("account", "nobody", "account"),
        ("account", ["loja"], "account"),
        ("text", GONE, "text"),
        ("text", 5, "text"),
        ("recipients", GONE, "messages"),
        ("recipients", [], "recipients"),
        ("recipients", [5], "recipients[0]"),
        ("recipients", [{"phone": ANA, "name": deep(10)}], "recipients[0]"),
        ("messages", [{"phone": ANA, "text": "oi"}], "messages"),
        ("senders", ["nobody"], "senders"),
        ("senders", "5511900000091", "senders"),
        ("delay_min", 9_000_000, "delay_min"),
        ("delay_min", "3", "delay_min"),
        ("chunk_size", -1, "chunk_size"),
        ("chunk_size", 10**30, "chunk_size"),
        ("scheduled_for", PAST, "scheduled_for"),
        ("scheduled_for", "2030-01-01T00:00:00", "scheduled_for"),
        ("scheduled_for", 5, "scheduled_for"),
        ("on_locked", "shrug", "on_locked"),
        ("cpc", "yes", "cpc"),
        ("validity_s", -1, "validity_s"),
        ("priority", 101, "priority"),
        ("callback_url", "ftp://x", "callback_url"),
        ("follow_ups", [{"after_s": 0, "text": "x"}], "follow_ups[0].after_s"),
        ("follow_ups", deep(10), "follow_ups[0]"),
        ("colour", "red", "colour"),
    ],
}


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("dialect", "where", "value", "named"),
    [(dialect, *case) for dialect, cases in CASES.items() for case in cases],
)
def test_what_is_wrong_is_named(shared_web: Web, dialect: str, where: str, value: Any, named: str) -> None:
    ask = CREATING[dialect]
    answer = shared_web.http.post(ask.path, json=spoilt(ask.body, where, value), headers=ask.headers)
    assert answer.status_code == malformed(dialect), answer.text
    said = [place for line in lines(dialect, answer) for place in line.split("; ")]
    assert any(line.startswith(f"{named}:") and len(line) > len(named) + 5 for line in said), said


RAW = {
    "10,000 deep": b'{"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": -Infinity}',
    "beyond a double": b'{"x": 1e999}',
    "a number of 5,000 digits": b'{"x": ' + b"9" * 5_000 + b"}",
    "a field twice": b'{"x": 1, "x": 2}',
    "a NUL": rb'{"x": "\u0000"}',
    "half a surrogate pair": rb'{"x": "\ud800"}',
    "not UTF-8": b'{"x": "\xff"}',
    "a form": b"name=x&phone=5511900000001",
    "XML": b"<campaign/>",
    "a number": b"5",
    "nothing": b"",
}


@pytest.mark.usefixtures("nothing_stored")
@every_dialect
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_a_body_that_cannot_be_read_is_refused(shared_web: Web, dialect: str, ask: Ask, raw: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = shared_web.http.post(ask.path, content=raw, headers={**ask.headers, "Content-Type": kind})
        assert answer.status_code == malformed(dialect), answer.text
        assert lines(dialect, answer)


# ---------------------------------------------------------------- paths and queries

GARBAGE = ["%00", "x", "-1", "0", "9" * 30, "%F0%9F%98%80", "a%2Fb", "' OR 1=1", "1af0av1mqkq3", "x" * 3_000]
PATHS = [
    ("GET", "/v1/campaigns/{}"),
    ("GET", "/v1/campaigns/{}/messages"),
    ("GET", "/v1/campaigns/{}/messages.csv"),
    ("GET", "/v1/campaigns/{}/events"),
    ("POST", "/v1/campaigns/{}/pause"),
    ("POST", "/v1/campaigns/0f3k9x2m7q4t/{}"),
    ("POST", "/v1/senders/{}/x/pause"),
    ("POST", "/v1/senders/loja/{}/pause"),
    ("POST", "/v1/senders/loja/5511900000091/{}"),
    ("GET", "/v1/locks/{}"),
    ("DELETE", "/v1/locks/{}"),
    ("GET", "/v1/suppressions/{}"),
    ("DELETE", "/v1/suppressions/{}"),
    ("POST", "/webhooks/{}/loja-hook"),
    ("POST", "/webhooks/loja/{}"),
    ("GET", "/v3/campaigns/{}"),
    ("PATCH", "/v3/campaigns/{}"),
    ("DELETE", "/v3/campaigns/{}"),
    ("POST", "/v3/campaigns/{}/pause"),
    ("GET", "/v3/campaigns/{}/chunk-leads"),
    ("GET", "/acionamento/{}?apikey=obra-token"),
    ("GET", "/org/bot-1/campaign/{}"),
]
TOKENS = {"/v3": "caixa-token", "/acionamento": "obra-token", "/org": "obra-token"}


def call(web: Web, method: str, path: str) -> httpx.Response:
    token = next((token for start, token in TOKENS.items() if path.startswith(start)), None)
    if token is None:
        return web.admin.request(method, path, json={})
    return web.http.request(method, path, json={}, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_path_that_names_nothing_is_refused(shared_web: Web, method: str, path: str) -> None:
    for garbage in GARBAGE:
        answer = call(shared_web, method, path.format(garbage))
        assert answer.status_code in (400, 404, 405, 422), (garbage, answer.status_code, answer.text)
        assert answer.json()


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/campaigns?state=asleep", "state"),
        ("/v1/campaigns?cursor=garbage", "cursor"),
        ("/v1/campaigns?cursor=%F0%9F%98%80", "cursor"),
        ("/v1/campaigns?cursor=" + "9" * 100, "cursor"),
        ("/v1/campaigns?cursor=" + "x" * 201, "cursor"),
        ("/v1/campaigns?limit=0", "limit"),
        ("/v1/campaigns?limit=1001", "limit"),
        ("/v1/campaigns?limit=ten", "limit"),
        ("/v1/campaigns?account=nobody", "account"),
        ("/v1/campaigns?account=%00", "account"),
        ("/v1/senders?account=nobody", "account"),
        ("/v1/suppressions?cursor=%00", "cursor"),
        ("/v1/suppressions?limit=-1", "limit"),
        ("/v1/in-doubt?cursor=garbage", "cursor"),
        ("/v1/in-doubt?limit=1e3", "limit"),
        ("/v3/campaigns?limit=0", "limit"),
        ("/v3/campaigns?offset=-1", "offset"),
        ("/v3/campaigns?offset=99999999999999999999", "offset"),
        ("/v3/campaigns?status=asleep", "status"),
        ("/v3/campaigns?name=%00", "name"),
    ],
)
def test_a_query_that_cannot_be_is_named(shared_web: Web, path: str, field: str) -> None:
    answer = call(shared_web, "GET", path)
    assert answer.status_code == 400, answer.text
    dialect = "kinbox" if path.startswith("/v3") else "native"
    assert [line.partition(":")[0] for line in lines(dialect, answer)] == [field]


# ---------------------------------------------------------------- whatever comes

ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "{{",
    "}}",
    "{{x",
    "{{x|",
    "=1+1",
    ANA,
    "😀" * 300,
    "2020-01-01",
    "9999-12-31T23:59:59Z",
]
ODD_NUMBERS = [-1, 0, 1.5, 1e308, -1e308, 2**31, 2**63, 10**40]
NASTY = st.sampled_from([None, True, *ODD_TEXTS, *ODD_NUMBERS, [], {}, [[]], {"": None}, deep(10)])
VALUES = st.recursive(
    NASTY | st.text(max_size=20) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way, *(place for step, inner in steps for place in places(inner, (*way, step)))]


@st.composite
def mutated(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """The body with one to three of its places replaced, taken away, doubled, or given one more field."""
    made: Any = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from([one for one in places(made) if one] or [()]))
        if not way:
            break
        node = made
        for step in way[:-1]:
            node = node[step]
        change = draw(st.sampled_from(["replace", "replace", "take away", "double", "add"]))
        if change == "take away":
            del node[way[-1]]
        elif change == "double" and isinstance(node, list):
            node.append(copy.deepcopy(node[way[-1]]))
        elif change == "add" and isinstance(node, dict):
            node[draw(st.text(max_size=8))] = draw(VALUES)
        else:
            node[way[-1]] = draw(VALUES)
    return dict(made)


@every_dialect
@settings(max_examples=40, derandomize=True, database=None)
@given(data=st.data())
def test_whatever_comes_is_taken_or_refused_in_the_dialects_shape(
    shared_web: Web, dialect: str, ask: Ask, data: st.DataObject
) -> None:
    body, before = data.draw(mutated(ask.body)), rows_of(shared_web)
    answer = shared_web.http.post(ask.path, content=json.dumps(body).encode(), headers=ask.headers)
    if answer.status_code == ask.status:
        assert answer.headers["x-campaign-id"]
    else:
        assert answer.status_code in (malformed(dialect), 404)
        assert lines(dialect, answer)
        assert "x-campaign-id" not in answer.headers
        assert rows_of(shared_web) == before
