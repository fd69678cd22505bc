"""Everything a station stands on, in one value that `wiring` fills."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dispatcher.domain.account import Account, Sender, base_urls_of
from dispatcher.domain.campaign import Campaign
from dispatcher.domain.tickets import Ticket
from dispatcher.pipeline.ports.campaigns import Campaigns, ErrorWatch, Leftovers, Overdue, Plans, PulseBook
from dispatcher.pipeline.ports.clock import CampaignControl, LaneClock, LaneControl, Retries
from dispatcher.pipeline.ports.contacts import ContactLocks, LockBook
from dispatcher.pipeline.ports.events import Feedback, InboundEvents, Polls
from dispatcher.pipeline.ports.messages import Doubts, FollowUps, LostStarts, Messages, Waits
from dispatcher.pipeline.ports.outside import Caller, Circuits, Publisher
from dispatcher.pipeline.ports.senders import Accounts, Pauses


@dataclass(frozen=True, slots=True)
class Stations:
    """The ports, and the two things that decisions take as arguments.

    `now_ms` is the installation's one clock (UTC epoch, ms; Redis's, so that hosts need not agree);
    `jitter` draws from 0 .. JITTER_STEPS - 1; `leads_url` publishes messages (by seq) of a job as a file;
    `open_leads` fetches the file that an upstream app names; `check_callback_url` raises BadRequest for a URL that an
    account's campaign may not name. `provider_of` a campaign is known where nothing else of it can be read.
    `batch` is how many of a chunk's messages an account's provider takes in one call; `suppressed`, which
    of some clients asked not to be contacted; `contacted`, which of them are in contact now (scope, clients, now), and
    for how many ms; `expected`, for which of them a message of a campaign waits. `suppress` writes down that a client
    asked, and why. `campaign`, `account` and `sender` answer from a short memory, for the send path;
    `is_known`: they answer for a ticket, and did not kill who asked.
    `looked_at` notes that campaigns were looked after, and when. `pause` lets so many ms pass.
    `events_queued`: jobs that wait in the events queue.
    """

    clock: LaneClock
    control: CampaignControl
    lanes: LaneControl
    retries: Retries
    locks: ContactLocks
    lock_book: LockBook
    circuits: Circuits
    messages: Messages
    starts: LostStarts
    waits: Waits
    follow_ups: FollowUps
    doubts: Doubts
    polls: Polls
    campaigns: Campaigns
    plans: Plans
    accounts: Accounts
    pauses: Pauses
    inbound: InboundEvents
    feedback: Feedback
    errors: ErrorWatch
    pulse: PulseBook
    leftovers: Leftovers
    overdue: Overdue
    caller: Caller
    bus: Publisher
    campaign: Callable[[int], Campaign]
    account: Callable[[int], Account]
    sender: Callable[[int], Sender]
    is_known: Callable[[Ticket], bool]
    provider_of: Callable[[int], str]
    batch: Callable[[Account, int], int]
    suppressed: Callable[[Sequence[str]], set[str]]
    contacted: Callable[[str, Sequence[str], int], dict[str, int]]
    expected: Callable[[int, Sequence[str]], set[str]]
    suppress: Callable[[str, str], bool]
    looked_at: Callable[[Iterable[int], int], None]
    events_queued: Callable[[], int]
    now_ms: Callable[[], int]
    pause: Callable[[int], None]
    jitter: Callable[[], int]
    leads_url: Callable[[Campaign, str, Sequence[int]], str]
    open_leads: Callable[[str], Iterable[bytes]]
    check_callback_url: Callable[[Account, str], None]


def account_of(stations: Stations, campaign: int) -> Account:
    return stations.account(stations.campaign(campaign).account_id)


LEASE_MARGIN_MS = 15_000
"""What a job may need besides its call: claims, locks, outcomes, a login before it."""


def lease_ms(account: Account, sender: Sender) -> int:
    """How long a begun job may stay unfinished: each base URL tried to its time-out, once more after a login."""
    tries = len(base_urls_of(account, sender)) + 1
    return int(account.timeout_s * 1000) * tries + LEASE_MARGIN_MS
