"""The installation at the desk: who may ask, from which numbers it sends, what apps are told, how it is."""

from collections.abc import Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.audit.checks import AuditView
from dispatcher.domain.callbacks import CallbackState, CallbackView
from dispatcher.pipeline.desk.views import Check, Figures, Order, Page, SenderView


class AccountsDesk(Protocol):
    """Who is asking. Tokens and secrets are compared by digest, in constant time."""

    def by_token(self, provider: str, token: str) -> Account | None:
        """The account of that provider whose ingress token this is."""

    def by_webhook(self, name: str, secret: str) -> Account | None:
        """The account of that name, if this is its webhook secret."""

    def named(self, name: str) -> Account:
        """Raises UnknownAccount."""

    def senders(self, account: Account | None = None) -> Sequence[SenderView]:
        """Every account's, or this one's."""

    def steer(self, account: Account, sender: str | None, order: Order) -> Sequence[SenderView]:
        """Pause or resume the sender of that name, or all; they, as they are then. None: there is no such sender."""


class CallbacksDesk(Protocol):
    """What upstream apps are told, and were not."""

    def page(self, state: CallbackState | None, cursor: str | None, limit: int) -> Page[CallbackView]:
        """Oldest first."""

    def send_again(self, number: int) -> bool | None:
        """Let one that failed be posted again; False when it has not, or no URL is named; None when there is none."""

    def send_all_again(self, account: str | None) -> int:
        """The same for all, or an account's; how many. Raises UnknownAccount."""


class HouseDesk(Protocol):
    """The installation itself."""

    def checks(self) -> Sequence[Check]:
        """Redis, ledger, at least one worker."""

    def figures(self) -> Figures: ...

    def audit(self) -> AuditView:
        """What does not add up now, as the last round of the auditor left it."""

    def leads_file(self, name: str) -> str | None:
        """The CSV with a job's recipients that a signed name stands for; None when it stands for nobody (any more)."""
