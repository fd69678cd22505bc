"""Redis dies and comes back with nothing: how long until messages are sent again."""

import shutil
from collections.abc import Iterator
from functools import partial
from time import monotonic

from dispatcher.cli.bench.ground import Ground, count, rest, target, use_account, wait_until, workers
from dispatcher.cli.bench.mailing import accept, stop
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns
from dispatcher.domain.guards import LOCK_MS

LANES = 200
RUNS_S = 3.0
OURS = "dispatcher"

HOLD = """
INSERT INTO contact_lock (scope, phone_key, campaign_id, seq, taken_at, until_at)
SELECT 'global', '55219' || lpad(n::text, 8, '0'), :campaign, n, now(), now() + :ms * interval '1 ms'
FROM generate_series(1, :locks) AS n
"""


def loss(ground: Ground, runs: int, pending: int, locks: int) -> Iterator[Found]:
    """A guarded campaign of so many, and so many clients in contact that are none of its recipients."""
    found = Found(f"Redis lost, {pending:,} pending, {locks:,} locks")
    with target(0) as url:
        use_account(ground, url, LANES, "cpc = true\n")
        ground.say(f"taking {pending:,} recipients in")
        campaign = accept(ground, pending)
        ground.execute(HOLD, campaign=campaign, ms=LOCK_MS, locks=locks)
        with workers(ground):
            yield in_turns(found, runs, {OURS: partial(_lose, ground, url)}, ground.say)
            stop(ground, campaign)


def _lose(ground: Ground, url: str) -> Iterator[Figure]:
    rest(RUNS_S)
    begun = monotonic()
    ground.valkey.kill()
    shutil.rmtree(ground.valkey.data_dir / "appendonlydir")
    rest(0.2)  # calls in flight still arrive
    before = count(url)
    ground.valkey.start()
    back = monotonic()
    wait_until(lambda: count(url) > before, "messages are sent again")
    again = monotonic()
    wait_until(lambda: count(url) > before + LANES, "all lanes send again")
    yield Figure("until messages are sent again", again - begun, "s", Goal(10))
    yield Figure("of it, until Redis was back", back - begun, "s")
    yield Figure("until every lane had its turn", monotonic() - begun, "s")


MEASURE = Measure(
    "From the loss of Redis and all it held until messages are sent again.",
    loss,
    (3, 5),
    (
        Size("pending", "Recipients that wait.", 5000, 100_000, 1_000_000),
        Size("locks", "Clients in contact.", 100, 100_000, 100_000),
    ),
)
