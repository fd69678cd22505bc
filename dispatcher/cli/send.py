"""`dispatcher send FILE`: a campaign from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dispatcher.cli.body import Wishes, is_csv, read_json, read_leads_body
from dispatcher.cli.installation import opened
from dispatcher.cli.output import AsJson, say, show_json
from dispatcher.cli.trouble import Problem

if TYPE_CHECKING:
    from dispatcher.domain.account import Account
    from dispatcher.domain.campaign import Accepted
    from dispatcher.wiring import Wiring

REFUSED_SHOWN = 20


def send(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="JSON of any dialect, or a CSV of leads."),
    ],
    account: Annotated[str | None, typer.Option(help="Needed where several accounts fit.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show progress until it is through.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent when; send nothing.")] = False,
    text: Annotated[str | None, typer.Option(help="CSV: the text; {{column}} is filled from each row.")] = None,
    template: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV: a file with the text.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="CSV: the campaign's name; else the file's.")] = None,
    delay_min: Annotated[float | None, typer.Option(min=0, help="CSV: least seconds between sends.")] = None,
    delay_max: Annotated[float | None, typer.Option(min=0, help="CSV: most seconds between sends.")] = None,
    chunk_size: Annotated[int | None, typer.Option(min=0, help="CSV: messages in a chunk.")] = None,
    seconds_between_chunks: Annotated[float | None, typer.Option(min=0, help="CSV: rest after a chunk.")] = None,
    sender: Annotated[list[str] | None, typer.Option(help="CSV: only this sender; may be repeated.")] = None,
    scheduled_for: Annotated[str | None, typer.Option(help="CSV: when to begin (ISO 8601).")] = None,
    idempotency_key: Annotated[str | None, typer.Option(help="With the same key a file is sent once.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hand a campaign over. It is recognised by its shape; the account may be left out when only one fits."""
    if text is not None and template is not None:
        raise typer.BadParameter("give --text or --template, not both", param_hint="--template")
    words = template.read_text(encoding="utf-8").rstrip("\n") if template else text
    wishes = Wishes(
        words, name, delay_min, delay_max, chunk_size, seconds_between_chunks, tuple(sender or ()), scheduled_for
    )
    with opened() as wiring:
        holder, body = _read(wiring, file, account, wishes)
        if dry_run:
            from dispatcher.cli.dry_run import outlook, show_outlook

            show_outlook(outlook(wiring, holder, body), as_json)
            return
        from dispatcher.producer import submit

        accepted = submit(wiring.stations, holder.name, body, idempotency_key)
        _tell(accepted, as_json)
        if watch:
            from dispatcher.cli.watch import watch_campaign

            watch_campaign(wiring, accepted.campaign_id)


def _read(wiring: "Wiring", file: Path, account: str | None, wishes: Wishes) -> "tuple[Account, dict[str, Any]]":
    """The account that the file is for, and the body to submit."""
    if is_csv(file):
        holder = _holder(wiring, account, None)
        return holder, read_leads_body(file, holder.name, wishes)
    from dispatcher.providers.registry import recognise

    body = read_json(file, wishes)
    dialect = recognise(body)
    named = body.get("account") if dialect.name == "native" else None
    return _holder(wiring, account or named, None if dialect.name == "native" else dialect.name), body


def _holder(wiring: "Wiring", name: str | None, provider: str | None) -> "Account":
    """The account of that name, or the only one of that provider (None: of all)."""
    if name is not None:
        return wiring.accounts.named(name)
    found = [one for one in wiring.accounts.all() if provider in (None, one.provider)]
    if len(found) == 1:
        return found[0]
    kind = f"{provider} account" if provider else "account"
    if not found:
        raise Problem(f"there is no {kind}: `dispatcher accounts apply FILE` declares some")
    raise Problem(f"there is more than one {kind}: name one with --account ({', '.join(one.name for one in found)})")


def _tell(accepted: "Accepted", as_json: bool) -> None:
    from dispatcher.domain.ids import campaign_text

    receipt = {
        "id": campaign_text(accepted.campaign_id),
        "accepted": accepted.accepted,
        "queued": accepted.queued,
        "replayed": accepted.replayed,
    }
    refused = [{"phone": one.phone, "reason": one.reason} for one in accepted.refused]
    if as_json:
        show_json({**receipt, "refused": refused})
        return
    again = " (sent before with this key)" if accepted.replayed else ""
    print(f"campaign {receipt['id']}: {accepted.accepted} accepted, {accepted.queued} queued{again}")
    for one in refused[:REFUSED_SHOWN]:
        say(f"not sent to {one['phone']}: {one['reason']}")
    if len(refused) > REFUSED_SHOWN:
        say(f"… and {len(refused) - REFUSED_SHOWN} more")
