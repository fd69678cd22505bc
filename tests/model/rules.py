"""What must be so when a play has come to rest. What must hold at each call is in `provider`."""

from collections.abc import Iterator

from dispatcher.coordination import keys
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState
from tests.model.place import PROVIDER, Place
from tests.model.play import Play

FINAL = frozenset(MessageState) - {MessageState.PENDING, MessageState.SENDING}
MAY_HAVE_ARRIVED = ("sent", "in_doubt")


def broken_at_rest(play: Play) -> Iterator[str]:
    for rule in RULES_AT_REST:
        yield from rule(play)


def one_key_one_campaign(play: Play) -> Iterator[str]:
    """However often it was handed over."""
    came = len(play.place.numbers()) - len(play.place.campaigns)
    if came > 1:
        yield f"one key made {came} campaigns"


def every_message_has_an_end(play: Play) -> Iterator[str]:
    """Promise 2: accepted = sum of the states, and none of them waits."""
    for number in play.place.numbers():
        counts = {state: many for state, many in play.place.wiring.campaigns.counts(number).items() if many}
        if not counts.keys() <= FINAL:
            yield f"{number} ends with {counts}"
        states = play.place.rows(f"SELECT state, count(*) FROM message WHERE campaign_id = {number} GROUP BY state")
        if {str(state): many for state, many in counts.items()} != {row.state: row.count for row in states}:
            yield f"the counts of {number} do not add up: {counts}, {states}"


def what_arrived_is_told(play: Play) -> Iterator[str]:
    """What a provider has taken is sent, or in doubt; what is sent, a provider has taken."""
    for row in play.place.rows("SELECT campaign_id, seq, state FROM message"):
        arrived = play.provider.arrived(MessageId(row.campaign_id, row.seq))
        if arrived and row.state not in MAY_HAVE_ARRIVED:
            yield f"{row.seq} of {row.campaign_id} arrived and is {row.state}"
        if row.state == "sent" and not arrived:
            yield f"{row.seq} of {row.campaign_id} is sent and did not arrive"


def redis_is_empty(play: Play) -> Iterator[str]:
    """Nothing is in flight, nothing waits, and no campaign that is over is known."""
    client = play.place.wiring.redis
    _, _, flights, campaigns, crews, retries, *_ = keys.memory(PROVIDER)
    for name in (flights, campaigns, crews):
        if left := client.hgetall(name):
            yield f"{name} still holds {left}"
    if waiting := client.zrange(retries, 0, -1):
        yield f"{retries} still holds {waiting}"


def clients_are_free(play: Play) -> Iterator[str]:
    """Promise 5: who is held was reached, or may have been; Redis and the ledger agree."""
    place = play.place
    held = place.rows("SELECT * FROM contact_lock WHERE lifted_at IS NULL AND until_at > now()")
    for lock in held:
        states = place.rows(
            f"SELECT state FROM message WHERE campaign_id = {lock.campaign_id} AND seq % 100000000 = {lock.seq}"
        )
        if not any(row.state in MAY_HAVE_ARRIVED for row in states):
            yield f"client {lock.phone_key[-2:]} is held by what is {[row.state for row in states]}"
    in_redis = {str(value).split("|")[0] for value in _locks(place)}
    if in_redis != {str(MessageId(lock.campaign_id, lock.seq)) for lock in held}:
        yield f"Redis holds clients for {in_redis}, the ledger for {[(lock.campaign_id, lock.seq) for lock in held]}"


RULES_AT_REST = (
    one_key_one_campaign,
    every_message_has_an_end,
    what_arrived_is_told,
    redis_is_empty,
    clients_are_free,
)


def _locks(place: Place) -> list[object]:
    """Those that hold now, by the model's time."""
    kept = [place.wiring.redis.get(name) for name in place.wiring.redis.scan_iter(keys.LOCKS)]
    return [value for value in kept if value and int(str(value).rpartition("|")[2]) > place.now_ms]
