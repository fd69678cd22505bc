"""A campaign's messages as a file that a spreadsheet opens: a line each, made as it is read.

No cell starts a formula: what a spreadsheet would take for one gets an apostrophe before it, which it does not show.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from dispatcher.domain.views import MessageView
from dispatcher.ingress.views import message_json

COLUMNS = (
    *("id", "seq", "follows", "phone", "sender", "state", "reason", "detail", "attempts"),
    *("due_at", "sent_at", "settled_at", "delivered_at", "read_at", "answered_at"),
)
AT_ONCE = 500  # lines in a piece: each piece is a step of a thread
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_of(messages: Iterable[MessageView]) -> Iterator[str]:
    """The file in pieces: a header line, then the fields of `message_json` for each message."""
    yield _lines([COLUMNS])
    rows = ([_cell(shown[name]) for name in COLUMNS] for shown in map(message_json, messages))
    while some := list(islice(rows, AT_ONCE)):
        yield _lines(some)


def json_lines_of(messages: Iterable[MessageView]) -> Iterator[str]:
    """A JSON object a line."""
    for message in messages:
        yield json.dumps(message_json(message), ensure_ascii=False) + "\n"


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA) else value
