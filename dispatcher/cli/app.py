"""All commands in one place."""

import typer

from dispatcher.cli import accounts, callbacks, campaigns, database, in_doubt, locks, senders, suppress
from dispatcher.cli.audit import audit
from dispatcher.cli.bench.command import bench
from dispatcher.cli.demo.command import demo
from dispatcher.cli.doctor import doctor
from dispatcher.cli.processes import flower, simulate, web, worker
from dispatcher.cli.send import send
from dispatcher.cli.trouble import Commands
from dispatcher.cli.up import up

app = typer.Typer(
    name="dispatcher",
    cls=Commands,
    help="Sends WhatsApp campaigns through provider APIs: paced, guarded, each message once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command(rich_help_panel="On one machine")(up)
app.command(rich_help_panel="On one machine")(demo)
app.add_typer(bench, name="bench", rich_help_panel="On one machine")
app.command(rich_help_panel="Processes")(web)
app.command(rich_help_panel="Processes")(worker)
app.command(rich_help_panel="Processes")(flower)
app.command(rich_help_panel="Processes")(simulate)
app.command(rich_help_panel="Processes")(doctor)
app.command(rich_help_panel="Processes")(audit)
app.add_typer(database.commands, name="db", rich_help_panel="Processes")
app.command(rich_help_panel="Work")(send)
for name, group in (
    ("accounts", accounts.commands),
    ("campaigns", campaigns.commands),
    ("senders", senders.commands),
    ("locks", locks.commands),
    ("suppress", suppress.commands),
    ("in-doubt", in_doubt.commands),
    ("callbacks", callbacks.commands),
):
    app.add_typer(group, name=name, rich_help_panel="Work")
