"""What went wrong, in one line for whoever typed the command.

    wrong use of a command          status 2, one line and where the help is
    trouble that we know by name    status 1, one line
    anything else is our mistake    status 1, one line with its place; DISPATCHER_LOG_LEVEL=DEBUG shows it whole

The lines say what is wrong and where, and never repeat a phone number or a token.
"""

import os
import sys
import traceback
from typing import Any

from typer import TyperException
from typer.core import TyperGroup


class Problem(TyperException):
    """A command cannot do what it was asked; the message is one line for people."""


class Commands(TyperGroup):
    """The root of all commands, where what they raise becomes a line and a status."""

    def main(self, *args: Any, **more: Any) -> Any:
        try:
            status = super().main(*args, **{**more, "standalone_mode": False})
        except TyperException as wrong:
            if line := _usage(wrong) if wrong.exit_code == 2 else f"dispatcher: {wrong.format_message()}":
                print(line, file=sys.stderr)
            sys.exit(wrong.exit_code)
        sys.exit(status or 0)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except Exception as error:
            line = line_for(error)
            if line is None:
                raise
            raise Problem(line) from error


def line_for(error: Exception) -> str | None:
    """One line; None for what is no trouble at all (the ways in which typer ends a command)."""
    import typer

    if isinstance(error, typer.Exit | typer.Abort | TyperException):
        return None
    return _known(error) or _our_mistake(error)


def _known(error: Exception) -> str | None:
    from pydantic import ValidationError

    from dispatcher.domain.trouble import DispatcherTrouble, UnknownAccount
    from dispatcher.embedded import EmbeddedError
    from dispatcher.secrecy import BadSecretKey
    from dispatcher.settings import MissingSetting

    if isinstance(error, ValidationError):
        return _malformed_settings(error)
    if isinstance(error, UnknownAccount):
        return str(error) or "there is no such account: `dispatcher accounts list` shows them all"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else f"{type(error).__name__}: {error.strerror}"
    if isinstance(error, (MissingSetting, DispatcherTrouble, EmbeddedError, BadSecretKey, *_rules())):
        return " ".join(str(error).split())
    return None


def _rules() -> tuple[type[Exception], ...]:
    """Rules that a file or an argument broke; what they say never repeats it."""
    from dispatcher.domain.accounts_file import AccountsFileError
    from dispatcher.domain.campaign import CampaignFull, EmptyCampaign, KeyReused, NoSenderLeft, UnknownSender
    from dispatcher.domain.ids import MalformedId
    from dispatcher.domain.leads import LeadsError
    from dispatcher.domain.phone import InvalidPhone
    from dispatcher.ledger.engine import LedgerFault
    from dispatcher.ledger.schema import NewerSchema
    from dispatcher.providers.contract import BadRequest

    asked = (BadRequest, AccountsFileError, LeadsError, MalformedId, InvalidPhone)
    told = (EmptyCampaign, CampaignFull, UnknownSender, NoSenderLeft, KeyReused)
    return (*asked, *told, LedgerFault, NewerSchema)


def _malformed_settings(error: Any) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = "_".join(str(part) for part in first["loc"]).upper()
    return f"DISPATCHER_{where.removeprefix('DISPATCHER_')}: {first['msg']}"


def _our_mistake(error: Exception) -> str:
    if os.environ.get("DISPATCHER_LOG_LEVEL") == "DEBUG":
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(os.path.dirname(frame.filename))}/{os.path.basename(frame.filename)}:{frame.lineno}"
    return f"internal error: {type(error).__name__} at {place} (DISPATCHER_LOG_LEVEL=DEBUG shows more)"


def _usage(wrong: TyperException) -> str:
    """Empty where the help has been shown already, to somebody who gave no command at all."""
    if not wrong.format_message():
        return ""
    context = getattr(wrong, "ctx", None)
    command = context.command_path if context is not None else "dispatcher"
    return f"{command}: {' '.join(wrong.format_message().split())} (see {command} --help)"
