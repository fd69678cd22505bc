"""The desk over a wired installation: what the doors and the commands stand at."""

from collections.abc import Iterable, Sequence
from functools import partial

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Accepted, Campaign, Draft
from dispatcher.domain.ids import MalformedId, MessageId, campaign_text, parse_campaign
from dispatcher.domain.inbound import InboundEvent
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ingress.desk import CampaignView, Desk, MessageView, Order, Page, SenderView
from dispatcher.pipeline import steer
from dispatcher.pipeline.accept import accept
from dispatcher.providers.contract import BadRequest
from dispatcher.wiring import Wiring


def desk_of(wiring: Wiring) -> Desk:
    return Desk(
        accounts=AccountsCounter(wiring),
        campaigns=CampaignsCounter(wiring),
        contacts=ContactsCounter(wiring),
        house=HouseCounter(wiring),
        now_ms=wiring.stations.now_ms,
    )


class AccountsCounter:
    """`AccountsDesk` from the ledger's accounts."""

    def __init__(self, wiring: Wiring) -> None:
        self._accounts = wiring.accounts
        self.by_token = wiring.accounts.by_token
        self.by_webhook = wiring.accounts.by_webhook
        self.named = wiring.accounts.named

    def senders(self, account: Account | None = None) -> Sequence[SenderView]:
        holders = {one.id: one for one in self._accounts.all()}
        senders = self._accounts.all_senders() if account is None else self._accounts.senders(account.id)
        return [SenderView(one, holders[one.account_id].name, holders[one.account_id].provider) for one in senders]


class CampaignsCounter:
    """`CampaignsDesk`: the ledger's campaigns, taken in and steered by the stations."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._book = wiring.campaigns
        self.earlier = wiring.campaigns.earlier
        self.accept = partial(accept, wiring.stations)

    def get(self, number: int) -> CampaignView | None:
        try:
            [view] = self._views([self._book.get(number)])
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
        return Page(tuple(self._views(found[:limit])), following)

    def between(self, account_id: int, low: int, high: int) -> Sequence[CampaignView]:
        return self._views(self._book.between(account_id, low, high))

    def steer(self, number: int, order: Order) -> bool:
        station = {Order.PAUSE: steer.pause, Order.RESUME: steer.resume, Order.CANCEL: steer.cancel}[order]
        return station(self._wiring.stations, self._book, number)

    def _views(self, campaigns: Sequence[Campaign]) -> list[CampaignView]:
        """A handful of queries for all of them, however many."""
        numbers = [one.id for one in campaigns]
        counts, started = self._book.counts_of(numbers), self._book.first_send_ms(numbers)
        holders = {one.id: one for one in map(self._wiring.accounts.account, {one.account_id for one in campaigns})}
        crews = {holder: self._wiring.accounts.senders(holder) for holder in holders}
        views = []
        for campaign in campaigns:
            crew = _crew(campaign, crews[campaign.account_id])
            views.append(
                CampaignView(
                    campaign,
                    holders[campaign.account_id].name,
                    holders[campaign.account_id].provider,
                    counts[campaign.id],
                    senders=tuple(sender.name for sender in crew),
                    lanes=sum(sender.concurrency for sender in crew if sender.paused_reason is None),
                    started_at_ms=started.get(campaign.id),
                )
            )
        return views


def _crew(campaign: Campaign, senders: Sequence[Sender]) -> list[Sender]:
    """Whom a campaign may leave from: those that it names, or everybody."""
    return [one for one in senders if not campaign.sender_ids or one.id in campaign.sender_ids]


def _read_cursor(cursor: str) -> int:
    try:
        return parse_campaign(cursor)
    except MalformedId:
        raise BadRequest(("cursor", "is not one that was given out")) from None
