"""The provider of a play: `ports.outside.Caller`. It answers as it is told and remembers whom it reached."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Job
from dispatcher.domain.caps import Caps, midnight
from dispatcher.domain.followups import holder_of
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.ids import Lane, MessageId
from dispatcher.domain.outcomes import Fate, Outcome, Reading, for_all
from dispatcher.domain.pacing import Pacing
from dispatcher.pipeline.gate import HELD_UP_MS
from dispatcher.pipeline.stations import lease_ms
from tests.model.setting import Setting
from tests.model.stepping import Actor

SENT = Outcome(Fate.SENT, provider_ref="there")
SAME_MS = 500  # a reply so short before a send may be taken for one to it: providers tell of replies in whole seconds
ANSWERS = {
    "sent": (True, SENT),
    "busy": (False, Outcome(Fate.RETRY, "unavailable")),
    "refused": (False, Outcome(Fate.FAILED, "not_on_whatsapp")),
    "cut after": (True, Outcome(Fate.IN_DOUBT, "read_timeout")),
    "cut before": (False, Outcome(Fate.IN_DOUBT, "read_timeout")),
}
"""Whether the message arrives, and what its worker makes of the answer."""


NOTHING_SAID = Setting(())


@dataclass(slots=True)
class Call:
    """One message in a call. `until_ms`: when the answer came, at the latest when its lease ended."""

    message: MessageId
    attempt: int
    client: str
    lane: Lane
    guarded: bool
    pacing: Pacing
    actor: Actor
    start_ms: int
    until_ms: int
    arrived: bool
    outcome: Outcome
    open: bool = True

    @property
    def known_to_arrive(self) -> bool:
        """Its worker was told so, and lived to write it down."""
        return not self.open and self.outcome.fate is Fate.SENT and not self.actor.died and self.actor.trouble is None

    def ended_by(self, now_ms: int) -> bool:
        return not self.open or self.actor.over or now_ms >= self.until_ms


@dataclass(slots=True)
class Provider:
    """`answer` draws one of ANSWERS. What it sees that must not be is added to `broken`."""

    now_ms: Callable[[], int]
    answer: Callable[[], str] = lambda: "sent"
    setting: Setting = NOTHING_SAID
    calls: list[Call] = field(default_factory=list)
    replies: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def of(self, actor: Actor) -> "Line":
        return Line(self, actor)

    def arrived(self, message: MessageId) -> bool:
        return any(call.arrived for call in self.calls if call.message == message)

    def leave(self, job: Job, actor: Actor) -> list[Call]:
        """The request leaves: its messages arrive now, or never."""
        now_ms, (arrives, outcome) = self.now_ms(), ANSWERS[self.answer()]
        until_ms = now_ms + lease_ms(job.account, job.sender)
        made = []
        for parcel in job.parcels:
            message = MessageId(job.campaign.id, parcel.seq)
            call = Call(
                message,
                parcel.attempt,
                parcel.key,
                actor.lane or Lane(job.sender.id, 0),
                job.campaign.guarded,
                job.campaign.pacing,
                actor,
                now_ms,
                until_ms,
                arrives,
                outcome,
            )
            self.broken += self._wrong_with(call)
            made.append(call)
        self.calls += made
        return made

    def come_back(self, calls: Iterable[Call]) -> Reading:
        for call in calls:
            call.open, call.until_ms = False, min(call.until_ms, self.now_ms())
        return Reading(tuple(call.outcome for call in calls))

    def _wrong_with(self, call: Call) -> list[str]:
        return [wrong for rule in RULES_OF_A_CALL for wrong in rule(self, call)]


def nobody_twice(provider: Provider, call: Call) -> Iterable[str]:
    """Promise 1; where the policy is to send again, nobody who answered, or of whom it is known that it arrived."""
    for one in provider.calls:
        if one.message != call.message:
            continue
        answered = provider.replies.get(one.client, 0) > one.start_ms
        again = one.arrived and (one.known_to_arrive or answered or not provider.setting.resends)
        if again or not one.ended_by(call.start_ms):
            yield f"{call.message.seq} of {call.message.campaign} is sent twice"


def lanes_are_serial(provider: Provider, call: Call) -> Iterable[str]:
    """Promise 3: never two calls at once on a lane, and its delay between them."""
    on_lane = [one for one in provider.calls if one.lane == call.lane]
    if any(not one.ended_by(call.start_ms) for one in on_lane):
        yield f"two calls at once on lane {call.lane}"
    ended = [one for one in on_lane if not one.open]
    if any(call.start_ms < one.until_ms + one.pacing.delay_min_ms for one in ended):
        yield f"a call too early on lane {call.lane}"


def senders_keep_their_gap(provider: Provider, call: Call) -> Iterable[str]:
    """Promise 3: whichever of its lanes they are on."""
    gap_ms = provider.setting.sender.get("min_gap_s", 0) * 1000
    for one in provider.calls:
        if one.lane.sender_id == call.lane.sender_id and call.start_ms < one.start_ms + gap_ms:
            yield f"a call {call.start_ms - one.start_ms} ms after the last of sender {call.lane.sender_id}"


def days_have_their_limit(provider: Provider, call: Call) -> Iterable[str]:
    """Promise 3: of what arrives on a day."""
    limit = provider.setting.sender.get("daily_limit", 0)
    of_sender = [one for one in provider.calls if one.lane.sender_id == call.lane.sender_id and one.arrived]
    today = [one for one in of_sender if one.start_ms >= midnight(Caps().zone, call.start_ms)]
    if limit and call.arrived and len(today) >= limit:
        yield f"sender {call.lane.sender_id} sends more than {limit} a day"


def chunks_are_apart(provider: Provider, call: Call) -> Iterable[str]:
    """Promise 4, of the first call of a chunk: those of the chunk before have ended, so long ago. What is tried again
    leaves with whichever chunk is open then."""
    size = call.pacing.chunk_size
    if not size or call.attempt > 1:
        return
    ours = [one for one in provider.calls if one.message.campaign == call.message.campaign and one.attempt == 1]
    chunk = call.message.seq // size
    if any(one.message.seq // size == chunk for one in ours):
        return
    for one in ours:
        if one.message.seq // size == chunk - 1 and (
            not one.ended_by(call.start_ms) or call.start_ms < one.until_ms + call.pacing.chunk_gap_ms
        ):
            yield f"chunk {chunk} begins too early"


def one_contact(provider: Provider, call: Call) -> Iterable[str]:
    """Promise 5: no second contact without a reply or a day between them."""
    if not call.guarded:
        return
    for one in provider.calls:
        unanswered = provider.replies.get(one.client, 0) <= one.start_ms - SAME_MS
        day_ms = LOCK_MS - HELD_UP_MS  # it counts from when the lock was got, at most so long before the call
        stands = one.arrived and one.start_ms + day_ms > call.start_ms and unanswered
        another = holder_of(one.message) != holder_of(call.message)
        if one.client == call.client and one.guarded and stands and another:
            yield f"a second contact of client {call.client[-2:]}"


RULES_OF_A_CALL = (
    nobody_twice,
    lanes_are_serial,
    senders_keep_their_gap,
    days_have_their_limit,
    chunks_are_apart,
    one_contact,
)


class Line:
    """The provider as one process reaches it: the request leaves, the answer comes, and both may find it gone."""

    def __init__(self, provider: Provider, actor: Actor) -> None:
        self._provider, self._actor = provider, actor

    def call(self, job: Job, may_leave: Callable[[], bool] = lambda: True) -> Reading:
        self._actor.stand("caller.call")
        if not may_leave():
            return for_all(len(job.parcels), Outcome(Fate.DEFERRED, "held_up"), reached=None)
        calls = self._provider.leave(job, self._actor)
        self._actor.stand("the answer")
        return self._provider.come_back(calls)

    def is_up(self, account: Account, sender: Sender) -> bool | None:
        return None

    def look_up(self, job: Job) -> tuple[Outcome, ...] | None:
        """The truth."""
        self._actor.stand("caller.look_up")
        there = [self._provider.arrived(MessageId(job.campaign.id, parcel.seq)) for parcel in job.parcels]
        return tuple(SENT if one else Outcome(Fate.RETRY, "not_there") for one in there)

    def poll(self, job: Job, reference: str) -> tuple[Outcome, ...] | None:
        return None
