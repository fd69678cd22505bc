"""Campaigns at the desk: taking them in, looking at them, steering them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Accepted, Draft
from dispatcher.domain.changes import Change, Changed
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.views import MessageView
from dispatcher.pipeline.desk.views import CampaignView, Order, Page


class IntakeDesk(Protocol):
    """Taking campaigns in."""

    def earlier(self, account: Account, idempotency: tuple[str, str]) -> Accepted | None:
        """The receipt that this (key, digest) was given before; raises KeyReused for another digest."""

    def accept(self, account: Account, draft: Draft, idempotency: tuple[str, str] | None) -> Accepted:
        """Store a draft whole or not at all, then plan it; returns after the commit.

        Raises BadRequest for what shows only while the messages are read, UnknownSender, EmptyCampaign and
        KeyReused; nothing is stored then.
        """


class CampaignsDesk(Protocol):
    """Looking at campaigns."""

    def get(self, number: int) -> CampaignView | None: ...

    def page(
        self, state: CampaignState | None, account: str | None, cursor: str | None, limit: int
    ) -> Page[CampaignView]:
        """Newest first."""

    def messages(
        self, number: int, state: MessageState | None, cursor: str | None, limit: int
    ) -> Page[MessageView] | None:
        """A campaign's messages by seq; None when there is no such campaign."""

    def between(self, account_id: int, low: int, high: int) -> Sequence[CampaignView]:
        """The account's campaigns with low <= number < high; a hundred at most."""

    def message(self, message: MessageId) -> MessageView | None: ...

    def lines(self, number: int) -> Iterator[MessageView] | None:
        """All of a campaign's messages by seq, as a stream; None when there is no such campaign."""


class SteeringDesk(Protocol):
    """Telling a campaign what to do, and what it was told."""

    def steer(self, number: int, order: Order) -> bool:
        """Carry out an order; False when the campaign's state does not allow it, or there is none. Twice is
        as good as once.

        Raises NoSenderLeft when it cannot be resumed.
        """

    def resume(self, number: int, scope: Collection[MessageState]) -> bool:
        """Resume these of RESUMABLE, as `pipeline.steer.resume_scope` does."""

    def change(self, number: int, change: Change) -> bool:
        """Change pace, priority or name; False: the campaign is over."""

    def changes(self, number: int) -> Sequence[Changed]:
        """What was changed since it was accepted, the oldest change first."""
