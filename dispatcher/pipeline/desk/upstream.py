"""An account's own campaigns at the desk, as its upstream app knows them: Kinbox' campaigns, uazapi's folders."""

from collections.abc import Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.changes import Change, Wanted
from dispatcher.domain.folders import Cleared, FolderLine
from dispatcher.domain.lifecycle import MessageState
from dispatcher.pipeline.desk.views import CampaignView, FolderView, UpstreamView


class UpstreamDesk(Protocol):
    """An account's own campaigns; those that were removed are none."""

    def find(
        self, account: Account, wanted: Wanted, offset: int = 0, limit: int = 1
    ) -> tuple[int, Sequence[UpstreamView]]:
        """How many there are, and those of the page, newest first."""

    def between_chunks(self, account: Account) -> tuple[int, ...]:
        """The numbers of campaigns that wait for their next chunk, this account's and others'."""

    def change(self, number: int, change: Change) -> bool:
        """Change pace or start of what is not sent yet; False: the campaign is over."""

    def remove(self, number: int) -> None:
        """Cancel a campaign if it is not over, and show it to its upstream app no more."""


class FoldersDesk(Protocol):
    """Campaigns as the folders of one account, until they are removed; operators and the ledger keep those."""

    def folders(self, account: Account, removed: bool) -> Sequence[FolderView]:
        """Newest first, a thousand at most."""

    def folder(self, account: Account, number: int) -> CampaignView | None:
        """None: there is none, it is another account's, or it was removed."""

    def part(self, campaign: int, states: Sequence[MessageState], offset: int, limit: int) -> Sequence[FolderLine]:
        """A campaign's messages by seq: all, or those in these states."""

    def clear(self, account: Account, ended_before_ms: int | None) -> Cleared:
        """Remove those that had ended by then; None: all, whatever they are at."""
