"""`dispatcher suppress`: clients who asked not to be contacted."""

from typing import Annotated

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.locks import Phone
from dispatcher.cli.output import AsJson, show_json, show_table

commands = typer.Typer(help="Clients who asked not to be contacted.", no_args_is_help=True)

COLUMNS = ("phone", "reason", "since")
MOST_AT_ONCE = 10_000


@commands.command()
def add(
    phone: Phone,
    reason: Annotated[str, typer.Option(help="Why, for those who look later.")] = "operator",
    as_json: AsJson = False,
) -> None:
    """Never contact a client again: what waits for it now is not sent either."""
    from dispatcher.domain.phone import canonical
    from dispatcher.ingress.views import suppression_json

    key = canonical(phone)
    with at_desk() as desk:
        new = desk.suppressions.add(key, reason)
        found = desk.suppressions.get(key)
    if as_json:
        show_json(suppression_json(found) if found else None)
    else:
        print("suppressed" if new else "this client was suppressed already")


@commands.command()
def remove(phone: Phone, as_json: AsJson = False) -> None:
    """Let a client be contacted again."""
    from dispatcher.domain.phone import canonical

    key = canonical(phone)
    with at_desk() as desk:
        gone = desk.suppressions.remove(key)
    if as_json:
        show_json({"phone": key, "removed": gone})
    else:
        print("removed" if gone else "this client was not suppressed")


@commands.command("list")
def list_suppressions(
    phone: Annotated[str | None, typer.Argument(metavar="PHONE", help="Only this client, in any spelling.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE)] = 100,
    as_json: AsJson = False,
) -> None:
    """Who is not contacted, since when and why, in the order of their numbers."""
    from dispatcher.domain.phone import canonical
    from dispatcher.ingress.views import suppression_json

    key = None if phone is None else canonical(phone)
    with at_desk() as desk:
        found = desk.suppressions.page(None, limit).items if key is None else [desk.suppressions.get(key)]
    show_table([suppression_json(one) for one in found if one is not None], COLUMNS, as_json)
