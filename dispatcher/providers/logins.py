"""Access tokens of providers that want a login first, kept in this process and nowhere else.

    no token yet   ->  log in
    token expired  ->  refresh once, where the provider has that  ->  log in, if the answer is no fresh token

A token is the account's as its credentials are now: changed credentials log in anew. One thread logs in
while the others wait for what it gets, a refusal as well as a token.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, Scope, for_all
from dispatcher.providers.contract import Grant, Provider, Request, Response
from dispatcher.providers.statuses import retry_after_s
from dispatcher.providers.transport import CallFailure, Failed, Transport
from dispatcher.telemetry import emit

LONGEST_LOGIN_S = 10.0  # a job's lease covers its call and little more (pipeline.stations.lease_ms)
FAILURE_HOLDS_S = 5.0  # a login server in trouble is not asked by each of the threads that waited for it

UNREACHABLE = "login_unreachable"

_REFUSED = frozenset({400, 401, 403, 404, 405, 422})


@dataclass(slots=True)
class _Login:
    lock: Lock = field(default_factory=Lock)
    grant: Grant | None = None
    failure: Outcome | None = None
    failed_at: float = 0.0


class Logins:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._known: dict[tuple[object, ...], _Login] = {}

    def token(self, provider: Provider, job: Job, base_urls: Sequence[str], stale: str | None) -> str | Reading:
        """A token other than `stale`, or what a failed login means for the job, which did not leave."""
        account = job.account
        login = self._known.setdefault(_identity(account), _Login())
        with login.lock:
            if login.grant is not None and login.grant.token != stale:
                return login.grant.token
            if login.failure is None or monotonic() - login.failed_at > FAILURE_HOLDS_S:
                self._log_in(provider, account, base_urls, login)
            if login.grant is not None:
                return login.grant.token
            assert login.failure is not None
            return _not_logged_in(job, login.failure)

    def _log_in(self, provider: Provider, account: Account, base_urls: Sequence[str], login: _Login) -> None:
        """What renews a token is used once: after a failure the next try is a login."""
        held = login.grant.refresh if login.grant else ""
        login.grant, login.failure = None, None
        found = self._granted(provider, account, base_urls, held)
        if isinstance(found, Grant):
            login.grant = found
        else:
            login.failure, login.failed_at = found, monotonic()

    def _granted(self, provider: Provider, account: Account, base_urls: Sequence[str], held: str) -> Grant | Outcome:
        assert provider.login is not None
        limit_s = min(account.timeout_s, LONGEST_LOGIN_S)
        renewal = provider.refresh(account, held) if held and provider.refresh else None
        if renewal is None:
            return self._ask(provider, base_urls, provider.login(account), limit_s)
        found = self._ask(provider, base_urls, renewal, limit_s / 2)
        if isinstance(found, Grant):
            return found._replace(refresh=found.refresh or held)
        if found.reason == UNREACHABLE:
            return found
        return self._ask(provider, base_urls, provider.login(account), limit_s / 2)

    def _ask(self, provider: Provider, base_urls: Sequence[str], request: Request, limit_s: float) -> Grant | Outcome:
        assert provider.read_login is not None
        try:
            answer = self._transport.send(base_urls, request, limit_s)
            if isinstance(answer, Response) and 200 <= answer.status < 300:
                return provider.read_login(answer)
        except Exception as error:
            emit("provider.unreadable", "error", provider=provider.name, job="", error=type(error).__name__)
            return Outcome(Fate.RETRY, "login_unreadable")
        return _why(answer)


def _identity(account: Account) -> tuple[object, ...]:
    return account.id, account.base_urls, tuple(sorted(account.credentials.items()))


def _why(answer: Response | CallFailure) -> Outcome:
    if isinstance(answer, CallFailure):
        misconfigured = answer.kind is Failed.MISCONFIGURED
        return Outcome(Fate.DEFERRED, answer.reason) if misconfigured else Outcome(Fate.RETRY, UNREACHABLE)
    if answer.status in _REFUSED:
        return Outcome(Fate.DEFERRED, "login_refused")
    return Outcome(Fate.RETRY, "login_unavailable", retry_after_s=retry_after_s(answer.headers))


def _not_logged_in(job: Job, failure: Outcome) -> Reading:
    """Refused credentials stop the account; anything else is tried again."""
    halt = Halt(Scope.ACCOUNT, failure.reason) if failure.fate is Fate.DEFERRED else None
    return for_all(len(job.parcels), failure, halt=halt, reached=halt is not None)
