"""What became of the messages of a mass send (PROVIDERS 1.2, 1.4), each client's by what is listed about it.

listed about the client                          the message is
Sent, Delivered, Read or Played                  sent; its own id is what receipts speak of
Failed, Canceled, for every message to it        failed
anything else, or nothing                        not told yet

The list is known to lack messages, so what it does not show means nothing. Two messages of one mass send to one client
cannot be told apart: they fail together, or nothing is concluded.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from dispatcher.domain.campaign import Job, Parcel
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.providers.contract import Response
from dispatcher.providers.inbound_fields import client_key, parts, text
from dispatcher.providers.uazapi.direct import outcome_of

NOT_TOLD = Outcome(Fate.IN_DOUBT, "not_told_yet")

_LEFT = frozenset({"sent", "delivered", "read", "played"})


def read_poll(job: Job, response: Response) -> tuple[Outcome, ...] | None:
    """None where the answer is no list."""
    listed = response.json_object().get("messages") if response.status == 200 else None
    if not isinstance(listed, list):
        return None
    about: dict[str, list[Outcome]] = defaultdict(list)
    for message in parts(listed):
        about[_recipient(message)].append(_outcome(message))
    asked = Counter(map(_name, job.parcels))
    return tuple(_together(about[_name(one)], asked[_name(one)]) for one in job.parcels)


def _name(parcel: Parcel) -> str:
    return parcel.key or parcel.phone


def _recipient(message: Mapping[str, Any]) -> str:
    """`sender_pn` is our own line here. A group has no number."""
    chat = text(message.get("chatid"))
    return client_key(chat) or chat


def _outcome(message: Mapping[str, Any]) -> Outcome:
    outcome = outcome_of(message)
    left = text(message.get("status")).lower() in _LEFT
    return outcome if outcome.fate is Fate.FAILED or (outcome.fate is Fate.SENT and left) else NOT_TOLD


def _together(listed: Sequence[Outcome], asked: int) -> Outcome:
    sent = next((one for one in listed if one.fate is Fate.SENT), None)
    if asked == 1 and sent is not None:
        return sent
    failed = len(listed) >= asked and all(one.fate is Fate.FAILED for one in listed)
    return listed[0] if failed else NOT_TOLD
