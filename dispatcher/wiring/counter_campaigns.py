"""Campaigns at the desk (`pipeline/desk/campaigns`) over a wired installation."""

from collections.abc import Callable, Collection, Iterator, Sequence

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Accepted, Campaign, Draft
from dispatcher.domain.changes import Change, Changed
from dispatcher.domain.ids import MalformedId, MessageId, campaign_text, parse_campaign
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.views import MessageView
from dispatcher.ledger.upstream import UpstreamCampaigns
from dispatcher.pipeline import steer
from dispatcher.pipeline.accept import accept
from dispatcher.pipeline.change import change
from dispatcher.pipeline.desk import CampaignView, Order, Page
from dispatcher.providers.contract import BadRequest
from dispatcher.wiring.crews import crews
from dispatcher.wiring.installation import Wiring

BETWEEN = 100  # campaigns of one second and account: more than one is rare

STATIONS: dict[Order, Callable[..., bool]] = {
    Order.PAUSE: steer.pause,
    Order.RESUME: steer.resume,
    Order.CANCEL: steer.cancel,
    Order.RETRY_FAILED: steer.retry_failed,
}


class IntakeCounter:
    """`IntakeDesk`: the ledger's memory of requests, and the station that takes drafts in."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self.earlier = wiring.campaigns.earlier

    def accept(self, account: Account, draft: Draft, idempotency: tuple[str, str] | None) -> Accepted:
        return accept(self._wiring.stations, account, draft, idempotency)


class CampaignsCounter:
    """`CampaignsDesk`: the ledger's campaigns."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._book = wiring.campaigns

    def get(self, number: int) -> CampaignView | None:
        try:
            [view] = self.views([self._book.get(number)])
        except LookupError:
            return None
        return view

    def page(
        self, state: CampaignState | None, account: str | None, cursor: str | None, limit: int
    ) -> Page[CampaignView]:
        holder = None if account is None else self._wiring.accounts.named(account).id
        before = None if cursor is None else _read_cursor(cursor)
        found = self._book.page(state, holder, before, limit + 1)
        following = campaign_text(found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(self.views(found[:limit])), following)

    def between(self, account_id: int, low: int, high: int) -> Sequence[CampaignView]:
        return self.views(self._book.between(account_id, low, high, BETWEEN))

    def messages(
        self, number: int, state: MessageState | None, cursor: str | None, limit: int
    ) -> Page[MessageView] | None:
        after = -1 if cursor is None else _read_seq(cursor)
        found = self._wiring.lines.page(number, state, after, limit + 1)
        if not found and self.get(number) is None:
            return None
        following = str(found[limit - 1].id.seq) if len(found) > limit else None
        return Page(tuple(found[:limit]), following)

    def message(self, message: MessageId) -> MessageView | None:
        return self._wiring.lines.one(message)

    def lines(self, number: int) -> Iterator[MessageView] | None:
        return None if self.get(number) is None else self._wiring.lines.whole(number)

    def views(self, campaigns: Sequence[Campaign]) -> list[CampaignView]:
        """A handful of queries for all of them, however many."""
        numbers = [one.id for one in campaigns]
        counts, started = self._book.counts_of(numbers), self._book.first_send_ms(numbers)
        last_due = self._wiring.waits.last_due_ms(numbers)
        holders = {one.id: one for one in map(self._wiring.accounts.account, {one.account_id for one in campaigns})}
        senders = {holder: self._wiring.accounts.senders(holder) for holder in holders}
        able = {holder: crews(self._wiring, holders[holder], senders[holder]) for holder in holders}
        views = []
        for campaign in campaigns:
            crew = _crew(campaign, senders[campaign.account_id])
            views.append(
                CampaignView(
                    campaign,
                    holders[campaign.account_id].name,
                    holders[campaign.account_id].provider,
                    counts[campaign.id],
                    senders=tuple(sender.name for sender in crew),
                    crews=tuple(able[campaign.account_id][sender.id] for sender in crew),
                    hours=holders[campaign.account_id].hours_for(campaign.business_hours),
                    started_at_ms=started.get(campaign.id),
                    waits_until_ms=last_due.get(campaign.id, 0),
                )
            )
        return views


class SteeringCounter:
    """`SteeringDesk`: the stations that carry orders out."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._book = wiring.campaigns
        self._changes = wiring.wire("changes", UpstreamCampaigns(wiring.engine))

    def steer(self, number: int, order: Order) -> bool:
        try:
            return STATIONS[order](self._wiring.stations, self._book, number)
        except LookupError:
            return False

    def resume(self, number: int, scope: Collection[MessageState]) -> bool:
        return steer.resume_scope(self._wiring.stations, self._book, self._wiring.doubts, number, scope)

    def change(self, number: int, asked: Change) -> bool:
        return change(self._wiring.stations, self._changes, number, asked)

    def changes(self, number: int) -> Sequence[Changed]:
        return self._changes.changes(number)


def _crew(campaign: Campaign, senders: Sequence[Sender]) -> list[Sender]:
    """Whom a campaign may leave from: those that it names, or everybody."""
    return [one for one in senders if not campaign.sender_ids or one.id in campaign.sender_ids]


def bad_cursor() -> BadRequest:
    return BadRequest(("cursor", "is not one that was given out"))


def _read_cursor(cursor: str) -> int:
    try:
        return parse_campaign(cursor)
    except MalformedId:
        raise bad_cursor() from None


def _read_seq(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise bad_cursor()
    return int(cursor)
