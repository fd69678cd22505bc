"""`dispatcher locks`: clients with an open contact (CPC)."""

from typing import Annotated

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, show_json, show_table

commands = typer.Typer(help="CPC locks: who holds a client, and letting go.", no_args_is_help=True)

Phone = Annotated[str, typer.Argument(metavar="PHONE", help="In any spelling.")]
COLUMNS = ("scope", "message_id", "taken_at", "until")


@commands.command()
def show(phone: Phone, as_json: AsJson = False) -> None:
    """Who holds a client, since and until when; nothing when the client is free."""
    from dispatcher.domain.phone import canonical
    from dispatcher.ingress.views import lock_json

    key = canonical(phone)
    with at_desk() as desk:
        held = [lock_json(lock) for lock in desk.contacts.locks(key)]
    if held or as_json:
        show_table(held, COLUMNS, as_json)
    else:
        print("this client is free")


@commands.command()
def release(phone: Phone, as_json: AsJson = False) -> None:
    """Free a client in every scope, as a reply would."""
    from dispatcher.domain.phone import canonical

    key = canonical(phone)
    with at_desk() as desk:
        freed = desk.contacts.lift(key)
    if as_json:
        show_json({"phone": key, "lifted": freed})
        return
    print(f"released: {freed}" if freed else "this client was free")
