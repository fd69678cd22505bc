"""Posts callbacks to upstream apps, signed as https://www.standardwebhooks.com says, by its own library.

Redirects are not followed, the environment's proxies are not used, and the address that was checked is the one that
is connected to. Nothing of a callback is logged. What goes wrong is a word:

    http_<status>                        it answered, but not 2xx; 410: never again
    bad_url, unknown_host, private_address   where the URL leads
    connection_refused, read_timeout, …  transport's words for the way there
    no_secret                            the account has none to sign with
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx
from standardwebhooks import Webhook

from dispatcher.domain.account import Account
from dispatcher.domain.callbacks import Answer, Callback, payload
from dispatcher.providers.addresses import UNKNOWN_HOST, BadAddress, addressed, checked_address, readable
from dispatcher.providers.connections import KEEPALIVE_S, USER_AGENT, trusted
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.sockets import Wire
from dispatcher.providers.stamps import iso
from dispatcher.providers.statuses import retry_after_s
from dispatcher.providers.transport import CONNECT_S, failure_of

ANSWER_S = 10.0  # a receiver should store and answer; who works first is called again
MOST_BYTES = 64 * 1024  # of an answer that nobody reads: beyond that the connection is dropped
WISHES = frozenset({429, 503})
"""Statuses whose Retry-After is obeyed."""


def check_callback_url(account: Account, url: str, allow_private: bool) -> None:
    """May a campaign of the account name this URL? Raises BadRequest about `callback_url`."""
    if not account.callback_secret:
        raise BadRequest(("callback_url", "the account has no callback_secret to sign callbacks with"))
    try:
        target = readable(url)
        checked_address(target, allow_private)
    except BadAddress as bad:
        raise BadRequest(("callback_url", str(bad))) from None
    if target.userinfo:
        raise BadRequest(("callback_url", "must hold no user and no password: callbacks are signed"))


def trouble_in_file(url: str, allow_private: bool) -> str:
    """Why an accounts file must not name this URL, or "". A host that is not known now may be when it is called."""
    try:
        checked_address(readable(url), allow_private)
    except BadAddress as bad:
        return "" if bad.word == UNKNOWN_HOST else str(bad)
    return ""


class Outbox:
    """One endpoint, for a round of callbacks; many threads share it. `now_ms`: UTC epoch."""

    def __init__(self, url: str, secret: str, allow_private: bool, now_ms: Callable[[], int]) -> None:
        self._webhook = Webhook(secret) if secret else None
        self._now_ms = now_ms
        self._url = url
        self._client = httpx.Client(
            transport=Wire(trusted(), httpx.Limits(keepalive_expiry=KEEPALIVE_S)),
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=False,
        )
        self._address, self._trouble = "", ""
        try:
            self._address = checked_address(readable(url), allow_private)
        except BadAddress as bad:
            self._trouble = bad.word
        if self._webhook is None:
            self._trouble = "no_secret"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def post(self, callback: Callback) -> Answer:
        """What the endpoint made of it; raises nothing that comes from the network."""
        if self._trouble or self._webhook is None:
            return Answer(self._trouble)
        body = json.dumps(payload(callback, iso), ensure_ascii=False)
        headers = signed(self._webhook, callback.event_id, self._now_ms(), body)
        try:
            request = self._client.build_request("POST", self._url, content=body.encode(), headers=headers)
            return self._exchange(addressed(request, self._address))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(failure_of(error).reason)

    def _exchange(self, request: httpx.Request) -> Answer:
        taken = 0
        answer = self._client.send(request, stream=True)
        try:
            for piece in answer.iter_raw():
                taken += len(piece)
                if taken > MOST_BYTES:
                    break
        except httpx.HTTPError:
            pass  # the status is all that counts, and it is there
        finally:
            answer.close()
        return read_answer(answer.status_code, answer.headers)


def read_answer(status: int, headers: Any) -> Answer:
    """2xx is taken, everything else is not; `headers` in lower case or of httpx."""
    if 200 <= status < 300:
        return Answer()
    return Answer(f"http_{status}", (retry_after_s(headers) or 0.0) if status in WISHES else 0.0)


def signed(webhook: Webhook, event_id: str, now_ms: int, body: str) -> dict[str, str]:
    """The headers of a callback that is posted now (UTC epoch, ms): a receiver refuses one that is five minutes old."""
    at = datetime.fromtimestamp(now_ms // 1000, UTC)
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": webhook.sign(event_id, at, body),
    }
