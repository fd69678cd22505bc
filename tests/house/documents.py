"""The documents as tests read them: their sections, tables and blocks of code."""

import re
from pathlib import Path

from tests.house.tree import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands below a heading of a document, up to the next of the same level."""
    level = heading.partition(" ")[0]
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)", read(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no {heading!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its header; code quotes are taken off a cell that is all code."""
    found = re.search(r"^\|.*\n\|[-|: ]+\|\n((?:\|.*\n?)*)", text, re.MULTILINE)
    assert found, "no table"
    lines = (line.strip().strip("|") for line in found[1].splitlines())
    return [[_cell(cell) for cell in line.split("|")] for line in lines]


def blocks(file: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def headings(file: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)


def _cell(cell: str) -> str:
    text = cell.strip()
    return text[1:-1] if re.fullmatch(r"`[^`]*`", text) else text
