"""What the system tells about itself: structured log events with fixed names, and nothing personal.

An event is logged by its name in `EVENTS`; its fields are ids, counts and reason words. As a second
fence every digit run that could be a phone number is taken out of what is logged, whoever logged it.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, TextIO, cast

import structlog

from dispatcher.domain.ids import campaign_text
from dispatcher.domain.trouble import DispatcherTrouble

EVENTS = {
    "campaign.accepted": "a draft was stored: campaign, account, accepted, queued",
    "campaign.changed": "an app or operator changed a campaign's pace, start, priority or name: campaign",
    "campaign.refused": "a campaign from the queue breaks a rule; nothing was stored: account, rule",
    "campaign.put_back": "a campaign from the queue went back, for PostgreSQL was away: account, reason",
    "campaign.done": "no message of the campaign is pending or sending any more: campaign",
    "campaign.healed": "the ledger held pending messages that the clock did not know: campaign",
    "campaign.paused": "a campaign paused itself, for too much of it failed: campaign, reason",
    "campaign.stale": "a campaign whose start passed while nothing could be sent was paused: campaign",
    "send.finished": "outcomes of messages that ended together were written: campaign, seqs, fate, reason, took_ms",
    "send.stale": "a job came late or twice and was dropped: campaign, seq",
    "send.put_back": "a job could not begin and was put back: campaign, seq, reason",
    "lease.overdue": "a released job did not end in time: campaign, seq, pending, in_doubt",
    "start.lost": "a worker was lost between taking a message up and claiming it: campaign, seq, failed",
    "start.stopped": "workers were lost in a row, with messages of what was paused: campaigns, senders, reason",
    "doubt.resolved": "a message in doubt was looked up: campaign, seq, fate, reason",
    "job.failed": "a provider took a job and says that it reached nobody: campaign, seq, messages, reason",
    "sender.paused": "senders stand still: account, senders, reason, until_ms",
    "sender.resumed": "senders go on: account, senders",
    "inbound.processed": "an inbound event was applied: event_number, kind, what",
    "ledger.cleared": "what nobody needs any more was cleared away: keys, events, locks",
    "callback.failed": "an upstream app did not take a callback for days: campaign, type, reason",
    "callback.disabled": "an endpoint is told nothing more: endpoint, reason",
    "audit.found": "something does not add up (docs/operations.md): check, subject, items, note",
    "audit.gone": "it adds up again: check, subject",
    "clock.rebuilt": "Redis had lost its memory and was built up again: campaigns, locks, took_ms",
    "send.broken": "a message broke who was to send it; it failed, or is in doubt if called for: campaign, seq, error",
    "inbound.broken": "an inbound event broke its reader; it is tried five times more: event_number, error",
    "begin.broken": "something broke whoever took a message up; it is held against it: campaign, seq, exc_info",
    "chore.broken": "something broke a look into a lease that ended, or a rebuild, which are tried again: exc_info",
    "sweep.broken": "something broke the sweeper, which went on with the others: exc_info",
    "server.trouble": "Redis or PostgreSQL is away or not ready, told once and every minute: reason",
    "pacer.broken": "a fault of ours in the pacer, which goes on: exc_info",
    "provider.unreadable": "a provider's answer broke its reader: provider, job, error",
    "http.answered": "a request was answered: method, route (the template, never the path), status, took_ms",
    "http.broke": "a request met trouble or a mistake of ours: route, error",
    "process.started": "a process of the installation begins: process",
}

TOLD_AGAIN_S = 60.0
OVER_AFTER_S = 10.0  # whoever meets trouble meets it again within seconds, until it is over

_PERSONAL = re.compile(r"(?<![\w.-])\+?\d(?:[\d\s()./-]{8,18})\d(?![\w-])|\d{10,15}(?=@)")
_LIBRARIES_THAT_TELL_TOO_MUCH = (
    "httpx",
    "httpcore",
    "sqlalchemy.engine",
    "alembic",
    "celery.worker.strategy",  # these two write a line for every job's arrival and end
    "celery.app.trace",
    "celery.pool",  # at DEBUG it writes whole jobs, with whoever a foreign producer put into them
)
_QUOTES_JOBS = "celery.worker.consumer"
_UNREADABLE = "Can't decode message body"


def emit(event: str, /, level: str = "info", **fields: Any) -> None:
    """Log one of `EVENTS`; raises KeyError for a name that is not in the table."""
    if event not in EVENTS:
        raise KeyError(f"{event} is not a known event")
    if isinstance(fields.get("campaign"), int):
        fields["campaign"] = campaign_text(fields["campaign"])
    getattr(structlog.get_logger(), level)(event, logger="dispatcher", **fields)


class Episodes:
    """Which trouble is news: one that begins, or has lasted for another minute, however many meet it meanwhile."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._told_and_seen: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def is_news(self, reason: str) -> bool:
        with self._lock:
            now_s = self._now_s()
            told_s, seen_s = self._told_and_seen.get(reason, (-inf, -inf))
            is_news = now_s - seen_s >= OVER_AFTER_S or now_s - told_s >= TOLD_AGAIN_S
            self._told_and_seen[reason] = now_s if is_news else told_s, now_s
            return is_news


_episodes = Episodes()


def trouble(met: DispatcherTrouble) -> None:
    """A server is away, or not as it should be: a line of each process when it begins, and one a minute."""
    if _episodes.is_news(str(met)):
        emit("server.trouble", "warning", reason=str(met))


def scrub(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take whatever looks like a phone number out of every text of a log entry."""
    return {key: _PERSONAL.sub("…", value) if isinstance(value, str) else value for key, value in entry.items()}


def discreet(_: Any, level: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of Celery's words about a job that it does not know or cannot read, the first line: the others quote the job."""
    if not str(entry.get("logger")).startswith(_QUOTES_JOBS):
        return entry
    words = str(entry["event"]).partition("\n")[0]
    entry["event"] = _UNREADABLE if words.startswith(_UNREADABLE) else words
    if level in ("error", "critical"):
        entry.pop("exc_info", None)
    return entry


class _Lossy:
    """Lines that cannot be written, for the disk is full or nobody reads them any more, are lost, as the standard
    library's are: whoever was at work when it told something goes on."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> None:
        with suppress(OSError, ValueError):
            self._file.write(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._file.flush()


def configure(level: str = "INFO", form: str = "console") -> None:
    """Send structlog's and the standard library's records to stderr, for people or as one JSON a line."""
    first: list[Any] = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level]
    then: list[Any] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        scrub,
    ]
    shown = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*first, structlog.stdlib.add_logger_name, discreet, *then],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, scrub, shown],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _LIBRARIES_THAT_TELL_TOO_MUCH:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("celery.app.trace").setLevel(logging.ERROR)  # it shows a traceback for a job that is put back
    structlog.configure(  # there is a line for each message: through the standard library it takes twice as long
        processors=[*first, *then, shown],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Lossy(sys.stderr or sys.stdout))),
        cache_logger_on_first_use=True,
    )
