"""What a provider is to the rest of the house.

A provider is a folder here with a module-level `PROVIDER` of type `Provider`. Everything in it is pure:
it builds requests, reads answers, reads webhooks and reads the bodies of upstream apps that speak its
language. Only `transport` sends.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Draft, Job, Parcel
from dispatcher.domain.inbound import InboundEvent
from dispatcher.domain.outcomes import Outcome, Reading


@dataclass(frozen=True, slots=True)
class Request:
    """`path` begins with a slash and is put behind the base URL; `json` None sends no body."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` are in lower case. `base_url` is the one that answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    base_url: str = field(default="", repr=False)

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body)

    def json_object(self) -> Mapping[str, Any]:
        """The body as a JSON object; an empty one where it is none."""
        try:
            body = self.json()
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


class Grant(NamedTuple):
    """What a login gives: an access token, and what renews it ("": nothing does)."""

    token: str
    refresh: str = ""


class Misconfigured(ValueError):
    """The account's settings give no call; nothing was sent, and the account halts. The text is a reason word."""


class Unsendable(ValueError):
    """The provider has no call for what a parcel holds; nothing was sent. The text is a reason word."""


class BadRequest(ValueError):
    """An upstream app's body breaks rules.

    `problems` are (field, rule) pairs: ("messages[3].listButton", "is required for a list"). The text never
    repeats the value, which may be personal.
    """

    def __init__(self, *problems: tuple[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{where}: {rule}" if where else rule for where, rule in problems))


@dataclass(frozen=True, slots=True)
class ParseContext:
    """What a dialect's reader may know: the account it is for, and the time (UTC epoch, ms).

    `open_leads(url)` streams the bytes of a leads file; it raises BadRequest for a URL that may not be
    fetched or cannot be. `path` holds names from the request's path, such as a bot's.
    """

    account: Account
    now_ms: int
    open_leads: Callable[[str], Any]
    path: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, as functions.

    one_call       the parcels of a job that may share a call, its first among them; the others go back unsent
    build          a job's one call; raises Misconfigured or Unsendable
    read           what its answer means, an outcome for each parcel in order; knows every status and body
    lookup         the call that asks what became of a job in doubt; None where there is nothing to ask
    read_lookup    its answer: an outcome for each parcel; None while the provider cannot tell yet
    poll           the call that asks how a job ended that the provider took under a name; None: what it took is done
    read_poll    its answer: an outcome for each parcel, SENT (with its own name, if it has one), FAILED, or IN_DOUBT
                   while it is not told; None while nothing is
    login          the call that fetches an access token with the account's credentials; None: the token is given
    refresh        the call that renews an expired token with what the login gave for that; None: it logs in again
    read_login     the answer to either; raises ValueError where there is no token in it
    authorise      the request with the token put where the provider wants it (login providers only)
    recognises     does this body speak the provider's language? (`dispatcher send FILE`, the producer)
    parse          such a body as a Draft; raises BadRequest
    read_inbound   a webhook body as events; what is not understood gives an empty tuple, never an error
    probe          the call that asks whether a sender's line is up; None where there is nothing to ask
    read_probe     its answer: up, down, or None where it does not say
    batch_for      recipients in one call of this account, given how many there are; its own `batch` if nothing is said
    max_batch      most recipients in one call
    paces_batches  the provider spaces the messages of a batch by itself
    needs_leads_url  recipients are handed over as a CSV that the provider fetches
    leads_file     that CSV's text, for the parcels of one job
    lookup_waits_s how long after the call to ask, try by try; after the last "not there" it certainly was not sent
    poll_waits_s how long after the call, and after each answer that it goes on, to ask how it ended
    """

    name: str
    build: Callable[[Job], Request]
    read: Callable[[Job, Response], Reading]
    recognises: Callable[[Any], bool]
    parse: Callable[[Any, ParseContext], Draft]
    read_inbound: Callable[[Account, Any], tuple[InboundEvent, ...]]
    one_call: Callable[[Job], tuple[Parcel, ...]] = lambda job: job.parcels
    lookup: Callable[[Job], Request] | None = None
    read_lookup: Callable[[Job, Response], tuple[Outcome, ...] | None] | None = None
    poll: Callable[[Job, str], Request] | None = None
    read_poll: Callable[[Job, Response], tuple[Outcome, ...] | None] | None = None
    login: Callable[[Account], Request] | None = None
    refresh: Callable[[Account, str], Request | None] | None = None
    read_login: Callable[[Response], Grant] | None = None
    authorise: Callable[[Account, Request, str], Request] | None = None
    probe: Callable[[Account, Sender], Request] | None = None
    read_probe: Callable[[Response], bool | None] | None = None
    batch_for: Callable[[Account, int], int] = lambda account, total: account.batch
    max_batch: int = 1
    paces_batches: bool = False
    needs_leads_url: bool = False
    leads_file: Callable[[Sequence[Parcel]], str] | None = None
    lookup_waits_s: tuple[float, ...] = ()
    poll_waits_s: tuple[float, ...] = ()
