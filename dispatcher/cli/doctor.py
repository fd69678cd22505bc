"""`dispatcher doctor`: does this installation have what it needs? One clear line for each problem."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from dispatcher.cli.installation import needed
from dispatcher.cli.output import AsJson, say, show_table

if TYPE_CHECKING:
    from dispatcher.wiring import Wiring

SKEW_S = 5.0  # clocks this far apart make times in the ledger misleading; nothing is sent wrongly
WORKERS_ANSWER_WITHIN_S = 2.0  # a worker answers at once, also when all its threads are busy
AUDIT_WITHIN_S = 600.0  # a round takes a minute at most
COLUMNS = ("check", "state", "found")


class Finding(NamedTuple):
    """`found` says what is wrong where `ok` is False."""

    check: str
    ok: bool
    found: str


def doctor(as_json: AsJson = False) -> None:
    """Check Redis, PostgreSQL, migrations, accounts, clocks and workers; status 1 when something is wrong."""
    settings = needed()
    from dispatcher.telemetry import configure
    from dispatcher.wiring import Wiring

    configure("CRITICAL")
    wiring = Wiring(settings)
    try:
        findings = list(_examine(wiring))
    finally:
        wiring.close()
    rows = [{"check": one.check, "state": "ok" if one.ok else "problem", "found": one.found} for one in findings]
    show_table(rows, COLUMNS, as_json)
    problems = [one for one in findings if not one.ok]
    for one in problems:
        say(f"problem: {one.check}: {one.found}")
    raise typer.Exit(1 if problems else 0)


def _examine(wiring: "Wiring") -> Iterator[Finding]:
    """What stands on a server that does not answer is not looked at."""
    redis = _tried("Redis", lambda: _redis(wiring))
    postgres = _tried("PostgreSQL", lambda: _postgres(wiring))
    yield redis
    yield postgres
    if postgres.ok:
        migrations = _tried("migrations", lambda: _migrations(wiring))
        yield migrations
        if migrations.ok:
            yield _tried("accounts", lambda: _accounts(wiring))
            yield _tried("callbacks", lambda: _callbacks(wiring))
            yield _tried("in doubt", lambda: _in_doubt(wiring))
            yield _tried("audit", lambda: _audit(wiring))
    if redis.ok and postgres.ok:
        yield _tried("clocks", lambda: _clocks(wiring))
    if redis.ok:
        yield _tried("workers", lambda: _workers(wiring))


def _tried(check: str, look: Callable[[], Finding]) -> Finding:
    """A look that fails is a finding too: its error in our words."""
    from dispatcher.cli.trouble import line_for

    try:
        return look()
    except Exception as error:
        return Finding(check, False, line_for(error) or type(error).__name__)


def _redis(wiring: "Wiring") -> Finding:
    from dispatcher.coordination.connection import our_words

    with our_words():
        server: Any = wiring.redis.info("server")
        memory: Any = wiring.redis.info("memory")
    name = f"{server.get('server_name', 'redis')} {server.get('valkey_version') or server['redis_version']}"
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return Finding("Redis", False, f"maxmemory-policy is {policy}: it must be noeviction, or jobs and locks vanish")
    return Finding("Redis", True, f"{name}, {memory['used_memory_human']} in use")


def _postgres(wiring: "Wiring") -> Finding:
    from sqlalchemy import text

    from dispatcher.ledger.engine import autocommit

    with autocommit(wiring.engine) as connection:
        version = connection.execute(text("SHOW server_version")).scalar_one()
        standby = connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    if standby:
        return Finding("PostgreSQL", False, "this server is a standby and takes no writes")
    return Finding("PostgreSQL", True, str(version))


def _migrations(wiring: "Wiring") -> Finding:
    from dispatcher.ledger.schema import at_head, is_newer

    if at_head(wiring.engine):
        return Finding("migrations", True, "newest")
    if is_newer(wiring.engine):
        return Finding("migrations", False, "the schema is newer than this version: install the newer version")
    return Finding("migrations", False, "the schema is older than this version: run `dispatcher db upgrade`")


def _accounts(wiring: "Wiring") -> Finding:
    """Reading them also shows whether the secret key is the one they were encrypted with."""
    accounts = wiring.accounts.all()
    senders = [one for account in accounts for one in wiring.accounts.senders(account.id)]
    if not accounts:
        return Finding("accounts", False, "none: `dispatcher accounts apply FILE` declares some")
    paused = sum(one.paused_reason is not None for one in senders)
    note = f", {paused} of them paused" if paused else ""
    if senders and paused == len(senders):
        return Finding("accounts", False, "every sender is paused: `dispatcher senders list` says why")
    return Finding("accounts", True, f"{len(accounts)} with {len(senders)} senders{note}")


def _callbacks(wiring: "Wiring") -> Finding:
    """What upstream apps were not told for days, or said that they want to be told no more."""
    counts, disabled = wiring.callbacks.counts(), wiring.callbacks.disabled()
    if counts["failed"]:
        note = f", {disabled} URLs are disabled" if disabled else ""
        return Finding("callbacks", False, f"{counts['failed']} failed{note}: `dispatcher callbacks list` says why")
    return Finding("callbacks", True, f"{counts['waiting']} waiting")


def _in_doubt(wiring: "Wiring") -> Finding:
    """Those that will be looked up are no problem yet; the others wait for somebody."""
    from dispatcher.ledger.figures import in_doubt

    many, undecided, oldest_s = in_doubt(wiring.engine)
    if undecided:
        waits = f"{_messages(undecided, 'waits', 'wait')} for you, the first for {_lasting(oldest_s)}"
        return Finding("in doubt", False, f"{waits}: `dispatcher in-doubt list` shows them")
    return Finding("in doubt", True, _messages(many, "will be", "will be") + " looked up" if many else "none")


def _audit(wiring: "Wiring") -> Finding:
    """What the auditor of the workers found in its last rounds."""
    seen = wiring.audit_book.view()
    if seen.findings:
        first, *others = (one.finding for one in seen.findings)
        more = f", and {len(others)} more" if others else ""
        return Finding("audit", False, f"{first.check} {first.subject}: {first.note}{more}; see `dispatcher audit`")
    if seen.age_s is None:
        return Finding("audit", True, "no worker has looked yet")
    if seen.age_s > AUDIT_WITHIN_S:
        return Finding("audit", False, f"nobody has looked for {_lasting(seen.age_s)}: is a worker there?")
    return Finding("audit", True, f"all added up {_lasting(seen.age_s)} ago")


def _messages(many: int, one_does: str, they_do: str) -> str:
    return f"1 message {one_does}" if many == 1 else f"{many} messages {they_do}"


def _lasting(seconds: float) -> str:
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{int(seconds / unit)} {name}"
    return f"{int(seconds)} s"


def _clocks(wiring: "Wiring") -> Finding:
    """Redis's clock decides; the ledger's and this host's should not be far from it."""
    from sqlalchemy import text

    from dispatcher.coordination.connection import our_words
    from dispatcher.ledger.engine import autocommit

    with our_words():
        answered: Any = wiring.redis.time()
    redis_s, here_s = answered[0] + answered[1] / 1e6, time.time()
    with autocommit(wiring.engine) as connection:
        postgres_s = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    gaps = {"PostgreSQL": postgres_s - redis_s, "this host": here_s - redis_s}
    wrong = [f"{name} is {abs(gap):.1f} s {'ahead of' if gap > 0 else 'behind'} Redis" for name, gap in gaps.items()]
    wrong = [line for line, gap in zip(wrong, gaps.values(), strict=True) if abs(gap) > SKEW_S]
    return Finding("clocks", not wrong, "; ".join(wrong) or "together")


def _workers(wiring: "Wiring") -> Finding:
    """Who answers a ping, and whether somebody reads the queue of every provider that has accounts."""
    from dispatcher.domain.tickets import send_queue
    from dispatcher.taskbus import EVENTS_QUEUE, SUBMIT_QUEUE, celery_app

    inspect = celery_app(wiring.settings.redis_url).control.inspect(timeout=WORKERS_ANSWER_WITHIN_S)
    answered = inspect.active_queues() or {}
    if not answered:
        return Finding("workers", False, "none answers: start `dispatcher worker`")
    read = {queue["name"] for queues in answered.values() for queue in queues}
    wanted = {send_queue(account.provider) for account in wiring.accounts.all()} | {SUBMIT_QUEUE, EVENTS_QUEUE}
    if missing := sorted(wanted - read):
        return Finding("workers", False, f"no worker reads {', '.join(missing)}")
    return Finding("workers", True, ", ".join(sorted(answered)))
