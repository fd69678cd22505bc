"""Recipients from a CSV file, read as a stream: memory for one row, however long the file.

The first row that is not blank holds the column names; the separator (`,`, `;` or a tab) is the one that
finds a phone column in it, or else the most columns. Every column of a recipient is a field for the text.

Encoding is decided line by line: a line that is UTF-8 is read as UTF-8, any other as Windows-1252, which
is Latin-1 with the signs that Excel adds. Latin-1 text with accents is practically never valid UTF-8, so
no line need wait for another, and a file pasted together from both reads well. The weak spot: Latin-1
text that happens to spell UTF-8, such as `Ã©` meant to the letter.

Rows are numbered as a spreadsheet numbers them, the header being row 1 and blank rows counted. What breaks
a rule raises LeadsError at its row; rows before it have been given out by then.
"""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO
from itertools import chain
from typing import NamedTuple

PHONE_COLUMNS = ("phone", "telefone", "celular", "number", "numero", "whatsapp", "fone")
SEPARATORS = ",;\t"
MAX_COLUMNS = 256
MAX_ROW_BYTES = 256 * 1024  # a WhatsApp text has at most some 4,000 characters; the csv module stops a cell at 131,072

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class LeadsError(ValueError):
    """The file breaks a rule at a row. Says which rule, never what a cell holds."""

    def __init__(self, row: int, rule: str) -> None:
        self.row = row
        self.rule = rule
        super().__init__(f"row {row}: {rule}")


class Lead(NamedTuple):
    """One recipient: the row's number, the phone as written, all columns by name (the phone's too)."""

    row: int
    phone: str
    fields: dict[str, str]


def read_leads(chunks: Iterable[bytes], *, phone_columns: Sequence[str] = PHONE_COLUMNS) -> Iterator[Lead]:
    """The recipients of a CSV file that arrives in pieces of any size; raises LeadsError."""
    rows = _rows(_Lines(chunks), phone_columns)
    row, header = next(rows, (1, None))
    if header is None:
        raise LeadsError(row, "the file is empty; a row with column names is needed")
    names, phone = _columns(row, header, phone_columns)
    nameless = "" in names  # a separator at the end of every line makes a column without a name
    width = len(names)
    for row, cells in rows:
        if len(cells) != width:
            raise LeadsError(row, f"has {len(cells)} cells where the header has {width}")
        fields = dict(zip(names, cells))  # noqa: B905  as long as each other, and asking costs a tenth of it all
        if nameless:
            del fields[""]
        yield Lead(row, cells[phone], fields)


class _Lines:
    """The file's lines as text. `taken` counts the row being read, from the first block that begins with it on; the
    reader of rows resets it. So what is kept of a row is bounded by twice MAX_ROW_BYTES.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        for block in self._blocks():
            if self.taken + len(block) <= MAX_ROW_BYTES:
                self.taken += len(block)  # for a row that goes on in the next block; others reset it
                yield from _lines(block)
            else:
                yield from self._counted(_lines(block))

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.taken += len(line)
            if self.taken > MAX_ROW_BYTES:
                raise _BadLine(f"is longer than {MAX_ROW_BYTES} bytes")
            yield line

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines, and what is left at the end."""
        rest = b""
        for chunk in self._chunks:
            whole, end, rest = (rest + chunk).rpartition(b"\n")
            yield whole + end
            if len(rest) > MAX_ROW_BYTES:
                break
        yield rest


class _BadLine(ValueError):
    """A rule broken below the rows, where their number is not known."""


def _lines(block: bytes) -> Iterable[str]:
    """A block's lines. One that is UTF-8 throughout, as nearly all are, is read at once."""
    try:
        if b"\0" not in block:
            return StringIO(block.decode(), newline="\n")
    except UnicodeDecodeError:
        pass
    return map(_text, BytesIO(block))


def _text(line: bytes) -> str:
    if b"\0" in line:
        raise _BadLine("holds a NUL byte" + " (UTF-16? save the file as UTF-8)" * line.startswith(_UTF16_MARKS))
    try:
        return line.decode()
    except UnicodeDecodeError:
        return _windows_1252(line)


def _windows_1252(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning there
        return line.decode("latin-1")


def _rows(lines: _Lines, phone_columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every row that is not blank."""
    number = 0
    try:
        for cells in _reader(lines, phone_columns):
            number += 1
            lines.taken = 0
            if cells and (cells[0] or any(cells)) and (len(cells) > 1 or not cells[0].isspace()):
                yield number, cells
    except (_BadLine, csv.Error) as error:
        raise LeadsError(number + 1, str(error)) from None


def _reader(lines: _Lines, phone_columns: Sequence[str]) -> Iterator[list[str]]:
    source = iter(lines)
    opening = [next(source, "").removeprefix("\ufeff")]
    while not opening[-1].strip() and (line := next(source, "")):
        opening.append(line)
    separator = _separator(opening[-1], phone_columns)
    return csv.reader(chain(opening, source), delimiter=separator, strict=True)


def _separator(header: str, phone_columns: Sequence[str]) -> str:
    def fitness(separator: str) -> tuple[bool, int]:
        names = next(csv.reader([header], delimiter=separator), [])
        return _phone_column(names, phone_columns) is not None, len(names)

    return max(SEPARATORS, key=fitness)


def _columns(row: int, header: list[str], phone_columns: Sequence[str]) -> tuple[list[str], int]:
    """The columns' names, and the place of the one with the phone."""
    names = [name.strip() for name in header]
    if len(names) > MAX_COLUMNS:
        raise LeadsError(row, f"has more than {MAX_COLUMNS} columns")
    twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
    phone = _phone_column(names, phone_columns)
    if phone is None:
        raise LeadsError(row, f"no column for the phone ({', '.join(phone_columns)}); {_found(names)}")
    if twice is not None:
        raise LeadsError(row, f"the column {twice!r} appears twice")
    return names, phone


def _phone_column(names: Iterable[str], phone_columns: Sequence[str]) -> int | None:
    plain = [_plain(name) for name in names]
    return next((plain.index(column) for column in map(_plain, phone_columns) if column in plain), None)


def _plain(name: str) -> str:
    """Without case and accents: `Número` is `numero`."""
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _found(names: list[str]) -> str:
    if any(sum(map(str.isdigit, name)) >= 8 for name in names):  # a person's data, not to be repeated
        return "the first row holds a number where a column's name should be"
    return f"found: {', '.join(names)}"
