"""The commands of `dispatcher`: for operators, the Procfile, and whoever tries it out.

Read `app` (all commands), then `installation` (which servers a command talks to) and `up` (a whole
installation on one machine, which the demo stands on as well). Commands import what is heavy when they run.
"""


def main() -> None:
    """The script's entry."""
    from dispatcher.cli.app import app

    app(prog_name="dispatcher")
