"""Messages on their way into the ledger through COPY: a stream from the draft to the server's socket.

Nothing is kept but the block that is being written and the numbers: a million recipients need as much memory as
a thousand.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import Connection

from dispatcher.domain.campaign import CampaignFull, Content, DraftMessage, Refusal, Refuse, Roll, Rolls
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import MessageState
from dispatcher.ledger.texts import copy_field

BLOCK = 1000  # messages, some 100 KB: more would not be faster, and is kept in memory
COPY = (
    "COPY message (callback_endpoint_id, campaign_id, seq, state, phone, phone_key, payload, reason, settled_at)"
    " FROM STDIN"
)
NULL = r"\N"
PENDING = f"\t{MessageState.PENDING}\t", f"\t{NULL}\t{NULL}\n"
"""What stands around the phone, and at the end, of a message that waits."""
SUPPRESSED = "suppressed"
"""The reason that makes a refused message `suppressed`; with any other it is `blocked`."""


class MessageFile:
    """What COPY reads: each `read` gives one block of rows, whatever size was asked for.

    `count` messages were read, of which `settled` will never wait. Where `refuse` is given, it is asked about each
    block, and `refused` lists all that will never wait: somebody wants to know. `endpoint` is where their callbacks go.

    The driver would wrap an error of `messages` in its own and send its text to the server; so it is kept in
    `error`, and the file just ends.
    """

    def __init__(
        self,
        messages: Iterable[DraftMessage],
        campaign: int,
        first_seq: int,
        refuse: Refuse | None = None,
        endpoint: int | None = None,
    ) -> None:
        self.count = 0
        self.settled: Counter[MessageState] = Counter()
        self.refused: list[Refusal] = []
        self.error: BaseException | None = None
        self._pieces = iter(messages.rolls if isinstance(messages, Rolls) and refuse is None else _blocks(messages))
        self._campaign = campaign
        self._seq = first_seq
        self._refuse = refuse
        self._before = f"{NULL if endpoint is None else endpoint}\t{campaign}\t"

    def read(self, size: int = -1) -> bytes:
        try:
            piece = next(self._pieces, [])
            return (self._rows_of(piece) if isinstance(piece, Roll) else self._rows(piece)).encode()
        except BaseException as error:
            self.error = error
            return b""

    def _rows(self, block: list[DraftMessage]) -> str:
        seq = self._take(len(block))
        refused = self._refuse(self._campaign, block) if self._refuse and block else [None] * len(block)
        self.refused += filter(None, refused)
        if not any(refused) and (alike := _alike(block)) is not None:
            return self._waiting('{"content":{%s}}', list(zip(range(seq, self._seq), *alike, strict=True)))
        return "".join(map(self._row, range(seq, seq + len(block)), block, refused))

    def _waiting(self, payload: str, rows: Sequence[tuple[Any, ...]]) -> str:
        """Rows that wait, all by one format: seq, phone, key, and what fills the payload's places."""
        state, end = PENDING
        return f"{self._before}%d{state}%s\t%s\t{payload}{end}" * len(rows) % tuple(chain.from_iterable(rows))

    def _row(self, seq: int, message: DraftMessage, refusal: Refusal | None) -> str:
        phone, key, content, fields, params, problem, _ = message
        reason = refusal.reason if refusal else problem
        state, end = PENDING if reason is None else self._settle(problem is not None, reason)
        payload = _payload(content, fields, params)
        return f"{self._before}{seq}{state}{copy_field(phone)}\t{copy_field(key)}\t{payload}{end}"

    def _rows_of(self, roll: Roll) -> str:
        """The rows of those who wait, all by one format; then the others."""
        seq = self._take(len(roll.cells))
        payload, columns = _table(roll)
        each = zip(range(seq, self._seq), roll.phones, roll.keys, *columns, strict=True)
        fine = [row for place, row in enumerate(each) if place not in roll.problems] if roll.problems else list(each)
        rows = self._waiting(payload, fine)
        if not roll.problems:
            return rows
        settled = [(place, message) for place, message in enumerate(roll.messages()) if message.problem]
        return rows + "".join(self._row(seq + place, message, None) for place, message in settled)

    def _take(self, count: int) -> int:
        """The first of so many consecutive numbers; raises CampaignFull."""
        first = self._seq
        if first + count > STEP:
            raise CampaignFull(f"a campaign takes no more than {STEP:,} recipients")
        self._seq += count
        self.count += count
        return first

    def _settle(self, has_problem: bool, reason: str) -> tuple[str, str]:
        if has_problem:
            state = MessageState.FAILED
        else:
            state = MessageState.SUPPRESSED if reason == SUPPRESSED else MessageState.BLOCKED
        self.settled[state] += 1
        return f"\t{state}\t", f"\t{copy_field(reason)}\tnow\n"


def _blocks(messages: Iterable[DraftMessage]) -> Iterator[list[DraftMessage]]:
    each = iter(messages)
    while block := list(islice(each, BLOCK)):
        yield block


def _payload(content: Content | None, fields: Mapping[str, str] | None, params: Mapping[str, Any] | None) -> str:
    """JSON, whose only character that COPY would read as its own is the backslash."""
    payload: dict[str, Any] = {}
    if content is not None:
        payload["content"] = content
    if fields is not None:
        payload["fields"] = fields
    if params is not None:
        payload["params"] = params
    return _json(payload).replace("\\", "\\\\") if payload else NULL


def _alike(block: Sequence[DraftMessage]) -> tuple[Sequence[str], Sequence[str], Sequence[str]] | None:
    """Phones, keys and contents (without their outer braces) as lines of COPY spell them, of messages that wait, have
    nothing but a content, and dial plain digits. None: they have to be written one by one.

    The contents are written as one array. Between two of them stands `},{`: where that is found just as often, it is
    nowhere else.
    """
    phones, keys, contents, fields, params, problems, _ = zip(*block, strict=True) if block else [()] * 7
    if not all(contents) or any(fields) or any(params) or any(problems) or not "".join((*phones, *keys)).isalnum():
        return None
    if fields.count(None) + params.count(None) < 2 * len(block):
        return None
    written = _in_json(contents)[2:-2].split("},{")
    return (phones, keys, written) if len(written) == len(block) else None


def _table(roll: Roll) -> tuple[str, Sequence[Sequence[str]]]:
    """A payload of fields, or of a content, alone, with a place for each value; and the values, column by column."""
    columns = [_spelt(column) for column in zip(*roll.cells, strict=True)]
    names = (_in_json(name).replace("%", "%%") for name in roll.names)
    named = ",".join(f"{name}:{place}" for name, (place, _) in zip(names, columns, strict=True))
    return f'{{"{"content" if roll.as_content else "fields"}":{{{named}}}}}', [cells for _, cells in columns]


def _spelt(column: Sequence[Any]) -> tuple[str, Sequence[str]]:
    """A place for values, and the values as a line of COPY spells them there: texts are nearly always as they are.

    Others are written as one array of arrays: between two of them stands `],[`, and no two such marks can overlap, so
    where it is found just as often it is nowhere else.
    """
    if set(map(type, column)) == {str}:
        together = "".join(column)
        if together.isprintable() and '"' not in together and "\\" not in together:
            return '"%s"', column
    written = _in_json([[value] for value in column])[2:-2].split("],[")
    return "%s", written if len(written) == len(column) else [_in_json(value) for value in column]


def _in_json(value: Any) -> str:
    return _json(value).replace("\\", "\\\\")


def _json(payload: Any) -> str:
    """Pydantic's writer is nine times as fast as the standard library's. Half a surrogate pair only ASCII can spell."""
    try:
        return to_json(payload).decode()
    except PydanticSerializationError:
        return json.dumps(payload, allow_nan=False)


def copy_in(connection: Connection, file: MessageFile) -> None:
    """Write a file's messages within the connection's transaction; raises what its messages raised."""
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(COPY, file)
    if file.error is not None:
        raise file.error
