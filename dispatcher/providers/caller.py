"""A provider behind its transport: `pipeline.ports.outside.Caller`.

    build -> (log in) -> send -> read

Nothing here raises: whatever happens becomes a Reading. What happened before the request left was
certainly not sent; a reader that breaks on an answer leaves its messages in doubt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dispatcher.domain.account import Account, Sender, base_urls_of
from dispatcher.domain.campaign import Job, Parcel
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, for_all
from dispatcher.providers.contract import Misconfigured, Provider, Request, Response, Unsendable
from dispatcher.providers.logins import Logins
from dispatcher.providers.statuses import UNAUTHORISED, UNREADABLE, halt_scope, of_the_whole
from dispatcher.providers.transport import BAD_BODY, HELD, NO_ROOM, CallFailure, Failed, Transport
from dispatcher.telemetry import emit

SERVER_ERRORS = 500
OUR_OWN = (NO_ROOM, BAD_BODY)
"""Failures that tell nothing about the provider."""
NOT_IN_THIS_CALL = Outcome(Fate.DEFERRED, "not_in_this_call")


@dataclass(frozen=True, slots=True)
class Line:
    """Where a job's calls go, and when. `base_urls` shrinks as they turn out to be down."""

    provider: Provider
    job: Job
    base_urls: tuple[str, ...]
    may_leave: Callable[[], bool] | None = None


class Caller:
    """`find` gives a provider by its name. Many threads share one."""

    def __init__(self, transport: Transport, find: Callable[[str], Provider]) -> None:
        self._transport = transport
        self._find = find
        self._logins = Logins(transport)

    def call(self, job: Job, may_leave: Callable[[], bool] | None = None) -> Reading:
        """Make the job's call and read its answer. `may_leave` (None: it may) is asked before each try's first byte."""
        provider = self._find(job.account.provider)
        together = provider.one_call(job)
        if len(together) < len(job.parcels):
            return _others_back(job, together, self.call(replace(job, parcels=together), may_leave))
        try:
            request = provider.build(job)
        except Misconfigured as error:
            return replace(_put_back(job, str(error)), reached=None)
        except Unsendable as error:
            return of_the_whole(job, Outcome(Fate.FAILED, str(error)), reached=None)
        except Exception as error:
            _tell(job, error)
            return of_the_whole(job, Outcome(Fate.FAILED, "cannot_be_built"), reached=None)
        return self._call(Line(provider, job, base_urls_of(job.account, job.sender), may_leave), request)

    def look_up(self, job: Job) -> tuple[Outcome, ...] | None:
        """Ask what became of a job; None while it cannot be told."""
        provider = self._find(job.account.provider)
        if provider.lookup is None or provider.read_lookup is None:
            return None
        return self._ask(provider, job, provider.lookup, provider.read_lookup)

    def poll(self, job: Job, reference: str) -> tuple[Outcome, ...] | None:
        """Ask how a job ended that the provider took under that name; None while it goes on or cannot be told."""
        provider = self._find(job.account.provider)
        make, read = provider.poll, provider.read_poll
        return self._ask(provider, job, lambda one: make(one, reference), read) if make and read else None

    def _ask(
        self,
        provider: Provider,
        job: Job,
        make: Callable[[Job], Request],
        read: Callable[[Job, Response], tuple[Outcome, ...] | None],
    ) -> tuple[Outcome, ...] | None:
        try:
            line = Line(provider, job, base_urls_of(job.account, job.sender))
            answer = self._authorised(line, make(job))
            outcomes = read(job, answer) if isinstance(answer, Response) else None
        except Exception as error:
            _tell(job, error)
            return None
        return outcomes if outcomes is None or len(outcomes) == len(job.parcels) else None

    def is_up(self, account: Account, sender: Sender) -> bool | None:
        """Ask whether a sender's line is up; None where it cannot be told."""
        provider = self._find(account.provider)
        if provider.probe is None or provider.read_probe is None:
            return None
        request = provider.probe(account, sender)
        answer = self._transport.send(base_urls_of(account, sender), request, account.timeout_s)
        try:
            return provider.read_probe(answer) if isinstance(answer, Response) else None
        except Exception as error:
            emit("provider.unreadable", "error", provider=account.provider, job="", error=type(error).__name__)
            return None

    def _call(self, line: Line, request: Request) -> Reading:
        """Base URL after base URL, as long as the one before says that it did not take the job."""
        answer = self._authorised(line, request)
        if not isinstance(answer, Response):
            return answer if isinstance(answer, Reading) else _unanswered(line.job, answer)
        reading = _read(line, answer)
        if answer.status >= SERVER_ERRORS and not _is_at_work(reading):
            reading = replace(reading, reached=False)
        if reading.login_expired:
            return _put_back(line.job, UNAUTHORISED.reason)
        others = tuple(url for url in line.base_urls if url != answer.base_url)
        if reading.base_url_down:
            self._transport.mark_down(answer.base_url)
            if others:
                return self._call(replace(line, base_urls=others), request)
        return reading

    def _authorised(self, line: Line, request: Request) -> Response | CallFailure | Reading:
        """Send a request, logged in where the provider wants that: with a fresh login once if the old one is over.

        A Reading says that the login failed and the request did not leave.
        """
        if line.provider.login is None:
            return self._send(line, request)
        stale = None
        while True:
            token = self._logins.token(line.provider, line.job, line.base_urls, stale)
            if not isinstance(token, str):
                return token
            assert line.provider.authorise is not None
            answer = self._send(line, line.provider.authorise(line.job.account, request, token))
            if stale is not None or not _is_expired(line, answer):
                return answer
            stale = token

    def _send(self, line: Line, request: Request) -> Response | CallFailure:
        return self._transport.send(line.base_urls, request, line.job.account.timeout_s, line.may_leave)


def _is_expired(line: Line, answer: Response | CallFailure) -> bool:
    return isinstance(answer, Response) and answer.status in (401, 403) and _read(line, answer).login_expired


def _read(line: Line, answer: Response) -> Reading:
    """The provider's reading; in doubt when its reader breaks, or does not speak of every message."""
    sent = len(line.job.parcels)
    try:
        reading = line.provider.read(line.job, answer)
    except Exception as error:
        _tell(line.job, error)
        return for_all(sent, UNREADABLE)
    return reading if len(reading.outcomes) == sent else for_all(sent, UNREADABLE)


def _is_at_work(reading: Reading) -> bool:
    """Is an answer about a sender or a message, whatever its status? uazapi says with a 500 who is not on WhatsApp."""
    return reading.halt is not None or any(one.fate is Fate.FAILED or one.apart for one in reading.outcomes)


def _unanswered(job: Job, failure: CallFailure) -> Reading:
    if failure.kind is Failed.MISCONFIGURED:
        return replace(_put_back(job, failure.reason), reached=None)
    if failure is HELD:
        return for_all(len(job.parcels), Outcome(Fate.DEFERRED, HELD.reason), reached=None)
    fate = Fate.RETRY if failure.kind is Failed.NOT_SENT else Fate.IN_DOUBT
    return for_all(len(job.parcels), Outcome(fate, failure.reason), reached=None if failure in OUR_OWN else False)


def _others_back(job: Job, together: Sequence[Parcel], reading: Reading) -> Reading:
    """The reading of a part of the job, with the parcels that were not in the call put back."""
    told = {parcel.seq: outcome for parcel, outcome in zip(together, reading.outcomes, strict=True)}
    return replace(reading, outcomes=tuple(told.get(parcel.seq, NOT_IN_THIS_CALL) for parcel in job.parcels))


def _put_back(job: Job, reason: str) -> Reading:
    """Nothing left and nothing can leave: the messages wait until somebody has put the account in order."""
    return for_all(len(job.parcels), Outcome(Fate.DEFERRED, reason), halt=Halt(halt_scope(job), reason))


def _tell(job: Job, error: Exception) -> None:
    """Only the kind of the exception: its text may hold what the provider said about a person."""
    emit("provider.unreadable", "error", provider=job.account.provider, job=job.id, error=type(error).__name__)
