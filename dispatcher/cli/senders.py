"""`dispatcher senders`: who messages leave from, and whether they may."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dispatcher.cli.installation import at_desk, opened
from dispatcher.cli.output import AsJson, say, show_table
from dispatcher.cli.trouble import Problem

if TYPE_CHECKING:
    from dispatcher.domain.account import Sender
    from dispatcher.wiring import Wiring

commands = typer.Typer(help="Senders: look at them, pause, resume.", no_args_is_help=True)

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT")]
SenderName = Annotated[str | None, typer.Argument(metavar="SENDER", help="All of the account's, if left out.")]
COLUMNS = ("account", "provider", "sender", "state", "reason", "paused_until", "concurrency")
BY_HAND = "paused by an operator"


@commands.command("list")
def list_senders(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None, as_json: AsJson = False
) -> None:
    """All senders, with the reason why one is paused."""
    from dispatcher.ingress.views import sender_json

    with at_desk() as desk:
        if account is not None:
            desk.accounts.named(account)
        found, now_ms = desk.accounts.senders(), desk.now_ms()
    show_table([sender_json(view, now_ms) for view in found if account in (None, view.account)], COLUMNS, as_json)


@commands.command()
def pause(account: AccountName, sender: SenderName = None) -> None:
    """Release nothing more on their lanes; at most the calls already in flight still happen."""
    with opened() as wiring:
        provider, senders = _chosen(wiring, account, sender)
        wiring.accounts.halt([one.id for one in senders], BY_HAND, None)
        with _clock_may_be_lost():
            wiring.clock.hold_lanes(provider, [lane for one in senders for lane in one.lanes], None)
    print(f"paused: {len(senders)}")


@commands.command()
def resume(account: AccountName, sender: SenderName = None) -> None:
    """Let them go on, whatever paused them."""
    with opened() as wiring:
        provider, senders = _chosen(wiring, account, sender)
        wiring.accounts.resume([one.id for one in senders])
        with _clock_may_be_lost():
            wiring.clock.resume_lanes(provider, [lane for one in senders for lane in one.lanes])
    print(f"resumed: {len(senders)}")


@contextmanager
def _clock_may_be_lost() -> Iterator[None]:
    """A clock that is not built releases nothing; when a worker builds it, it knows the senders from the ledger."""
    from dispatcher.domain.trouble import ClockLost

    try:
        yield
    except ClockLost:
        say("written down; it acts as soon as a worker has built up Redis again")


def _chosen(wiring: "Wiring", account: str, sender: str | None) -> "tuple[str, list[Sender]]":
    owner = wiring.accounts.named(account)
    found = [one for one in wiring.accounts.senders(owner.id) if sender in (None, one.name)]
    if not found:
        raise Problem("the account has no such sender: `dispatcher senders list` shows them all")
    return owner.provider, found
