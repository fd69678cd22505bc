"""The file given to `dispatcher send`: JSON in any dialect, or a CSV of leads, as a body that can be submitted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dispatcher.cli.trouble import Problem

PIECE_BYTES = 256 * 1024


class Wishes(NamedTuple):
    """What the command line says beside the file, for a CSV of leads. Durations in seconds."""

    text: str | None = None
    name: str | None = None
    delay_min: float | None = None
    delay_max: float | None = None
    chunk_size: int | None = None
    seconds_between_chunks: float | None = None
    senders: tuple[str, ...] = ()
    scheduled_for: str | None = None


def is_csv(file: Path) -> bool:
    """By its name; else JSON begins with a brace."""
    if file.suffix.lower() in (".csv", ".tsv", ".txt"):
        return True
    if file.suffix.lower() == ".json":
        return False
    with file.open("rb") as opened:
        return not opened.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_json(file: Path, wishes: Wishes) -> dict[str, Any]:
    """Raises Problem for what is no JSON object, and for options that only mean something with a CSV."""
    if wishes != Wishes():
        raise Problem("text, name, pacing and senders are options for a CSV of leads; a JSON body brings its own")
    from dispatcher.providers.contract import BadRequest
    from dispatcher.providers.jsonbody import NOT_JSON, read_object

    raw = file.read_bytes()
    try:
        return read_object(raw)
    except BadRequest as refused:
        rule = f"not JSON ({_place(raw)})" if refused.problems == (("", NOT_JSON),) else str(refused)
        raise Problem(f"{file}: {rule}") from None


def read_leads_body(file: Path, account: str, wishes: Wishes) -> dict[str, Any]:
    """A native body whose recipients are the CSV's rows; raises LeadsError, or Problem without a text."""
    from dispatcher.domain.leads import read_leads

    if not wishes.text:
        raise Problem("a CSV of leads needs a --text, such as --text 'Olá {{name}}', or a --template file")
    with file.open("rb") as opened:
        pieces: Iterator[bytes] = iter(lambda: opened.read(PIECE_BYTES), b"")
        recipients = [{**lead.fields, "phone": lead.phone} for lead in read_leads(pieces)]
    given = {key: value for key, value in wishes._asdict().items() if value not in (None, ())}
    if wishes.senders:
        given["senders"] = list(wishes.senders)
    return {"account": account, "name": file.stem, **given, "recipients": recipients}


def _place(raw: bytes) -> str:
    try:
        json.loads(raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        return "nor is it UTF-8"
    except ValueError:
        return "a number has too many digits"
    return "NaN and Infinity are no numbers"
