"""Looking for what fell between two steps: every worker sweeps every few seconds, and twice does no harm.

accepted but never planned        the web process died, or Redis was away
an event that nobody processed    Redis missed its job
a doubt whose look-up is due      nothing waits in Celery, so somebody must look
a job whose provider is to be asked   the same
sending for far too long          its lease was lost together with Redis's memory
done, but still running           its last worker died before saying so
what is due soon                  the clock knows nothing of what waits longer than a minute
pending, but unknown to the clock a retry was lost
running, but held by the clock    a resume did not reach it
a sender that was disconnected    the webhook that says it is back may never come: it is asked
paused or resumed, clock not told whoever did it died in between
a lane that rests for its hours   the account was applied with others: its policies are asked anew
past its validity, not taken up  its sender is paused, or rests for long: a slice expires
over, but known to the clock       its last worker died before telling it: a slice is forgotten
keys, events, locks of long ago   nobody needs them: a slice is cleared
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from dispatcher.domain.account import Sender
from dispatcher.domain.retries import near
from dispatcher.pipeline.apart import apart, each
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.feed import QUEUED, feed
from dispatcher.pipeline.pace import cut_off
from dispatcher.pipeline.plan import plan_anew, plan_unopened, provider_of
from dispatcher.pipeline.senders import is_disconnected, remind, resume_senders
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.wait import file_all_due
from dispatcher.telemetry import emit

SWEEP_EVERY_S = 5.0  # a few cheap queries for each worker; what fell is found within twice that
STUCK_S = 900.0  # far beyond the longest lease: CPC's 120 s on two links, with a login
ASK_LINES_EVERY_S = 15.0  # of every worker: a line that is down costs a call each
POLICIES_SETTLE_S = 10.0  # well above the memory of accounts: by then nobody goes by the old ones
EXPIRE_EVERY_S = 15.0  # of every worker: ten thousand messages of each campaign that is overdue
CLEAR_EVERY_S = 60.0  # of every worker: a thousand of each kind, over a million a day
KNOWN_AT_ONCE = 1_000  # campaigns of a clock in a round of clearing: some milliseconds
BATCH = 200  # of each kind in a round: the others are found in the next
ASKED_BELOW = QUEUED + BATCH  # jobs in the events queue: beyond, workers have enough to do


@dataclass(slots=True)
class Sweeper:
    """`first_lookup_s(provider)`: how long after a call a provider is asked about a doubt; None: it cannot be. What
    the clock of `providers` knows is gone through here."""

    stations: Stations
    first_lookup_s: Callable[[str], float | None]
    providers: Sequence[str] = ()
    _places: dict[str, int] = field(default_factory=dict)
    _suspects: set[int] = field(default_factory=set)
    _asked_ms: int = 0
    _policies_asked_ms: int = 0
    _cleared_ms: int = 0
    _expired_ms: int = 0

    def sweep(self) -> None:
        """One round. Raises DispatcherTrouble when a server is away; the next round goes on."""
        for step in self._steps():
            with apart():
                step()

    def _steps(self) -> tuple[Callable[[], None], ...]:
        stations = self.stations
        return (
            partial(plan_unopened, stations),
            partial(feed, stations),
            self._ask_providers,
            self._doubt_stuck,
            partial(file_all_due, stations),
            self._check_idle,
            self._ask_lines,
            self._ask_policies,
            self._expire,
            self._clear_leftovers,
        )

    def _ask_providers(self) -> None:
        """About doubts and jobs; not while others wait to be asked about, for who is due now is due again."""
        stations, now_ms = self.stations, self.stations.now_ms()
        if stations.events_queued() < ASKED_BELOW:
            stations.bus.doubts(stations.doubts.due(now_ms, BATCH))
            stations.bus.polls(stations.polls.due(now_ms, BATCH))

    def _clear_leftovers(self) -> None:
        now_ms = self.stations.now_ms()
        if now_ms - self._cleared_ms < CLEAR_EVERY_S * 1000:
            return
        self._cleared_ms = now_ms
        keys, events, locks = self.stations.leftovers.clear()
        if keys or events or locks:
            emit("ledger.cleared", keys=keys, events=events, locks=locks)
        self._forget_over()

    def _forget_over(self) -> None:
        for provider in self.providers:
            place = self._places.get(provider, 0)
            known, self._places[provider] = self.stations.control.known(provider, place, KNOWN_AT_ONCE)
            for campaign in self.stations.campaigns.over(known):
                self.stations.control.forget(provider, campaign)

    def _expire(self) -> None:
        """A campaign that ends by it is closed here: the clock still waits for its lanes."""
        now_ms = self.stations.now_ms()
        if now_ms - self._expired_ms < EXPIRE_EVERY_S * 1000:
            return
        self._expired_ms = now_ms
        each(self.stations.overdue.expire(now_ms), self._close)

    def _close(self, campaign: int) -> bool:
        return complete(self.stations, provider_of(self.stations, campaign), campaign)

    def _ask_lines(self) -> None:
        """Senders that a provider's answer paused without an end: is their line up again? And does the clock know?"""
        now_ms = self.stations.now_ms()
        if now_ms - self._asked_ms < ASK_LINES_EVERY_S * 1000:
            return
        self._asked_ms = now_ms
        senders = self.stations.accounts.once_paused()
        remind(self.stations, senders)
        each(filter(is_disconnected, senders), self._ask_line)

    def _ask_line(self, sender: Sender) -> None:
        account = self.stations.account(sender.account_id)
        if self.stations.caller.is_up(account, sender):
            resume_senders(self.stations, account, [sender])

    def _ask_policies(self) -> None:
        """More than once after a change: a worker may remember the account as it was for a few seconds. Who starts asks
        for all: perhaps nobody was there when they changed."""
        now_ms = self.stations.now_ms()
        within_s = (now_ms - self._policies_asked_ms) / 1000 + POLICIES_SETTLE_S
        for account in self.stations.accounts.changed_within(within_s):
            lanes = [lane for one in self.stations.accounts.senders(account.id) for lane in one.lanes]
            self.stations.lanes.lift_rests(account.provider, lanes)
        self._policies_asked_ms = now_ms

    def _doubt_stuck(self) -> None:
        each(self.stations.messages.stuck(STUCK_S, BATCH), self._doubt)

    def _doubt(self, message: tuple[int, int, int]) -> None:
        campaign, seq, attempt = message
        wait_s = self.first_lookup_s(provider_of(self.stations, campaign))
        cut_off(self.stations, campaign, [(seq, attempt)], wait_s)

    def _check_idle(self) -> None:
        """Campaigns that run in the ledger but not on the clock; twice in a row, for a retry may be under way."""
        running = self.stations.campaigns.running()
        idle: set[int] = set()
        each(running, lambda one: idle.add(one) if self._is_idle(one) else None)
        self.stations.looked_at(running, self.stations.now_ms())
        suspects, self._suspects = self._suspects, idle
        each(idle & suspects, self._heal)

    def _heal(self, campaign: int) -> None:
        if not self._close(campaign) and self._lacks(campaign):
            plan_anew(self.stations, campaign)
            emit("campaign.healed", "warning", campaign=campaign)

    def _lacks(self, campaign: int) -> bool:
        """Does an idle clock lack something of it? What is due later than soon is not for the clock yet."""
        known, waiting = self.stations.plans.plan_of(campaign)
        return known.next < known.end or bool(near(waiting, self.stations.now_ms()))

    def _is_idle(self, campaign: int) -> bool:
        return self.stations.control.idle(provider_of(self.stations, campaign), campaign)
