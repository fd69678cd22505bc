"""One installation as one process sees it: gateways built from settings, stations on top of them."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from random import randrange
from time import sleep

from dispatcher.coordination.audit import AuditedClock
from dispatcher.coordination.circuits import Circuits
from dispatcher.coordination.connection import connect, our_words, renew
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import ContactLocks
from dispatcher.coordination.looks import LooksInRedis
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.coordination.wake import Wakes
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.account_specs import AccountSpec
from dispatcher.domain.accounts_file import AccountsFileError
from dispatcher.domain.callbacks import Endpoint
from dispatcher.domain.campaign import Campaign
from dispatcher.domain.pacing import JITTER_STEPS
from dispatcher.ledger.accounts import Accounts, Applied
from dispatcher.ledger.audit import AuditedLedger
from dispatcher.ledger.audit_book import AuditBook
from dispatcher.ledger.audit_locks import AuditedLocks
from dispatcher.ledger.callbacks import Callbacks
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.doubts import Doubts
from dispatcher.ledger.engine import make_engine
from dispatcher.ledger.errorwatch import ErrorWatch
from dispatcher.ledger.followups import FollowUps
from dispatcher.ledger.inbound import InboundEvents
from dispatcher.ledger.leftovers import Leftovers
from dispatcher.ledger.lines import Lines
from dispatcher.ledger.locks import LockBook
from dispatcher.ledger.loststarts import LostStarts
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.overdue import Overdue
from dispatcher.ledger.polls import Polls
from dispatcher.ledger.pulse import PulseBook
from dispatcher.ledger.rereading import SendersAgain
from dispatcher.ledger.schema import fits, upgrade
from dispatcher.ledger.suppressions import Suppressions
from dispatcher.ledger.survivors import Survivors, alone
from dispatcher.ledger.waits import Waits
from dispatcher.pipeline.audit import Auditor
from dispatcher.pipeline.audit_looks import Audited
from dispatcher.pipeline.courier import Courier
from dispatcher.pipeline.rebuild import rebuild
from dispatcher.pipeline.senders import crews_changed
from dispatcher.pipeline.stations import Stations
from dispatcher.providers import registry
from dispatcher.providers.callback_post import Outbox, check_callback_url, trouble_in_file
from dispatcher.providers.caller import Caller
from dispatcher.providers.leads_fetch import ANYWHERE, PUBLIC, open_leads
from dispatcher.providers.leads_link import LeadsLink, leads_url
from dispatcher.providers.transport import Transport
from dispatcher.secrecy import Secrecy
from dispatcher.settings import Settings, require
from dispatcher.taskbus import EVENTS_QUEUE, TaskBus, celery_app
from dispatcher.wiring.clock import SharedClock
from dispatcher.wiring.memory import SENDERS_PERIODS, Remembered, is_known
from dispatcher.wiring.tripwire import Tripwire

POOL = 16  # connections to PostgreSQL a process: a statement takes a millisecond, threads wait for each other that long
SIDE_POOL = 2  # for questions in the middle of a transaction: the other pool may be full of such transactions
CALLBACK_POOL = 2  # a courier's statements are few and short, and wait for each other rather than sends for them
REDIS_CONNECTIONS = 64  # above a worker's threads: a command that waits for a connection delays its lane
LEADS_LINK_MS = 3600 * 1000  # a provider that has not fetched its file within the hour will not


class Wiring:
    """Everything is built when it is first used and closed in reverse order."""

    def __init__(self, settings: Settings) -> None:
        require(settings, "redis_url", "database_url", "secret_key")
        self.settings = settings
        self.wire = Tripwire.of(settings.die_at)
        self.secrecy = Secrecy(settings.secret_key.get_secret_value())
        self._closing = ExitStack()
        self.engine = make_engine(settings.database_url, POOL)
        self._closing.callback(self.engine.dispose)
        self.side_engine = make_engine(settings.database_url, SIDE_POOL)
        self._closing.callback(self.side_engine.dispose)
        self.callback_engine = make_engine(settings.database_url, CALLBACK_POOL)
        self._closing.callback(self.callback_engine.dispose)
        self.redis = connect(settings.redis_url, REDIS_CONNECTIONS)
        self._closing.callback(self.redis.close)
        self.clock = LaneClock(self.redis)
        self.locks = ContactLocks(self.redis, self.secrecy)
        self.shared_clock = SharedClock(self._redis_time_ms, lambda: self.callbacks.now_ms())
        self.accounts = self.wire("accounts", Accounts(self.engine, self.secrecy))
        self.campaigns = self.wire("campaigns", Campaigns(self.engine))
        self.messages = Messages(self.engine)
        self.waits = Waits(self.engine)
        self.doubts = self.wire("doubts", Doubts(self.engine))
        self.polls = Polls(self.engine)
        self.inbound = InboundEvents(self.engine, registry.pacing())
        self.lock_book = LockBook(self.engine)
        self.callbacks = self.wire("callbacks", Callbacks(self.callback_engine))
        self.ledger_clock = SharedClock(self.callbacks.now_ms)
        self.lines = Lines(self.engine)
        self.suppressions = self.wire("suppressions", Suppressions(self.engine))
        self.audit_book = AuditBook(self.engine)

    @cached_property
    def bus(self) -> TaskBus:
        return TaskBus(celery_app(self.settings.redis_url))

    @cached_property
    def transport(self) -> Transport:
        transport = Transport()
        self._closing.callback(transport.close)
        return transport

    @cached_property
    def stations(self) -> Stations:
        return self.wire.around(self._stations())

    def _remembered_senders(self) -> Remembered[Sender]:
        senders = SendersAgain(self.engine, self.accounts.these_senders)
        return Remembered(self.accounts.sender, senders, used_periods=SENDERS_PERIODS)

    def _stations(self) -> Stations:
        campaign = Remembered(self.campaigns.get, self.campaigns.these)
        account = Remembered(self.accounts.account, self.accounts.these)
        sender = self._remembered_senders()
        route = Remembered(self.campaigns.route, self.campaigns.routes)
        return Stations(
            clock=self.clock,
            control=self.clock,
            lanes=self.clock,
            retries=self.clock,
            locks=self.locks,
            lock_book=self.lock_book,
            circuits=Circuits(self.redis),
            messages=self.messages,
            starts=LostStarts(self.engine, self.settings.lost_starts),
            waits=self.waits,
            follow_ups=FollowUps(self.engine, registry.pacing()),
            doubts=self.doubts,
            polls=self.polls,
            campaigns=self.campaigns,
            plans=self.campaigns,
            accounts=self.accounts,
            pauses=self.accounts,
            inbound=self.inbound,
            feedback=self.inbound,
            errors=ErrorWatch(self.engine),
            pulse=PulseBook(self.engine, self.settings.stale_start_s),
            leftovers=Leftovers(self.engine, self.settings.keep_days),
            overdue=Overdue(self.engine),
            caller=Caller(self.transport, registry.provider),
            bus=self.bus,
            campaign=campaign,
            account=account,
            sender=sender,
            provider_of=lambda number: route(number).provider,
            is_known=partial(is_known, campaign, account, sender),
            looked_at=LooksInRedis(self.redis).note,
            events_queued=self._events_queued,
            now_ms=self.shared_clock.now_ms,
            pause=lambda ms: sleep(ms / 1000),
            jitter=partial(randrange, JITTER_STEPS),
            batch=_batch,
            suppressed=Suppressions(self.side_engine).among,
            contacted=LockBook(self.side_engine).among,
            expected=Messages(self.side_engine).expected,
            suppress=self.suppressions.add,
            leads_url=self._leads_url,
            open_leads=partial(open_leads, reach=ANYWHERE if self.settings.allow_private_urls else PUBLIC),
            check_callback_url=partial(check_callback_url, allow_private=self.settings.allow_private_urls),
        )

    @cached_property
    def builder(self) -> ClockBuilder:
        return self.wire("builder", ClockBuilder(self.redis, self.secrecy, registry.names()))

    def courier(self) -> Courier:
        """Its statements do not wait for those of sends, nor those for its."""
        return Courier(self.callbacks, self._outbox, self.ledger_clock.now_ms, self.stations.jitter)

    def _outbox(self, endpoint: Endpoint) -> Outbox:
        secret = self.accounts.account(endpoint.account_id).callback_secret
        return Outbox(endpoint.url, secret, self.settings.allow_private_urls, self.ledger_clock.now_ms)

    def auditor(self) -> Auditor:
        return Auditor(self.stations, self.audited)

    @cached_property
    def audited(self) -> Audited:
        in_redis = AuditedClock(self.redis, self.secrecy)
        return Audited(
            providers=registry.names(),
            book=self.audit_book,
            ledger=AuditedLedger(self.engine),
            ledger_locks=AuditedLocks(self.engine),
            clock=in_redis,
            keys=in_redis,
            looks=LooksInRedis(self.redis),
        )

    def upgrade(self) -> None:
        """Bring the ledger's tables up to date; safe from several hosts at once."""
        upgrade(self.engine)

    def schema_fits(self) -> bool:
        """Has the ledger the tables that this version needs?"""
        return fits(self.engine)

    def apply_accounts(self, specs: Sequence[AccountSpec]) -> Applied:
        """Make accounts what the file says, and tell the clock of the campaigns that this concerns.

        Raises AccountsFileError for a `callback_url` that may not be called.
        """
        self._check_callbacks(specs)
        applied = self.accounts.apply(specs)
        changed = [self.accounts.named(name) for name in applied.changed]
        if changed:
            senders = [sender for account in changed for sender in self.accounts.senders(account.id)]
            crews_changed(self.stations, senders)
        return applied

    def _check_callbacks(self, specs: Sequence[AccountSpec]) -> None:
        allowed = self.settings.allow_private_urls
        troubles = [one.callback_url and trouble_in_file(one.callback_url, allowed) for one in specs]
        lines = [f"account[{index}].callback_url: {trouble}" for index, trouble in enumerate(troubles) if trouble]
        if lines:
            raise AccountsFileError("; ".join(lines))

    def remove_account(self, name: str) -> None:
        """Take an account out of use, and off the clock. Raises UnknownAccount."""
        self.accounts.remove(name)
        crews_changed(self.stations, ())

    def rebuild_clock(self) -> bool:
        """Build Redis's memory from the ledger if it was lost; False when it is whole, or another host is at it."""
        return rebuild(self.stations, self.builder, Survivors(self.engine), partial(alone, self.engine))

    def renew_connections(self) -> None:
        """After trouble with Redis: each connection that hangs half-open would cost its time-out once."""
        renew(self.redis)
        self.bus.renew()

    def wakes(self, providers: list[str]) -> Wakes:
        return Wakes(self.redis, providers)

    def close(self) -> None:
        self._closing.close()

    def _events_queued(self) -> int:
        with our_words():
            return int(self.redis.llen(EVENTS_QUEUE))

    def _redis_time_ms(self) -> int:
        with our_words():
            seconds, micros = self.redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def _leads_url(self, campaign: Campaign, job: str, seqs: Sequence[int]) -> str:
        """Where the provider may fetch a job's recipients; empty for providers that take them in the call."""
        account = self.stations.account(campaign.account_id)
        if not registry.provider(account.provider).needs_leads_url:
            return ""
        until_ms = self.shared_clock.now_ms() + LEADS_LINK_MS
        return leads_url(self.secrecy, self.settings.public_url, LeadsLink(job, tuple(seqs), until_ms))


def _batch(account: Account, chunk_size: int) -> int:
    """As many as the provider takes at once, within a chunk if there are chunks."""
    known = registry.provider(account.provider)
    return min(known.max_batch, known.batch_for(account, chunk_size or known.max_batch))


def first_lookup_s(provider: str) -> float | None:
    """How long after a call the provider is first asked about a doubt; None: it cannot be asked."""
    waits = registry.provider(provider).lookup_waits_s
    return waits[0] if waits else None
