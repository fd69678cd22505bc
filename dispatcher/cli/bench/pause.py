"""How soon a campaign is quiet that an operator pauses while it is sent as fast as it goes."""

from collections.abc import Iterator
from functools import partial
from time import monotonic

import httpx

from dispatcher.cli.bench.ground import Ground, calls, count, rest, target, use_account, wait_until, workers
from dispatcher.cli.bench.mailing import accept, percentile
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns
from dispatcher.domain.ids import campaign_text

LANES = 200
RUNS_S, QUIET_S = 1.0, 1.5
ANSWER_MS = 20
OURS = "dispatcher"


def pause(ground: Ground, runs: int, pending: int, pauses: int) -> Iterator[Found]:
    """A campaign of so many is paused and resumed again and again, through HTTP."""
    found = Found(f"from pausing to the last call, {pending:,} pending")
    with target(ANSWER_MS) as url:
        use_account(ground, url, LANES)
        ground.say(f"taking {pending:,} recipients in")
        campaign = campaign_text(accept(ground, pending))
        with workers(ground), _web(ground) as web:
            yield in_turns(found, runs, {OURS: partial(_pauses, web, url, campaign, pauses)}, ground.say)


def _web(ground: Ground) -> httpx.Client:
    return httpx.Client(base_url=ground.running.web, headers=ground.bearer, timeout=60, trust_env=False)


def _pauses(web: httpx.Client, url: str, campaign: str, pauses: int) -> Iterator[Figure]:
    asked, answered, waited = [], [], []
    for _ in range(pauses):
        _steer(web, campaign, "resume")
        _sends_again(url)
        rest(RUNS_S)
        begun = monotonic()
        _steer(web, campaign, "pause")
        told = monotonic()
        rest(QUIET_S)
        last = calls(url)["at_s"][-1]
        asked.append(max(0.0, last - begun) * 1000)
        waited.append((told - begun) * 1000)
        answered.append(max(0.0, last - told) * 1000)
    yield Figure("from the request, median", percentile(asked, 50), "ms", Goal(100))
    yield Figure("from the request, at most", max(asked), "ms")
    yield Figure("the request itself, median", percentile(waited, 50), "ms")
    yield Figure("from its answer, median", percentile(answered, 50), "ms")
    yield Figure("from its answer, at most", max(answered), "ms")


def _sends_again(url: str) -> None:
    before = count(url)
    wait_until(lambda: count(url) > before, "it is sent again")


def _steer(web: httpx.Client, campaign: str, order: str) -> None:
    web.post(f"/v1/campaigns/{campaign}/{order}").raise_for_status()


MEASURE = Measure(
    "From pausing a campaign that is sent as fast as it goes to its last call.",
    pause,
    (3, 5),
    (
        Size("pending", "Recipients that wait.", 500, 100_000, 1_000_000),
        Size("pauses", "Pauses in each run.", 1, 10, 10),
    ),
)
