"""Messages on their way into the ledger through COPY: a stream from the draft to the server's socket.

Nothing is kept but the block that is being written and the numbers: a million recipients need as much memory as
a thousand.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import Connection

from dispatcher.domain.campaign import CampaignFull, Content, DraftMessage, Refusal, Refuse
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
        self._messages = iter(messages)
        self._campaign = campaign
        self._seq = first_seq
        self._refuse = refuse
        self._before = f"{NULL if endpoint is None else endpoint}\t{campaign}\t"

    def read(self, size: int = -1) -> bytes:
        try:
            return "".join(self._rows()).encode()
        except BaseException as error:
            self.error = error
            return b""

    def _rows(self) -> Iterator[str]:
        block = list(islice(self._messages, BLOCK))
        if self._seq + len(block) > STEP:
            raise CampaignFull(f"a campaign takes no more than {STEP:,} recipients")
        before = self._before
        refused = self._refuse(self._campaign, block) if self._refuse and block else [None] * len(block)
        self.refused += filter(None, refused)
        for seq, (message, refusal) in enumerate(zip(block, refused, strict=True), self._seq):
            phone, key, content, fields, params, problem, _ = message
            reason = refusal.reason if refusal else problem
            state, end = PENDING if reason is None else self._settle(problem is not None, reason)
            payload = _payload(content, fields, params)
            yield f"{before}{seq}{state}{copy_field(phone)}\t{copy_field(key)}\t{payload}{end}"
        self._seq += len(block)
        self.count += len(block)

    def _settle(self, has_problem: bool, reason: str) -> tuple[str, str]:
        if has_problem:
            state = MessageState.FAILED
        else:
            state = MessageState.SUPPRESSED if reason == SUPPRESSED else MessageState.BLOCKED
        self.settled[state] += 1
        return f"\t{state}\t", f"\t{copy_field(reason)}\tnow\n"


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


def _json(payload: dict[str, Any]) -> str:
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
