"""Taking a campaign in through HTTP, beside a plain COPY of the same rows into the same table.

Each run begins with an empty table after a checkpoint. What is copied are the rows that the dispatcher itself wrote
when it took the same campaign in before, from a file, by the same driver. Meanwhile another client asks for the list
of campaigns ten times a second and tells how long it waited.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread
from time import monotonic, process_time
from typing import Any, NamedTuple

import httpx

from dispatcher.cli.bench.ground import Cpu, Ground, family, servers
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns
from dispatcher.cli.bench.target import LOOPBACK
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.ledger.intake import COPY

OURS, PLAIN = "dispatcher", "plain COPY of its rows"
RATE, MEMORY = Goal(0.5, at_most=False, ratio=True), Goal(300)
ASK_EVERY_S = 0.1
TAKEN_WITHIN_S = 900.0
COLUMNS = COPY.partition("(")[2].partition(")")[0]
NAMES = ("Ana", "João", "Maria Clara", "José", "Luísa")
TEXT = "Olá {{nome}}, temos novidades em {{cidade}}"

_ACCOUNT = """
[[account]]
name = "{name}"
provider = "{provider}"
base_urls = ["http://127.0.0.1:9"]
ingress_token = "{name}"
credentials = {{ token = "bench" }}
[[account.sender]]
name = "line0"
"""


class Post(NamedTuple):
    """A request that brings so many recipients."""

    path: str
    headers: dict[str, str]
    body: bytes
    recipients: int


def intake(ground: Ground, runs: int, leads: int, messages: int) -> Iterator[Found]:
    """`leads` in a CSV file through Kinbox' dialect, `messages` in one JSON body through uazapi's; 0 leaves one out."""
    providers = ("kinbox", "uazapi")
    text = "".join(_ACCOUNT.format(name=f"bench-{provider}", provider=provider) for provider in providers)
    ground.wiring.accounts.apply(read_accounts(text, {}))
    folder = ground.running.home.root / "bench"
    folder.mkdir(exist_ok=True)
    with files(folder) as url:
        if leads:
            (folder / "leads.csv").write_bytes(b"".join(csv(leads)))
            post = kinbox(f"{url}/leads.csv", leads)
            yield _beside_copy(ground, f"{leads:,} leads of a CSV file", folder, post, runs)
        if messages:
            yield _beside_copy(ground, f"{messages:,} messages in JSON", folder, uazapi(messages), runs)


def csv(count: int) -> Iterator[bytes]:
    yield b"telefone;nome;cidade\n"
    lines = (f"55119{number:08d};{NAMES[number % len(NAMES)]};São Paulo\n" for number in range(count))
    while block := "".join(islice(lines, 10_000)):
        yield block.encode()


def kinbox(url: str, leads: int) -> Post:
    body = {"name": "Bench", "message": TEXT, "leadsAssetUrl": url, "leadType": "file"}
    return Post("/v3/campaigns", {"Authorization": "Bearer bench-kinbox"}, json.dumps(body).encode(), leads)


def uazapi(count: int) -> Post:
    each = [{"number": f"55119{number:08d}", "type": "text", "text": f"Olá, {number}"} for number in range(count)]
    body = {"delayMin": 3, "delayMax": 6, "messages": each}
    return Post("/sender/advanced", {"token": "bench-uazapi"}, json.dumps(body, ensure_ascii=False).encode(), count)


def _beside_copy(ground: Ground, what: str, folder: Path, post: Post, runs: int) -> Found:
    rows = folder / "rows"
    _empty(ground)
    _take_in(ground, post)
    _export(ground, rows)
    found = Found(f"taking in {what}", compared_with=PLAIN)
    subjects = {
        PLAIN: partial(_measured, ground, post.recipients, partial(_copy, ground, rows)),
        OURS: partial(_measured, ground, post.recipients, partial(_take_in, ground, post)),
    }
    return in_turns(found, runs, subjects, ground.say)


def _measured(ground: Ground, recipients: int, work: Callable[[], None]) -> Iterable[Figure]:
    _empty(ground)
    web = family(servers(ground)["web"])
    for process in web:
        forget_peak(process)
    with asking(ground) as waits:
        cpu, begun, own_s = Cpu(ground, []), monotonic(), process_time()
        work()
        took_s, used = monotonic() - begun, cpu.used_s() | {"us": process_time() - own_s}
    told = sorted(waits)
    yield Figure("", recipients / took_s, "per s", RATE)
    yield Figure("CPU of all", sum(used.values()) / recipients * 1_000_000, "µs each")
    yield Figure("CPU of web", used["web"] / recipients * 1_000_000, "µs each")
    yield Figure("CPU of postgresql", used["postgresql"] / recipients * 1_000_000, "µs each")
    yield Figure("most memory of web", max(map(peak_mb, web)), "MB", MEMORY)
    yield Figure("others wait, median", median(told), "ms")
    yield Figure("others wait, p99", quantiles(told, n=100)[-1] if len(told) > 1 else told[-1], "ms")


# ------------------------------------------------------------ the two ways


def _take_in(ground: Ground, post: Post) -> None:
    url = f"{ground.running.web}{post.path}"
    headers = {**post.headers, "Content-Type": "application/json"}
    answer = httpx.post(url, content=post.body, headers=headers, timeout=TAKEN_WITHIN_S, trust_env=False)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    if (told.get("leadsCount") or told.get("count")) != post.recipients:
        raise ValueError("not all recipients were taken in")


def _copy(ground: Ground, rows: Path) -> None:
    with _driver(ground) as cursor, rows.open("rb") as file:
        cursor.copy_expert(COPY, file)


def _export(ground: Ground, rows: Path) -> None:
    with _driver(ground) as cursor, rows.open("wb") as file:
        cursor.copy_expert(f"COPY (SELECT {COLUMNS} FROM message ORDER BY seq) TO STDOUT", file)


def _empty(ground: Ground) -> None:
    with _driver(ground) as cursor:
        cursor.execute("TRUNCATE message, campaign_count")
        cursor.execute("UPDATE campaign SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL")
    with _driver(ground, autocommit=True) as cursor:
        cursor.execute("CHECKPOINT")


@contextmanager
def _driver(ground: Ground, autocommit: bool = False) -> Iterator[Any]:
    """A cursor of the driver's own; committed at the end."""
    connection: Any = ground.wiring.engine.raw_connection()
    try:
        connection.driver_connection.autocommit = autocommit
        with connection.cursor() as cursor:
            yield cursor
        connection.commit()
    finally:
        connection.driver_connection.rollback()
        connection.driver_connection.autocommit = False
        connection.close()


# ------------------------------------------------------------ around them


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """A web server for the folder's files, in a thread: its URL."""
    with ThreadingHTTPServer((LOOPBACK, 0), partial(_Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, name="files", daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the screen is the table's."""


@contextmanager
def asking(ground: Ground) -> Iterator[list[float]]:
    """Another client of the web: how many ms it waited, each time. At least once."""
    waits: list[float] = []
    over = Event()
    bearer = {"Authorization": f"Bearer {ground.environment['DISPATCHER_ADMIN_TOKEN']}"}

    def ask() -> None:
        with httpx.Client(base_url=ground.running.web, headers=bearer, timeout=60, trust_env=False) as client:
            while not (over.is_set() and waits):
                begun = monotonic()
                client.get("/v1/campaigns", params={"limit": 5}).raise_for_status()
                waits.append((monotonic() - begun) * 1000)
                over.wait(ASK_EVERY_S)

    thread = Thread(target=ask, name="asks")
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def forget_peak(pid: int) -> None:
    """Count a process' peak of memory from now on (Linux; elsewhere the peak is that of its whole life)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mb(pid: int) -> float:
    """The most memory that a process had resident since then, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


MEASURE = Measure(
    "Recipients a second through HTTP, against a plain COPY of the same rows; memory, and who waits for it.",
    intake,
    (5, 20),
    (
        Size("leads", "Leads in a CSV file, Kinbox' dialect; 0: none.", 2000, 200_000, 1_000_000),
        Size("messages", "Messages in one JSON body, uazapi's dialect; 0: none.", 1000, 100_000, 100_000),
    ),
)
