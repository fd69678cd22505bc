"""`UpstreamDesk` over a wired installation."""

from collections.abc import Sequence

from dispatcher.coordination.looks import LooksInRedis
from dispatcher.coordination.views import LaneViews
from dispatcher.domain.account import Account
from dispatcher.domain.changes import Change, Wanted
from dispatcher.domain.views import Looks
from dispatcher.ledger.upstream import UpstreamCampaigns
from dispatcher.pipeline import change, steer
from dispatcher.pipeline.desk import CampaignView, UpstreamView
from dispatcher.pipeline.persist import if_reachable
from dispatcher.wiring.counter_campaigns import CampaignsCounter
from dispatcher.wiring.installation import Wiring


class UpstreamCounter:
    def __init__(self, wiring: Wiring, campaigns: CampaignsCounter) -> None:
        self._wiring = wiring
        self._campaigns = campaigns
        self._book = wiring.wire("changes", UpstreamCampaigns(wiring.engine))
        self._views = LaneViews(wiring.redis)
        self._looks = LooksInRedis(wiring.redis)

    def find(
        self, account: Account, wanted: Wanted, offset: int = 0, limit: int = 1
    ) -> tuple[int, Sequence[UpstreamView]]:
        total, found = self._book.find(account.id, wanted, offset, limit)
        return total, self._shown(account, self._campaigns.views(found))

    def between_chunks(self, account: Account) -> tuple[int, ...]:
        return tuple(self._gates(account.provider, None))

    def change(self, number: int, asked: Change) -> bool:
        return change.change(self._wiring.stations, self._book, number, asked)

    def remove(self, number: int) -> None:
        steer.cancel(self._wiring.stations, self._wiring.campaigns, number)
        self._book.remove(number)

    def _shown(self, account: Account, seen: Sequence[CampaignView]) -> list[UpstreamView]:
        numbers = [one.campaign.id for one in seen]
        chunks, changed = self._book.chunks(numbers), self._book.last_change_ms(numbers)
        gates, looks = self._gates(account.provider, numbers), self._looked_at(numbers)
        return [
            UpstreamView(one, chunks[number], gates.get(number), changed.get(number), looks.get(number))
            for number, one in zip(numbers, seen, strict=True)
        ]

    def _gates(self, provider: str, numbers: Sequence[int] | None) -> dict[int, int]:
        """While Redis is away nobody knows; everything else is in the ledger and is shown."""
        gates: dict[int, int] = {}
        with if_reachable():
            gates = self._views.gates(provider, numbers)
        return gates

    def _looked_at(self, numbers: Sequence[int]) -> dict[int, Looks]:
        looks: dict[int, Looks] = {}
        with if_reachable():
            looks = self._looks.of(numbers)
        return looks
