"""Messages on their way into the ledger through COPY: a stream from the draft to the server's socket.

Nothing is kept but the block that is being written and the numbers: a million recipients need as much memory as
a thousand.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from json import JSONEncoder
from typing import Any

from sqlalchemy import Connection

from dispatcher.domain.campaign import CampaignFull, DraftMessage, Refusal, Refuse
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import MessageState
from dispatcher.ledger.texts import copy_field

BLOCK = 1000  # messages, some 100 KB: more would not be faster, and is kept in memory
COPY = (
    "COPY message (callback_endpoint_id, campaign_id, seq, state, phone, phone_key, payload, reason, settled_at)"
    " FROM STDIN"
)
NULL = r"\N"
PENDING_END = f"\t{NULL}\t{NULL}\n"
SUPPRESSED = "suppressed"
"""The reason that makes a refused message `suppressed`; with any other it is `blocked`."""

_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode


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
        campaign = self._campaign
        refused = self._refuse(campaign, block) if self._refuse and block else [None] * len(block)
        self.refused += filter(None, refused)
        for seq, (message, refusal) in enumerate(zip(block, refused, strict=True), self._seq):
            reason = refusal.reason if refusal else message.problem
            state, end = (MessageState.PENDING, PENDING_END) if reason is None else self._settle(message, reason)
            phone, key = copy_field(message.phone), copy_field(message.key)
            yield f"{self._before}{seq}\t{state}\t{phone}\t{key}\t{_payload(message)}{end}"
        self._seq += len(block)
        self.count += len(block)

    def _settle(self, message: DraftMessage, reason: str) -> tuple[MessageState, str]:
        if message.problem:
            state = MessageState.FAILED
        else:
            state = MessageState.SUPPRESSED if reason == SUPPRESSED else MessageState.BLOCKED
        self.settled[state] += 1
        return state, f"\t{copy_field(reason)}\tnow\n"


def _payload(message: DraftMessage) -> str:
    """JSON in ASCII: its only character that COPY would read as its own is the backslash."""
    payload: dict[str, Any] = {}
    if message.content is not None:
        payload["content"] = message.content
    if message.fields is not None:
        payload["fields"] = message.fields
    if message.params is not None:
        payload["params"] = message.params
    return _encode(payload).replace("\\", "\\\\") if payload else NULL


def copy_in(connection: Connection, file: MessageFile) -> None:
    """Write a file's messages within the connection's transaction; raises what its messages raised."""
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(COPY, file)
    if file.error is not None:
        raise file.error
