"""A job in, a reading out, whatever happens in between: real sockets, the real adapters."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, Scope, for_all
from dispatcher.providers.caller import Caller
from dispatcher.providers.contract import Grant, Provider, Request, Response
from dispatcher.providers.registry import provider
from dispatcher.providers.transport import Transport
from dispatcher.providers.uazapi.read import POLL_WAITS_S
from tests.providers.jobs import CAMPAIGN, PHONES, account, job, parcel, parcels, sender
from tests.providers.wire import HANG, RESET, Server, http, refusing, serving

TAKEN = http(200, {"folder_id": "r1", "count": 1, "status": "queued"})
SUCCESS = http(201, {"status": "success", "processed": 1, "errors": 0})


@pytest.fixture
def caller(transport: Transport) -> Caller:
    return Caller(transport, provider)


def to(*urls: str, name: str = "uazapi", **parts: Any) -> Job:
    other = {"options": {"specialist_code": "admin"}} if name == "cpc" else {}
    given = account(name, base_urls=urls, timeout_s=0.5, **other, **parts)
    return job(name, account=given, sender=sender("emp1"))


def one(reading: Reading) -> tuple[Fate, str]:
    (outcome,) = reading.outcomes
    return outcome.fate, outcome.reason


def test_a_job_is_built_sent_and_read(caller: Caller) -> None:
    with serving(TAKEN) as server:
        reading = caller.call(to(server.url))
        assert reading == Reading((Outcome(Fate.SENT, provider_ref="r1", poll_s=POLL_WAITS_S[0]),))
        assert server.seen[0].json["info"] == f"{CAMPAIGN}-12.1"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (RESET, (Fate.IN_DOUBT, "connection_lost")),
        (HANG, (Fate.IN_DOUBT, "read_timeout")),
        (http(200, b"<html>"), (Fate.IN_DOUBT, "unreadable_answer")),
        (http(500, {"error": "Failed to send message"}), (Fate.IN_DOUBT, "server_error")),
        (http(503, b""), (Fate.RETRY, "provider_unavailable")),
    ],
)
def test_trouble_on_the_way_is_an_outcome(caller: Caller, answer: bytes, expected: tuple[Fate, str]) -> None:
    with serving(answer) as server:
        assert one(caller.call(to(server.url))) == expected


@pytest.mark.parametrize(
    ("answer", "reached"),
    [
        (TAKEN, True),
        (http(500, {"error": "the number 5511900000000@s.whatsapp.net is not on WhatsApp"}), True),
        (http(503, {"error": True, "message": "WhatsApp disconnected"}), True),
        (http(429, {"error": "Rate limit exceeded"}), True),
        (http(500, {"error": "Failed to send message"}), False),
        (http(503, b""), False),
        (RESET, False),
        (HANG, False),
    ],
)
def test_the_circuit_breaker_is_told_whether_the_provider_is_at_work(
    caller: Caller, answer: bytes, reached: bool
) -> None:
    with serving(answer) as server:
        assert caller.call(to(server.url)).reached is reached


def test_the_circuit_breaker_learns_nothing_from_a_job_that_was_not_called_for(caller: Caller) -> None:
    image = parcel(content={"type": "image", "file": "https://x.example/a.png"})
    assert caller.call(job("cpc", image)).reached is None
    assert caller.call(to("http://127.0.0.1:1", mode="pigeon")).reached is None
    assert caller.call(to("nowhere")).reached is None


def test_a_provider_whose_login_cannot_be_reached_is_away(caller: Caller) -> None:
    assert caller.call(to(refusing(), name="builder")).reached is False


def test_a_server_that_is_not_there_means_another_try(caller: Caller) -> None:
    assert one(caller.call(to(refusing()))) == (Fate.RETRY, "connection_refused")


def test_a_bad_base_url_halts_the_account_and_loses_nothing(caller: Caller) -> None:
    reading = caller.call(to("nowhere"))
    assert one(reading) == (Fate.DEFERRED, "invalid_base_url")
    assert reading.halt == Halt(Scope.ACCOUNT, "invalid_base_url")


def test_a_senders_own_base_url_is_used(caller: Caller) -> None:
    with serving(TAKEN) as server:
        asked = replace(to(refusing()), sender=sender(base_urls=(server.url,)))
        assert one(caller.call(asked)) == (Fate.SENT, "")


# ---------------------------------------------------------------- what is not sent


def test_a_mode_that_is_not_there_halts_the_account(caller: Caller) -> None:
    reading = caller.call(to("http://127.0.0.1:1", mode="pigeon"))
    assert (one(reading), reading.halt) == ((Fate.DEFERRED, "unknown_mode"), Halt(Scope.ACCOUNT, "unknown_mode"))


def test_a_content_that_the_provider_has_no_call_for_fails(caller: Caller) -> None:
    image = parcel(content={"type": "image", "file": "https://x.example/a.png"})
    assert one(caller.call(job("cpc", image))) == (Fate.FAILED, "unsupported_content")


def test_one_content_without_a_call_does_not_fail_its_batch(caller: Caller) -> None:
    image = parcel(PHONES[1], content={"type": "image", "file": "https://x.example/a.png"}, seq=13)
    there = account("cpc", options={"specialist_code": "admin"})
    reading = caller.call(job("cpc", parcel(), image, account=there))
    assert {(one.fate, one.reason) for one in reading.outcomes} == {(Fate.RETRY, "refused_in_batch")}


# ---------------------------------------------------------------- two links


def test_the_second_link_takes_what_the_first_certainly_did_not(caller: Caller) -> None:
    with serving(SUCCESS) as second:
        assert one(caller.call(to(refusing(), second.url, name="cpc"))) == (Fate.SENT, "")


def test_the_second_link_takes_what_the_first_says_it_did_not_take(caller: Caller) -> None:
    with serving(http(503, b"")) as first, serving(SUCCESS) as second:
        asked = to(first.url, second.url, name="cpc")
        assert [one(caller.call(asked)) for _ in range(2)] == [(Fate.SENT, "")] * 2
        assert (len(first.seen), len(second.seen)) == (1, 2)


def test_when_both_links_are_down_it_is_tried_again_later(caller: Caller) -> None:
    with serving(http(503, b"")) as first, serving(http(503, b"", Retry_After="4")) as second:
        (outcome,) = caller.call(to(first.url, second.url, name="cpc")).outcomes
        assert (outcome.fate, outcome.retry_after_s) == (Fate.RETRY, 4.0)
        assert (len(first.seen), len(second.seen)) == (1, 1)


@pytest.mark.parametrize("answer", [RESET, HANG, http(500, b"")])
def test_the_second_link_never_gets_what_the_first_may_have_taken(caller: Caller, answer: bytes) -> None:
    with serving(answer) as first, serving(SUCCESS) as second:
        assert one(caller.call(to(first.url, second.url, name="cpc")))[0] is Fate.IN_DOUBT
        assert (len(first.seen), len(second.seen)) == (1, 0)


# ---------------------------------------------------------------- looking up


def folders(*infos: str) -> bytes:
    return http(200, [{"id": "r1", "info": info, "log_total": 1} for info in infos])


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (folders(f"{CAMPAIGN}-12.1"), Fate.SENT),
        (folders("another"), Fate.RETRY),
        (http(500, b""), None),
        (RESET, None),
        (HANG, None),
    ],
)
def test_a_job_in_doubt_is_looked_up(caller: Caller, answer: bytes, fate: Fate | None) -> None:
    with serving(answer) as server:
        found = caller.look_up(to(server.url))
        assert [one.fate for one in found or ()] == ([] if fate is None else [fate])
        assert server.seen[0].line == "GET /sender/listfolders HTTP/1.1"


def test_a_job_of_the_past_is_looked_up_by_its_mark(caller: Caller) -> None:
    with serving(folders(f"{CAMPAIGN}-3.7")) as server:
        found = caller.look_up(replace(to(server.url), mark=f"{CAMPAIGN}-3.7"))
        assert [one.fate for one in found or ()] == [Fate.SENT]


def test_where_nobody_can_be_asked_nothing_is_known(caller: Caller) -> None:
    assert caller.look_up(to("http://127.0.0.1:1", name="cpc")) is None


def test_a_line_is_asked_whether_it_is_up(caller: Caller) -> None:
    with serving(http(200, {"instance": {"status": "connected"}})) as server:
        assert caller.is_up(account("uazapi", base_urls=(server.url,)), sender()) is True
    assert caller.is_up(account("uazapi", base_urls=(refusing(),)), sender()) is None
    assert caller.is_up(account("cpc"), sender()) is None


# ---------------------------------------------------------------- readers that break


def breaking(part: str, with_: Callable[..., Any]) -> Callable[[str], Provider]:
    broken: dict[str, Any] = {part: with_}
    return lambda name: replace(provider(name), **broken)


def explode(*_: Any) -> Any:
    raise KeyError("5511900000001 said something")


@pytest.mark.parametrize("broken", [explode, lambda job, answer: for_all(2, Outcome(Fate.SENT))])
def test_a_reader_that_breaks_leaves_doubt(transport: Transport, broken: Callable[..., Any]) -> None:
    with serving(TAKEN) as server:
        reading = Caller(transport, breaking("read", broken)).call(to(server.url))
        assert one(reading) == (Fate.IN_DOUBT, "unreadable_answer")


def test_a_builder_that_breaks_fails_the_message(transport: Transport) -> None:
    reading = Caller(transport, breaking("build", explode)).call(to("http://127.0.0.1:1"))
    assert one(reading) == (Fate.FAILED, "cannot_be_built")


@pytest.mark.parametrize("broken", [explode, lambda job, answer: (Outcome(Fate.SENT),) * 2])
def test_a_look_up_that_breaks_tells_nothing(transport: Transport, broken: Callable[..., Any]) -> None:
    with serving(TAKEN) as server:
        assert Caller(transport, breaking("read_lookup", broken)).look_up(to(server.url)) is None


def test_what_broke_is_told_without_what_was_said(transport: Transport, capsys: Any, caplog: Any) -> None:
    with serving(TAKEN) as server:
        Caller(transport, breaking("read", explode)).call(to(server.url))
    told = capsys.readouterr().out + caplog.text
    assert "provider.unreadable" in told
    assert "KeyError" in told
    assert "90000" not in told


# ---------------------------------------------------------------- providers that want a login


def log_in(account: Account) -> Request:
    return Request("POST", "/login", json={"user": account.credentials["user"]})


def renew(account: Account, held: str) -> Request:
    return Request("POST", f"/refresh/{held}")


def read_login(answer: Response) -> Grant:
    given = answer.json()
    return Grant(str(given["token"]), given.get("refresh", ""))


def authorise(account: Account, request: Request, token: str) -> Request:
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})


def read_guarded(job: Job, answer: Response) -> Reading:
    if answer.status == 401:
        return for_all(len(job.parcels), Outcome(Fate.RETRY, "unauthorised"), login_expired=True)
    return provider("uazapi").read(job, answer)


def guarded(name: str) -> Provider:
    asked = provider("uazapi")
    return replace(asked, read=read_guarded, login=log_in, refresh=renew, read_login=read_login, authorise=authorise)


def token(name: str, refresh: str = "") -> bytes:
    return http(200, {"token": name, "refresh": refresh})


EXPIRED = http(401, {"error": "expired"})


@pytest.fixture
def guarded_caller(transport: Transport) -> Caller:
    return Caller(transport, guarded)


def theirs(*urls: str) -> Job:
    return to(*urls, credentials={"user": "u", "password": "p"})


def asked(server: Server) -> list[str]:
    return [one.headers.get("authorization", one.line.split()[1]) for one in server.seen]


def test_a_token_is_fetched_once_and_kept(guarded_caller: Caller) -> None:
    with serving(token("t1"), TAKEN) as server:
        assert [one(guarded_caller.call(theirs(server.url)))[0] for _ in range(3)] == [Fate.SENT] * 3
        assert asked(server) == ["/login", "Bearer t1", "Bearer t1", "Bearer t1"]


def test_a_token_that_is_over_is_fetched_anew_and_the_call_repeated(guarded_caller: Caller) -> None:
    with serving(token("t1"), TAKEN, EXPIRED, token("t2"), TAKEN) as server:
        assert [one(guarded_caller.call(theirs(server.url)))[0] for _ in range(2)] == [Fate.SENT] * 2
        assert asked(server) == ["/login", "Bearer t1", "Bearer t1", "/login", "Bearer t2"]


def test_a_fresh_token_that_is_refused_halts_the_account(guarded_caller: Caller) -> None:
    with serving(token("t1"), EXPIRED, token("t2"), EXPIRED) as server:
        reading = guarded_caller.call(theirs(server.url))
        assert one(reading) == (Fate.DEFERRED, "unauthorised")
        assert reading.halt == Halt(Scope.ACCOUNT, "unauthorised")
        assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("answer", "expected", "halts"),
    [
        (http(401, {}), (Fate.DEFERRED, "login_refused"), True),
        (http(422, {}), (Fate.DEFERRED, "login_refused"), True),
        (http(500, {}), (Fate.RETRY, "login_unavailable"), False),
        (http(429, {}), (Fate.RETRY, "login_unavailable"), False),
        (http(200, {"hello": 1}), (Fate.RETRY, "login_unreadable"), False),
        (http(200, b"<html>"), (Fate.RETRY, "login_unreadable"), False),
        (RESET, (Fate.RETRY, "login_unreachable"), False),
        (HANG, (Fate.RETRY, "login_unreachable"), False),
    ],
)
def test_without_a_login_nothing_leaves(
    guarded_caller: Caller, answer: bytes, expected: tuple[Fate, str], halts: bool
) -> None:
    with serving(answer) as server:
        reading = guarded_caller.call(theirs(server.url))
        assert (one(reading), reading.halt is not None) == (expected, halts)
        assert [one.line for one in server.seen] == ["POST /login HTTP/1.1"]


def test_a_token_that_can_be_renewed_is_renewed_and_again_with_what_came_with_it(guarded_caller: Caller) -> None:
    answers = (token("t1", "r1"), EXPIRED, token("t2", "r2"), TAKEN, EXPIRED, token("t3"), TAKEN, EXPIRED, token("t4"))
    with serving(*answers, TAKEN) as server:
        assert [one(guarded_caller.call(theirs(server.url)))[0] for _ in range(3)] == [Fate.SENT] * 3
        renewals = [line for line in asked(server) if line.startswith("/")]
        assert renewals == ["/login", "/refresh/r1", "/refresh/r2", "/refresh/r2"]


@pytest.mark.parametrize("answer", [http(401, {}), http(404, {}), http(500, {}), http(200, {}), http(200, b"<html>")])
def test_where_renewing_gives_nothing_it_logs_in(guarded_caller: Caller, answer: bytes) -> None:
    with serving(token("t1", "r1"), EXPIRED, answer, token("t2"), TAKEN) as server:
        assert one(guarded_caller.call(theirs(server.url)))[0] is Fate.SENT
        assert asked(server) == ["/login", "Bearer t1", "/refresh/r1", "/login", "Bearer t2"]


@pytest.mark.parametrize("answer", [RESET, HANG])
def test_where_renewing_is_not_reached_the_next_try_logs_in(transport: Transport, answer: bytes) -> None:
    caller = Caller(transport, guarded)
    with serving(token("t1", "r1"), EXPIRED, answer, token("t2"), TAKEN) as server:
        assert one(caller.call(theirs(server.url))) == (Fate.RETRY, "login_unreachable")
        assert one(caller.call(theirs(server.url))) == (Fate.RETRY, "login_unreachable"), "it is left alone for a while"
        assert asked(server) == ["/login", "Bearer t1", "/refresh/r1"]


def test_changed_credentials_log_in_anew(guarded_caller: Caller) -> None:
    with serving(token("t1"), TAKEN, token("t2"), TAKEN) as server:
        guarded_caller.call(theirs(server.url))
        guarded_caller.call(to(server.url, credentials={"user": "u", "password": "new"}))
        assert asked(server) == ["/login", "Bearer t1", "/login", "Bearer t2"]


def test_look_ups_log_in_as_well(guarded_caller: Caller) -> None:
    with serving(token("t1"), EXPIRED, token("t2"), folders(f"{CAMPAIGN}-12.1")) as server:
        found = guarded_caller.look_up(theirs(server.url))
        assert [one.fate for one in found or ()] == [Fate.SENT]


def test_many_threads_log_in_once(guarded_caller: Caller) -> None:
    with serving(token("t1"), TAKEN) as server:
        calls = [threading.Thread(target=guarded_caller.call, args=(theirs(server.url),)) for _ in range(20)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        assert asked(server).count("/login") == 1
        assert len(server.seen) == 21


def test_a_batch_reads_an_outcome_for_each(caller: Caller) -> None:
    with serving(http(200, {"folder_id": "r1", "count": 3})) as server:
        batch = replace(to(server.url), parcels=parcels(PHONES))
        assert [one.fate for one in caller.call(batch).outcomes] == [Fate.SENT] * 3
        assert [one["number"] for one in json.loads(server.seen[0].body)["messages"]] == [*PHONES]


def test_a_call_that_may_not_leave_puts_its_messages_back_and_says_nothing_of_the_provider(caller: Caller) -> None:
    with serving(TAKEN) as server:
        reading = caller.call(to(server.url), lambda: False)
        assert (one(reading), reading.reached, server.seen) == ((Fate.DEFERRED, "held_up"), None, [])


def test_each_try_of_a_call_asks_whether_it_may_leave(caller: Caller) -> None:
    """The first link is called and down, which takes its time: by then the next may be another's turn."""
    answers = iter([True, False])
    with serving(http(503, b"")) as first, serving(TAKEN) as second:
        reading = caller.call(to(first.url, second.url), lambda: next(answers))
        assert (one(reading), len(first.seen), second.seen) == ((Fate.DEFERRED, "held_up"), 1, [])
