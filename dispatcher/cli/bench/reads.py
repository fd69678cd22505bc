"""What people look at while campaigns run, as a campaign grows: itself, and pages of its messages.

Each client asks once in a while, fifty of them once a second, in turn for everything that is measured. Half of the
messages are sent, the others wait. What is compared is a campaign of a thousand messages with one of a million.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from time import monotonic

import httpx

from dispatcher.cli.bench.ground import Cpu, Ground, rest, use_account
from dispatcher.cli.bench.mailing import numbers, percentile
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns
from dispatcher.domain.campaign import Draft, Roll, Rolls
from dispatcher.domain.ids import campaign_text
from dispatcher.pipeline.accept import accept

FEW = 1_000
NOWHERE = "http://127.0.0.1:9"
AT_ONCE = 5_000

Waits = dict[str, list[float]]
"""What was asked for -> how many ms each answer took."""

SENT = """
UPDATE message SET state = 'sent', attempts = 1, claimed_at = now(), sent_at = now(), settled_at = now()
WHERE campaign_id = :campaign AND seq < :half
"""
TRIED = """
INSERT INTO attempt (campaign_id, seq, attempt, slot, sender_id, started_at, token, job_id)
SELECT campaign_id, seq, 1, 0, 0, now(), 'bench', 'bench' FROM message WHERE campaign_id = :campaign AND seq < :half
"""


def reads(ground: Ground, runs: int, messages: int, clients: int, rounds: int, every_ms: int) -> Iterator[Found]:
    """Each client asks for everything so many times in a run."""
    use_account(ground, NOWHERE, 1)
    few, many = (_campaign(ground, size) for size in (FEW, messages))
    names = [f"{size:,} messages" for size in (FEW, messages)]
    found = Found(f"looking at a campaign, {clients} clients", compared_with=names[0])
    asked_for = dict(zip(names, (_asked_for(few, FEW), _asked_for(many, messages)), strict=True))
    for one in asked_for.values():  # the first look at what waits may go far, and says how far
        _client(ground, one, 0, 1, 0)
    subjects = {name: partial(_looks, ground, one, clients, rounds, every_ms / 1000) for name, one in asked_for.items()}
    yield in_turns(found, runs, subjects, ground.say)


def _campaign(ground: Ground, messages: int) -> str:
    """A campaign that is paused, half of it sent."""
    ground.say(f"taking {messages:,} recipients in")
    stations = ground.wiring.stations
    account = ground.wiring.accounts.named("bench")
    taken = accept(stations, account, Draft("Bench", "native", Rolls(_rolls(messages)), content={"text": "Olá"}))
    campaign = taken.campaign_id
    ground.wiring.campaigns.pause(campaign)
    for statement in (SENT, TRIED):
        ground.execute(f"SET LOCAL statement_timeout = 0; {statement}", campaign=campaign, half=messages // 2)
    ground.execute("SET LOCAL statement_timeout = 0; ANALYZE message")
    return campaign_text(campaign)


def _rolls(messages: int) -> Iterator[Roll]:
    for first in range(0, messages, AT_ONCE):
        phones = numbers(min(AT_ONCE, messages - first))
        yield Roll(("phone",), [(phone,) for phone in phones], phones, phones, phones, {})


def _asked_for(campaign: str, messages: int) -> dict[str, str]:
    page = f"/v1/campaigns/{campaign}/messages"
    half = messages // 2
    return {
        "campaign": f"/v1/campaigns/{campaign}",
        "first page": page,
        "page in the middle": f"{page}?cursor={half}",
        "pending": f"{page}?state=pending",
        "the last sent": f"{page}?state=sent&cursor={half - 50}",
        "failed": f"{page}?state=failed",
    }


def _looks(ground: Ground, asked_for: dict[str, str], clients: int, rounds: int, every_s: float) -> Iterator[Figure]:
    cpu = Cpu(ground, [])
    with ThreadPoolExecutor(clients) as pool:
        asking = [
            pool.submit(_client, ground, asked_for, every_s * nth / clients, rounds, every_s) for nth in range(clients)
        ]
        each = [one.result() for one in asking]
    used = cpu.used_s()
    waits = {what: [ms for one in each for ms in one[what]] for what in asked_for}
    every = [ms for one in waits.values() for ms in one]
    for what, one in waits.items():
        yield Figure(f"{what}, median", percentile(one, 50), "ms", Goal(1.5, ratio=True))
    yield Figure("all, p99", percentile(every, 99), "ms", Goal(50))
    for name in ("web", "postgresql"):
        yield Figure(f"CPU of {name}", used[name] / len(every) * 1000, "ms each")


def _client(ground: Ground, asked_for: dict[str, str], late_s: float, rounds: int, every_s: float) -> Waits:
    waits: Waits = {what: [] for what in asked_for}
    with httpx.Client(base_url=ground.running.web, headers=ground.bearer, timeout=60, trust_env=False) as client:
        due = monotonic() + late_s
        for what, path in islice(cycle(asked_for.items()), len(asked_for) * rounds):
            rest(max(0.0, due - monotonic()))
            begun = monotonic()
            client.get(path).raise_for_status()
            waits[what].append((monotonic() - begun) * 1000)
            due += every_s
    return waits


MEASURE = Measure(
    "How long people wait for a campaign and for pages of its messages, however large it is.",
    reads,
    (3, 5),
    (
        Size("messages", "Messages of the large campaign.", 2_000, 200_000, 1_000_000),
        Size("clients", "Clients that look.", 2, 50, 50),
        Size("rounds", "How often each asks for everything in a run.", 1, 3, 5),
        Size("every_ms", "Milliseconds from one question of a client to its next.", 50, 1000, 1000),
    ),
)
