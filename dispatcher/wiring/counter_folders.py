"""`FoldersDesk` over a wired installation."""

from collections.abc import Sequence

from dispatcher.domain.account import Account
from dispatcher.domain.folders import Cleared, Receipts
from dispatcher.ledger.folders import Folders
from dispatcher.pipeline.desk import CampaignView, FolderView
from dispatcher.wiring.counter_campaigns import CampaignsCounter
from dispatcher.wiring.counter_upstream import UpstreamCounter
from dispatcher.wiring.installation import Wiring

MOST_FOLDERS = 1_000


class FoldersCounter:
    def __init__(self, wiring: Wiring, campaigns: CampaignsCounter) -> None:
        self._campaigns = campaigns
        self._remove = UpstreamCounter(wiring, campaigns).remove
        self._book = wiring.wire("folders", Folders(wiring.engine))
        self.part = self._book.part

    def folders(self, account: Account, removed: bool) -> Sequence[FolderView]:
        found = self._book.page(account.id, removed, MOST_FOLDERS)
        receipts = self._book.receipts([one.id for one in found])
        views = self._campaigns.views(found)
        return [FolderView(view, receipts.get(view.campaign.id, Receipts())) for view in views]

    def folder(self, account: Account, number: int) -> CampaignView | None:
        view = self._campaigns.get(number)
        if view is None or view.campaign.account_id != account.id or self._book.is_removed(number):
            return None
        return view

    def clear(self, account: Account, ended_before_ms: int | None) -> Cleared:
        if ended_before_ms is not None:
            totals = self._book.remove_ended(account.id, ended_before_ms)
        else:
            totals = self._remove_all(account)
        return Cleared(len(totals), sum(totals))

    def _remove_all(self, account: Account) -> list[int]:
        totals: list[int] = []
        while found := self._book.page(account.id, False, MOST_FOLDERS):
            for one in found:
                self._remove(one.id)
            totals += [one.total for one in found]
        return totals
