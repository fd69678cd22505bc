"""The station where an operator settles a message in doubt."""

from collections.abc import Sequence
from typing import Protocol

from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.tickets import Retry
from dispatcher.pipeline.giveback import give_back
from dispatcher.pipeline.plan import release_again
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.wait import file_due


class DoubtBook(Protocol):
    def resolve(self, message: MessageId, fate: Fate, now_ms: int) -> bool | None:
        """Sent, failed, or (RETRY) to be sent again. False: it is not in doubt; None: there is no such message."""


def decide(
    stations: Stations, book: DoubtBook, message: MessageId, fate: Fate, locks: Sequence[tuple[str, str]]
) -> bool | None:
    """Settle a message as `book.resolve` does. `locks` are the (scope, key) that it holds.

    Failed means that the client was certainly not reached: its locks are given back. Retry keeps them, since the
    message is about to need them again. Sent starts its follow-ups.
    """
    done = book.resolve(message, fate, stations.now_ms())
    if done and fate is Fate.FAILED:
        for scope, key in locks:
            give_back(stations, scope, key, message)
        stations.polls.freed(message.campaign, [message.seq])
    if done and fate is Fate.RETRY:
        release_again(stations, message.campaign, [Retry(0, message.seq)])
    if done and fate is Fate.SENT:
        file_due(stations, message.campaign)
    return done
