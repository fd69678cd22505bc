"""Recipients from a CSV file, read as a stream: memory for one piece of it, however long the file.

The first row that is not blank holds the column names; the separator (`,`, `;` or a tab) is the one that
finds a phone column in it, or else the most columns. Every column of a recipient is a field for the text.

Rows are numbered as a spreadsheet numbers them, the header being row 1 and blank rows counted. What breaks
a rule raises LeadsError at its row; rows before it have been given out by then.
"""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from dispatcher.domain.leadlines import BadLine, Lines

PHONE_COLUMNS = ("phone", "telefone", "celular", "number", "numero", "whatsapp", "fone")
SEPARATORS = ",;\t"
MAX_COLUMNS = 256


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


class Slice(NamedTuple):
    """Rows that were read at once, one or more: their numbers, and their cells, in each row as many as `names`.

    `phone` is the place of the cell with the phone.
    """

    names: Sequence[str]
    phone: int
    numbers: Sequence[int]
    cells: Sequence[Sequence[str]]


def read_leads(chunks: Iterable[bytes], *, phone_columns: Sequence[str] = PHONE_COLUMNS) -> Iterator[Lead]:
    """The recipients of a CSV file that arrives in pieces of any size; raises LeadsError."""
    for names, phone, numbers, rows in read_slices(chunks, phone_columns=phone_columns):
        for number, cells in zip(numbers, rows, strict=True):
            yield Lead(number, cells[phone], dict(zip(names, cells, strict=True)))


def read_slices(chunks: Iterable[bytes], *, phone_columns: Sequence[str] = PHONE_COLUMNS) -> Iterator[Slice]:
    """The same, as many recipients at a time as came in one piece: what they have in common is asked of all at once."""
    header: _Header | None = None
    for first, rows in _gathered(Lines(chunks), phone_columns):
        if header is not None and _is_even(rows, header):
            yield _slice(header, range(first, first + len(rows)), rows)
            continue
        numbered = [(number, cells) for number, cells in enumerate(rows, first) if not _is_blank(cells)]
        if header is None and numbered:
            header = _header(*numbered.pop(0), phone_columns)
        if header is not None:
            yield from _checked(header, numbered)
    if header is None:
        raise LeadsError(1, "the file is empty; a row with column names is needed")


class _Header(NamedTuple):
    names: list[str]
    phone: int


def _checked(header: _Header, numbered: Sequence[tuple[int, list[str]]]) -> Iterator[Slice]:
    """These rows, up to one that is not as long as the header: raises LeadsError there."""
    width = len(header.names)
    uneven = next((at for at, (_, cells) in enumerate(numbered) if len(cells) != width), None)
    if even := numbered[:uneven]:
        yield _slice(header, *zip(*even, strict=True))
    if uneven is not None:
        row, cells = numbered[uneven]
        raise LeadsError(row, f"has {len(cells)} cells where the header has {width}")


def _is_even(rows: Sequence[Sequence[str]], header: _Header) -> bool:
    """Each of them is as long as the header, and certainly not blank."""
    names, phone = header
    width = len(names)
    return width > 1 and set(map(len, rows)) == {width} and all(cells[phone] for cells in rows)


def _is_blank(cells: Sequence[str]) -> bool:
    return not any(cells) or (len(cells) == 1 and cells[0].isspace())


def _slice(header: _Header, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> Slice:
    """A separator at the end of every line makes a column without a name: nobody asks for it."""
    names, phone = header
    if "" not in names:
        return Slice(names, phone, numbers, rows)
    kept = [place for place, name in enumerate(names) if name]
    cells = [[row[place] for place in kept] for row in rows]
    return Slice([names[place] for place in kept], kept.index(phone), numbers, cells)


def _gathered(lines: Lines, phone_columns: Sequence[str]) -> Iterator[tuple[int, list[list[str]]]]:
    """All rows, blank ones too, some at a time: the first one's number, and their cells.

    A block of whole rows is read at once. Where a row goes on in the next, or breaks a rule, rows are read one by one
    until a block ends together with a row.
    """
    number = 1
    try:
        reader, separator = _reader(lines, phone_columns)
    except (BadLine, csv.Error) as error:
        raise LeadsError(number, str(error)) from None
    while True:
        rows, wrong = _up_to_a_border(reader, lines)
        if rows:
            yield number, rows
            number += len(rows)
        if wrong is not None:
            raise LeadsError(number, str(wrong))
        if not rows:
            return
        while (at_once := lines.rows_at_once(separator)) is not None:
            if at_once:
                yield number, at_once
                number += len(at_once)


def _up_to_a_border(reader: Iterator[list[str]], lines: Lines) -> tuple[list[list[str]], Exception | None]:
    """Rows up to one that ends where its block does, and what stands in the way of more; none at the end."""
    rows = []
    try:
        for cells in reader:
            lines.taken = 0
            rows.append(cells)
            if lines.used_up:
                break
    except (BadLine, csv.Error) as error:
        return rows, error
    return rows, None


def _reader(lines: Lines, phone_columns: Sequence[str]) -> tuple[Iterator[list[str]], str]:
    """Reads rows, line by line, with the separator that it found."""
    source = iter(lines)
    opening = [next(source, "").removeprefix("\ufeff")]
    while not opening[-1].strip() and (line := next(source, "")):
        opening.append(line)
    separator = _separator(opening[-1], phone_columns)
    lines.opening = iter(opening)
    return csv.reader(chain(lines.opening, source), delimiter=separator, strict=True), separator


def _separator(header: str, phone_columns: Sequence[str]) -> str:
    def fitness(separator: str) -> tuple[bool, int]:
        names = next(csv.reader([header], delimiter=separator), [])
        return _phone_column(names, phone_columns) is not None, len(names)

    return max(SEPARATORS, key=fitness)


def _header(row: int, header: list[str], phone_columns: Sequence[str]) -> _Header:
    names = [name.strip() for name in header]
    if len(names) > MAX_COLUMNS:
        raise LeadsError(row, f"has more than {MAX_COLUMNS} columns")
    twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
    phone = _phone_column(names, phone_columns)
    if phone is None:
        raise LeadsError(row, f"no column for the phone ({', '.join(phone_columns)}); {_found(names)}")
    if twice is not None:
        raise LeadsError(row, f"the column {twice!r} appears twice")
    return _Header(names, phone)


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
