"""What a web process takes in at once is bounded, and one caller never has all of it."""

import asyncio
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from dispatcher.ingress.following import Looks
from dispatcher.ingress.pieces import pieces
from dispatcher.ingress.places import FILES_OF_ONE, MIB, Places, Room
from dispatcher.ingress.refusals import Refused
from tests.ingress.asks import CREATING, Ask
from tests.ingress.conftest import Web, running, settings_for
from tests.slowfile import slow_file
from tests.waiting import wait_until

REQUESTS = 2 * FILES_OF_ONE + 2  # a caller's share is half of it


@pytest.fixture
def narrow(ledger_url: str, redis_url: str) -> Iterator[Web]:
    settings = settings_for(ledger_url, redis_url)
    update = {"web_requests": REQUESTS, "web_followers": 1}
    with running(settings.model_copy(update=update)) as found:
        yield found


@contextmanager
def stalled(web: Web, ask: Ask, size: int = 1000) -> Iterator[None]:
    """A request whose body of `size` bytes stops after the first one: it has its place, and room for its body."""
    url = web.http.base_url
    head = [f"POST {ask.path} HTTP/1.1", f"host: {url.host}", f"content-length: {size}", "expect: 100-continue"]
    head += [f"{name}: {value}" for name, value in ask.headers.items()]
    with socket.create_connection((url.host, url.port or 80), timeout=30) as line:
        line.sendall("\r\n".join([*head, "", "{"]).encode())
        assert line.recv(100).startswith(b"HTTP/1.1 100"), "the server asks for the body when it has taken the request"
        yield


def post(web: Web, ask: Ask) -> httpx.Response:
    return web.http.post(ask.path, headers=ask.headers, json=ask.body)


def large(ask: Ask, size: int) -> dict[str, object]:
    """The body of a request as `size` bytes, its end being blanks."""
    raw = json.dumps(ask.body).encode()
    return {"content": raw.ljust(size), "headers": ask.headers}


def shape_of(body: dict[str, object]) -> set[str]:
    return set(body)


SHAPES = {
    "uazapi": {"error"},
    "kinbox": {"statusCode", "message", "error"},
    "builder acionamento": {"detail"},
    "cpc": {"status", "statusCode", "message", "errors"},
    "native": {"type", "title", "status", "detail"},
}


@pytest.mark.parametrize("dialect", SHAPES)
def test_a_caller_that_has_its_share_of_the_places_is_told_so_in_its_own_dialect(narrow: Web, dialect: str) -> None:
    ask = CREATING[dialect]
    with ExitStack() as held:
        for _ in range(REQUESTS // 2):
            held.enter_context(stalled(narrow, ask))
        refused = post(narrow, ask)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert shape_of(refused.json()) == SHAPES[dialect]
        other = next(one for name, one in CREATING.items() if one.headers != ask.headers and name in SHAPES)
        assert post(narrow, other).status_code == other.status, "the others have the other half"
    wait_until(lambda: post(narrow, ask).status_code == ask.status)


def test_beyond_all_places_it_is_503_and_webhooks_and_probes_are_taken_still(narrow: Web) -> None:
    with ExitStack() as held:
        for ask in (CREATING["uazapi"], CREATING["kinbox"]):
            for _ in range(REQUESTS // 2):
                held.enter_context(stalled(narrow, ask))
        refused = post(narrow, CREATING["cpc"])
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert narrow.http.post("/webhooks/loja/loja-hook", json={}).status_code == 200
        assert narrow.http.get("/healthz").status_code == 200
        assert "dispatcher_reachable" in narrow.http.get("/metrics").text
    wait_until(lambda: post(narrow, CREATING["cpc"]).status_code == 200)


def test_the_webhooks_of_one_account_do_not_take_the_places_of_anothers(narrow: Web) -> None:
    hook = Ask("/webhooks/loja/loja-hook", {}, {}, 200)
    with ExitStack() as held:
        for _ in range(REQUESTS // 2):
            held.enter_context(stalled(narrow, hook))
        refused = narrow.http.post(hook.path, json={})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2"), "a provider repeats then"
        assert narrow.http.post("/webhooks/caixa/wrong", json={}).status_code == 404
        assert post(narrow, CREATING["uazapi"]).status_code == 200


def test_large_bodies_have_bounded_room_and_small_ones_need_none(narrow: Web) -> None:
    loja, caixa, cpc = CREATING["uazapi"], CREATING["kinbox"], CREATING["cpc"]
    with stalled(narrow, loja, 60 * MIB):
        refused = narrow.http.post(loja.path, **large(loja, 5 * MIB))  # type: ignore[arg-type]
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert post(narrow, loja).status_code == 200
        with stalled(narrow, caixa, 64 * MIB):
            refused = narrow.http.post(cpc.path, **large(cpc, 5 * MIB))  # type: ignore[arg-type]
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        wait_until(lambda: narrow.http.post(cpc.path, **large(cpc, 5 * MIB)).status_code == 200)  # type: ignore[arg-type]


def test_a_body_that_does_not_say_its_length_is_counted_as_it_comes(narrow: Web) -> None:
    loja = CREATING["uazapi"]
    with stalled(narrow, loja, 60 * MIB):
        pieces_of_it = iter([b" " * MIB] * 5)
        refused = narrow.http.post(loja.path, content=pieces_of_it, headers=loja.headers)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")


def test_one_account_does_not_read_all_leads_files_at_once(narrow: Web) -> None:
    ask = CREATING["kinbox"]
    with ExitStack() as held, ThreadPoolExecutor(FILES_OF_ONE) as others:
        files = [held.enter_context(slow_file()) for _ in range(FILES_OF_ONE)]
        bodies = [{"name": "x", "message": "oi", "leadsAssetUrl": file.url} for file in files]
        slow = [others.submit(post, narrow, ask._replace(body=body)) for body in bodies]
        assert all(file.asked.wait(30) for file in files)
        refused = post(narrow, ask._replace(body=bodies[0]))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        for file in files:
            file.let.set()
        assert [one.result().status_code for one in slow] == [201] * FILES_OF_ONE


def test_followers_beyond_their_places_are_told_to_come_later(narrow: Web) -> None:
    campaign = post(narrow, CREATING["native"]).json()["id"]
    events = f"/v1/campaigns/{campaign}/events"
    with narrow.admin.stream("GET", events):
        refused = narrow.admin.get(events)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert narrow.admin.get(f"/v1/campaigns/{campaign}").status_code == 200


def refused_with(places: Places, caller: str) -> int:
    with pytest.raises(Refused) as caught:
        places.take(caller)
    return caught.value.status


def test_what_was_given_back_can_be_taken_again_and_nothing_of_a_caller_stays() -> None:
    places = Places("requests", 4, 2)
    with places.held("a"), places.held("a"):
        assert refused_with(places, "a") == 429
        with places.held("b"), places.held("b"):
            assert refused_with(places, "c") == 503
    assert (places.taken, places._held) == (0, {})


def test_a_room_grows_and_is_given_back_whole() -> None:
    places = Places("bytes", 10 * MIB, 10 * MIB)
    room = Room(places, "a")
    room.grow(Room.SMALL)
    assert places.taken == 0
    for size in (MIB, 3 * MIB, 2 * MIB):
        room.grow(size)
    assert places.taken == 3 * MIB
    room.give_back()
    assert places.taken == 0


def test_all_who_follow_a_campaign_share_one_look() -> None:
    looked = []

    def look() -> dict[str, object]:
        looked.append(1)
        return {"id": "x"}

    async def everybody() -> list[dict[str, object]]:
        looks = Looks()
        return list(await asyncio.gather(*(looks.at("x", look) for _ in range(500))))

    assert asyncio.run(everybody()) == [{"id": "x"}] * 500
    assert len(looked) == 1


def collected(messages: list[Message], silent_s: float) -> list[bytes]:
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0) if left else await asyncio.Future()

    async def collect() -> list[bytes]:
        return [piece async for piece in pieces(receive, silent_s)]

    return asyncio.run(collect())


def test_a_body_whose_rest_does_not_come_is_not_waited_for() -> None:
    begun: Message = {"type": "http.request", "body": b"{", "more_body": True}
    with pytest.raises(TimeoutError):
        collected([begun], 0.01)
    with pytest.raises(ClientDisconnect):
        collected([begun, {"type": "http.disconnect"}], 30)
    assert collected([begun, {"type": "http.request", "body": b"}"}], 30) == [b"{", b"}"]
