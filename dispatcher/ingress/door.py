"""The steps of every request that creates a campaign, the same behind each dialect's door.

    who is asking  ->  body (64 MiB)  ->  this key before?  ->  JSON  ->  parse  ->  accept  ->  the dialect's answer

The answer is given only after the commit. An answer is made from the receipt and from what of the
campaign is frozen, so that a request that comes again with its Idempotency-Key gets the very same one,
however far the campaign is by then and whatever the clock says about the dates in it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import LONGEST_KEY, Accepted, Draft, UnknownSender
from dispatcher.domain.ids import campaign_text
from dispatcher.ingress.body import Document, read_body
from dispatcher.ingress.places import Door
from dispatcher.ingress.refusals import unauthorised
from dispatcher.pipeline.desk import CampaignView, Desk
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.jsonpieces import ReadWithCare
from dispatcher.secrecy import Secrecy
from dispatcher.settings import Settings

Parse = Callable[[Any, ParseContext], Draft]


@dataclass(frozen=True, slots=True)
class House:
    """What every door can reach: the desk, the installation's settings and secret, and the places of this process."""

    desk: Desk
    settings: Settings
    secrecy: Secrecy
    door: Door

    def context(self, account: Account, path: Mapping[str, str]) -> ParseContext:
        return ParseContext(account, self.desk.now_ms(), partial(self._leads, account), path)

    def _leads(self, account: Account, url: str) -> Iterator[bytes]:
        with self.door.files.held(account.name):
            yield from self.desk.open_leads(url)


async def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def body_of(request: Request) -> Document:
    return await read_body(request)


async def idempotency_key_of(request: Request) -> str | None:
    """The Idempotency-Key header; raises BadRequest when it is empty or too long."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise BadRequest(("Idempotency-Key", f"must have 1 to {LONGEST_KEY} characters"))
    return key


Inside = Annotated[House, Depends(house_of)]
Body = Annotated[Document, Depends(body_of)]
Key = Annotated[str | None, Depends(idempotency_key_of)]


def bearer_of(request: Request) -> str:
    """The token of an Authorization header; raises Refused (401) where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorised("a bearer token is needed")
    return token.strip()


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that creates something, from somebody we know. `path` is where it was sent, without the query."""

    account: Account
    body: Document
    path: str
    key: str | None
    names: Mapping[str, str]

    @property
    def idempotency(self) -> tuple[str, str] | None:
        """(key, digest of account, path and body)."""
        if self.key is None:
            return None
        digest = sha256(f"{self.account.id}\n{self.path}\n".encode())
        digest.update(self.body.raw)
        return self.key, digest.hexdigest()


def submission(request: Request, account: Account, body: Document, key: str | None) -> Submission:
    return Submission(account, body, request.url.path, key, dict(request.path_params))


@dataclass(frozen=True, slots=True)
class Receipt:
    accepted: Accepted
    view: CampaignView

    @property
    def id(self) -> str:
        return campaign_text(self.accepted.campaign_id)

    @property
    def scheduled(self) -> bool:
        """Was its start still ahead when it was accepted?"""
        start = self.view.campaign.scheduled_for_ms
        return start is not None and start > self.accepted.created_at_ms


def submit(house: House, asked: Submission, parse: Parse, array: str | None = None) -> Receipt:
    """Take a campaign in, or find the one that this very request made before. `array`: of a large body, `parse` may be
    given this one as `Pieces`.
    """
    accepted = (
        _earlier(house, asked)
        or (_accept_in_pieces(house, asked, parse, array) if array else None)
        or _accept(house, asked, parse)
    )
    view = house.desk.campaigns.get(accepted.campaign_id)
    if view is None:
        raise LookupError("a campaign is gone that was accepted just now")
    return Receipt(accepted, view)


@contextmanager
def unknown_sender(said: Callable[[], Exception]) -> Iterator[None]:
    """Say it in the dialect's words when a draft names a sender that the account does not have."""
    try:
        yield
    except UnknownSender:
        raise said() from None


def created(receipt: Receipt, content: Any, status: int) -> JSONResponse:
    """A creating response: the dialect's answer, and the campaign's id in a header."""
    headers = {"X-Campaign-Id": receipt.id}
    if receipt.accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(content, status, headers)


def _earlier(house: House, asked: Submission) -> Accepted | None:
    return house.desk.intake.earlier(asked.account, asked.idempotency) if asked.idempotency else None


def _accept_in_pieces(house: House, asked: Submission, parse: Parse, array: str) -> Accepted | None:
    """The messages of a large body are read and checked while the first are being stored. None: the body is small, or
    something in it may be wrong; then nothing was stored, for all is one transaction.
    """
    opened = asked.body.opened(array)
    if opened is None:
        return None
    with suppress(ReadWithCare, BadRequest):
        draft = parse(opened, house.context(asked.account, asked.names))
        return house.desk.intake.accept(asked.account, draft, asked.idempotency)
    return None


def _accept(house: House, asked: Submission, parse: Parse) -> Accepted:
    draft = parse(asked.body.object, house.context(asked.account, asked.names))
    return house.desk.intake.accept(asked.account, draft, asked.idempotency)
