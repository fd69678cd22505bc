"""docs/architecture.md names what there is: stations, keys, and the rows of the crash table in their order."""

import re

from dispatcher.coordination import keys
from tests.house.documents import read, rows, section
from tests.house.tree import ROOT, sources

ARCHITECTURE = "docs/architecture.md"


def test_every_station_is_named_on_its_floor() -> None:
    stations = {file.stem for file in sources("dispatcher/pipeline") if file.read_text().startswith('"""The station ')}
    assert stations
    assert {name for name in stations if f"`{name}`" not in dict(floors())["pipeline"]} == set()


def test_every_floor_and_room_is_there() -> None:
    there = {path.stem for path in (ROOT / "dispatcher").iterdir() if path.suffix in ("", ".py")}
    named = {name for floor, _ in floors() for name in re.findall(r"\w+", floor)}
    assert there - {"__init__", "__pycache__"} == named


def test_every_key_in_redis_is_explained() -> None:
    explained = {key for key, _ in rows(section(ARCHITECTURE, "## The lane clock"))}
    assert explained == {key.removesuffix("p") + "<provider>" for key in keys.memory("p")}
    others = set(re.findall(r"^    (d:[a-z]+)", keys.__doc__ or "", re.MULTILINE))
    assert {key for key in others if f"`{key}" not in read(ARCHITECTURE)} == set()


def test_the_crash_table_counts_its_rows_and_refers_to_earlier_ones() -> None:
    table = [(int(row[0]), " ".join(row[1:])) for row in rows(section(ARCHITECTURE, "## When something dies"))]
    assert [number for number, _ in table] == list(range(1, len(table) + 1))
    referred = [(number, int(seen)) for number, text in table for seen in re.findall(r"\bas (?:in )?(\d+)\b", text)]
    assert [(number, seen) for number, seen in referred if seen >= number] == []


def floors() -> list[list[str]]:
    return rows(section(ARCHITECTURE, "## The staircase"))
