"""`dispatcher audit`: what the workers' auditor found that does not add up."""

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, say, show_json, show_table

COLUMNS = ("check", "about", "message_id", "since", "found", "means", "do")


def audit(as_json: AsJson = False) -> None:
    """What does not add up now, what it means, and what to do; status 1 when anything does not."""
    from dispatcher.ingress.views import audit_json

    with at_desk() as desk:
        seen = audit_json(desk.house.audit())
    if as_json:
        show_json(seen)
    elif seen["findings"]:
        show_table(seen["findings"], COLUMNS, False)
    else:
        last = seen["last_round_at"]
        print(f"all adds up, as of {last}" if last else "no worker has looked yet")
    if seen["findings"]:
        many = len(seen["findings"])
        say(f"{many} finding{'s' * (many > 1)}")
        raise typer.Exit(1)
