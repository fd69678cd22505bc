"""The desk over a wired installation: what the doors and the commands stand at."""

from collections import Counter
from collections.abc import Callable, Sequence

from dispatcher.coordination.connection import our_words
from dispatcher.coordination.views import LaneViews
from dispatcher.coordination.wake import listeners
from dispatcher.domain.account import Account
from dispatcher.domain.audit.checks import AuditView
from dispatcher.domain.audit.checks import Check as AuditCheck
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.parcels import parcel_of
from dispatcher.domain.tickets import send_queue
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.ledger.figures import figures, in_doubt
from dispatcher.ledger.leads import recipients
from dispatcher.ledger.schema import fits
from dispatcher.pipeline.desk import Check, Desk, Figures, Order, SenderView
from dispatcher.pipeline.senders import pause_by_hand, resume_by_hand
from dispatcher.providers.leads_link import read_leads_name
from dispatcher.providers.registry import names, provider
from dispatcher.taskbus import EVENTS_QUEUE, SUBMIT_QUEUE
from dispatcher.wiring.counter_callbacks import CallbacksCounter
from dispatcher.wiring.counter_campaigns import CampaignsCounter, IntakeCounter, SteeringCounter
from dispatcher.wiring.counter_contacts import ContactsCounter, SuppressionsCounter
from dispatcher.wiring.counter_folders import FoldersCounter
from dispatcher.wiring.counter_upstream import UpstreamCounter
from dispatcher.wiring.crews import waits
from dispatcher.wiring.installation import Wiring


def desk_of(wiring: Wiring) -> Desk:
    campaigns = CampaignsCounter(wiring)
    return Desk(
        accounts=AccountsCounter(wiring),
        intake=IntakeCounter(wiring),
        campaigns=campaigns,
        steering=SteeringCounter(wiring),
        upstream=UpstreamCounter(wiring, campaigns),
        folders=FoldersCounter(wiring, campaigns),
        contacts=ContactsCounter(wiring),
        suppressions=SuppressionsCounter(wiring),
        callbacks=CallbacksCounter(wiring),
        house=HouseCounter(wiring),
        now_ms=wiring.stations.now_ms,
        open_leads=wiring.stations.open_leads,
    )


class AccountsCounter:
    """`AccountsDesk` from the ledger's accounts."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._accounts = wiring.accounts
        self.by_token = wiring.accounts.by_token
        self.by_webhook = wiring.accounts.by_webhook
        self.named = wiring.accounts.named

    def senders(self, account: Account | None = None) -> Sequence[SenderView]:
        holders = {one.id: one for one in self._accounts.all()}
        senders = self._accounts.all_senders() if account is None else self._accounts.senders(account.id)
        waiting: dict[int, NotBefore] = {}
        for name in {one.provider for one in holders.values()}:
            theirs = [one for one in senders if holders[one.account_id].provider == name]
            waiting |= waits(self._wiring, name, theirs)
        return [
            SenderView(one, holders[one.account_id].name, holders[one.account_id].provider, waiting.get(one.id))
            for one in senders
        ]

    def steer(self, account: Account, sender: str | None, order: Order) -> Sequence[SenderView]:
        meant = [one for one in self._accounts.senders(account.id) if sender in (None, one.name)]
        _SENDERS[order](self._wiring.stations, account, meant)
        return [view for view in self.senders(account) if sender in (None, view.sender.name)]


_SENDERS = {Order.PAUSE: pause_by_hand, Order.RESUME: resume_by_hand}


class HouseCounter:
    """`HouseDesk`: how the servers are, how much there is to do, files for providers."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._views = LaneViews(wiring.redis)

    def checks(self) -> Sequence[Check]:
        return [_check("redis", self._redis), _check("ledger", self._ledger), _check("workers", self._workers)]

    def figures(self) -> Figures:
        there, audit = figures(self._wiring.engine), self._wiring.audit_book.view()
        kinds = Counter(one.finding.check for one in audit.findings)
        census = {name: self._views.census(name) for name in names()}
        queues = {queue: self._length(queue) for queue in (SUBMIT_QUEUE, EVENTS_QUEUE)}
        return Figures(
            messages=there.messages,
            in_doubt=there.in_doubt.many,
            undecided=there.in_doubt.undecided,
            undecided_oldest_s=there.in_doubt.oldest_s,
            campaigns=there.campaigns,
            queues=queues | {send_queue(name): one.queued for name, one in census.items()},
            lanes_waiting={name: one.on_clock - one.in_flight for name, one in census.items()},
            lanes_in_flight={name: one.in_flight for name, one in census.items()},
            retries={name: one.retries for name, one in census.items()},
            workers=listeners(self._wiring.redis, names()),
            callbacks=self._wiring.callbacks.counts(),
            findings={check.value: kinds[check] for check in AuditCheck},
            audit_age_s=audit.age_s,
        )

    def audit(self) -> AuditView:
        return self._wiring.audit_book.view()._replace(in_doubt=in_doubt(self._wiring.engine))

    def leads_file(self, name: str) -> str | None:
        link = read_leads_name(self._wiring.secrecy, name, self._wiring.stations.now_ms())
        if link is None:
            return None
        rows = recipients(self._wiring.engine, link.campaign, link.job, link.seqs)
        if not rows:
            return None
        campaign = self._wiring.stations.campaign(link.campaign)
        make = provider(self._wiring.stations.account(campaign.account_id).provider).leads_file
        return make([parcel_of(campaign, row) for row in rows]) if make else None

    def _redis(self) -> str:
        with our_words():
            self._wiring.redis.ping()
        return "" if self._wiring.builder.is_ours() else "its memory is being built up from the ledger"

    def _ledger(self) -> str:
        return "" if fits(self._wiring.engine) else "migrations are missing: run `dispatcher db upgrade`"

    def _workers(self) -> str:
        return "" if any(listeners(self._wiring.redis, names()).values()) else "none is there"

    def _length(self, queue: str) -> int:
        with our_words():
            return int(self._wiring.redis.llen(queue))


def _check(name: str, look: Callable[[], str]) -> Check:
    """`look` gives what is wrong, or nothing."""
    try:
        wrong = look()
    except DispatcherTrouble:
        wrong = "does not answer"
    return Check(name, not wrong, wrong)
