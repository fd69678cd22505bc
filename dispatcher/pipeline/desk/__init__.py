"""What the doors and the commands need from the house, small, a sentence a method; `wiring` fills a `Desk`.

    views       what is shown, and what may be told
    campaigns   taking them in, looking at them, steering them
    upstream    an account's own campaigns, as its upstream app knows them
    contacts    clients: what they say, who holds them, who wants none
    house       accounts and senders, callbacks, the installation itself

Times are UTC epoch milliseconds. Every method may raise `domain.trouble.DispatcherTrouble`: a server
underneath is away. Numbers of campaigns are `domain.ids` numbers; cursors are opaque text that
`next_cursor` gave out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dispatcher.pipeline.desk.campaigns import CampaignsDesk, IntakeDesk, SteeringDesk
from dispatcher.pipeline.desk.contacts import ContactsDesk, SuppressionsDesk
from dispatcher.pipeline.desk.house import AccountsDesk, CallbacksDesk, HouseDesk
from dispatcher.pipeline.desk.upstream import FoldersDesk, UpstreamDesk
from dispatcher.pipeline.desk.views import (
    CampaignView,
    Check,
    Figures,
    FolderView,
    Order,
    Page,
    Resolution,
    SenderView,
    UpstreamView,
)

__all__ = [
    "CampaignView",
    "Check",
    "Desk",
    "Figures",
    "FolderView",
    "HouseDesk",
    "Order",
    "Page",
    "Resolution",
    "SenderView",
    "UpstreamView",
]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that is behind the doors and the commands.

    `now_ms` is the installation's one clock; `open_leads` fetches the file that an upstream app names.
    """

    accounts: AccountsDesk
    intake: IntakeDesk
    campaigns: CampaignsDesk
    steering: SteeringDesk
    upstream: UpstreamDesk
    folders: FoldersDesk
    contacts: ContactsDesk
    suppressions: SuppressionsDesk
    callbacks: CallbacksDesk
    house: HouseDesk
    now_ms: Callable[[], int]
    open_leads: Callable[[str], Iterable[bytes]]
