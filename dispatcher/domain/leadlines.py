"""The lines of a CSV file as text, while it arrives in pieces of any size (`domain/leads.py` reads the rows).

Encoding is decided line by line: a line that is UTF-8 is read as UTF-8, any other as Windows-1252, which
is Latin-1 with the signs that Excel adds. Latin-1 text with accents is practically never valid UTF-8, so
no line need wait for another, and a file pasted together from both reads well. The weak spot: Latin-1
text that happens to spell UTF-8, such as `Ã©` meant to the letter.
"""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from operator import length_hint

MAX_ROW_BYTES = 256 * 1024  # a WhatsApp text has at most some 4,000 characters; the csv module stops a cell at 131,072

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Lines:
    """The file's lines as text, one by one or a block's at once.

    `taken` counts the row being read, from the first block that begins with it on; the reader of rows resets it. So
    what is kept of a row is bounded by twice MAX_ROW_BYTES.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._blocks = _whole_lines(chunks)
        self._put_back: bytes | None = None
        self._left: Iterator[str | bytes] = iter(())
        self.opening: Iterator[str] = iter(())
        self.taken = 0

    @property
    def used_up(self) -> bool:
        """Nothing is left of the block that is being read line by line, nor of the opening lines."""
        return length_hint(self._left) == 0 and length_hint(self.opening) == 0

    def rows_at_once(self, separator: str) -> list[list[str]] | None:
        """The rows of the next block, where they begin and end in it; None: it has to be read line by line."""
        block = self._put_back = self._next()
        if block is None or len(block) > MAX_ROW_BYTES:
            return None
        try:
            rows = list(csv.reader(_lines(block), delimiter=separator, strict=True))
        except (BadLine, csv.Error):
            return None
        self._put_back = None
        return rows

    def __iter__(self) -> Iterator[str]:
        while (block := self._next()) is not None:
            if self.taken + len(block) <= MAX_ROW_BYTES:
                self.taken += len(block)  # for a row that goes on in the next block; others reset it
                yield from self._one_by_one(block)
            else:
                yield from self._counted(self._one_by_one(block))

    def _next(self) -> bytes | None:
        block, self._put_back = self._put_back, None
        return next(self._blocks, None) if block is None else block

    def _one_by_one(self, block: bytes) -> Iterator[str]:
        lines = iter(list(BytesIO(block)))
        self._left = lines
        return map(_text, lines)

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.taken += len(line)
            if self.taken > MAX_ROW_BYTES:
                raise BadLine(f"is longer than {MAX_ROW_BYTES} bytes")
            yield line


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, and what is left at the end."""
    rest = b""
    for chunk in chunks:
        whole, end, rest = (rest + chunk).rpartition(b"\n")
        yield whole + end
        if len(rest) > MAX_ROW_BYTES:
            break
    yield rest


class BadLine(ValueError):
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
        raise BadLine("holds a NUL byte" + " (UTF-16? save the file as UTF-8)" * line.startswith(_UTF16_MARKS))
    try:
        return line.decode()
    except UnicodeDecodeError:
        return _windows_1252(line)


def _windows_1252(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning there
        return line.decode("latin-1")
