"""A job's recipients as rows, for providers that take them as a sheet or a file.

The first columns have names that the provider counts on; the recipients' own columns follow. An own column
whose name differs from an earlier one in its case only is left out: which of the two a provider would take
cannot be known.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Parcel

MOST_ROWS = 1_000  # no limit is published; what a provider has in its hands can no longer be paused by us


def rows_for(account: Account, total: int) -> int:
    """How many of `total` recipients go into one sheet: all, or the account's own `batch` above 1."""
    most = min(account.batch, MOST_ROWS) if account.batch > 1 else MOST_ROWS
    return max(1, min(total, most))


class Sheet(NamedTuple):
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self) -> list[str]:
        """Header and rows as CSV (RFC 4180), one text each, without a line end."""
        return [_line(cells) for cells in (self.header, *self.rows)]

    def text(self) -> str:
        """The whole as a CSV file."""
        return "".join(f"{line}\r\n" for line in self.lines())


def sheet(parcels: Sequence[Parcel], leading: Sequence[Mapping[str, str]]) -> Sheet:
    """`leading` are the first columns of each parcel, all with the same names."""
    first = tuple(leading[0]) if leading else ()
    own = _own_columns((parcel.fields for parcel in parcels), first)
    rows = (
        (*columns.values(), *(parcel.fields.get(name, "") for name in own))
        for parcel, columns in zip(parcels, leading, strict=True)
    )
    return Sheet((*first, *own), tuple(rows))


def column_of(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The first column that has the first of these (lower-case) names that is there, in any case."""
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(column.strip().casefold(), column)
    return next((folded[name] for name in names if name in folded), None)


def text_of(parcel: Parcel) -> str:
    text = parcel.content.get("text", "")
    return text if isinstance(text, str) else ""


def _own_columns(fields: Iterable[Mapping[str, str]], taken: Iterable[str]) -> tuple[str, ...]:
    names = dict.fromkeys(name for one in fields for name in one)
    found = {name.casefold(): "" for name in ("", *taken)}
    for name in names:
        found.setdefault(name.strip().casefold(), name)
    return tuple(name for name in found.values() if name)


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)  # its line end is what makes it quote cells with line breaks
    return buffer.getvalue().removesuffix("\r\n")
