"""The dry run's end agrees with what then happens, on a campaign with hours, chunks and three senders."""

import json
import struct
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any

import pytest

from dispatcher.domain.ids import parse_campaign
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.alone]

OPENS_IN_S = 8
NOON_S, DAY_S = 43_200, 86_400
WINDOW = '[account.hours]\ntimezone = "Test/Soon"\nwindows = ["mon-sun 12:00-13:00"]\n'


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Path]:
    """A folder of time zones of the test's own, before those of the system."""
    folder, before = tmp_path / "zones", zoneinfo.TZPATH
    (folder / "Test").mkdir(parents=True)
    zoneinfo.reset_tzpath([str(folder), *before])
    yield folder
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def noon_at(zones: Path, moment_s: int) -> None:
    """A zone without summer time whose clock shows noon at this moment: offsets may have seconds."""
    offset_s = NOON_S - moment_s % DAY_S
    header = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    (zones / "Test" / "Soon").write_bytes(header + struct.pack(">lbB", offset_s, 0, 0) + b"TST\0")


def dry_run(place: Installation, body: dict[str, Any]) -> dict[str, Any]:
    file = place.folder / "campaign.json"
    file.write_text(json.dumps(body))
    argv, told = ("dispatcher.cli", "send", str(file), "--dry-run", "--json"), place.folder / "dry-run.log"
    status = place.starter.start(*argv, env=place.env, log=told).wait(60)
    assert status == 0, told.read_text()
    found: dict[str, Any] = json.loads(told.read_text())
    return found


def test_the_dry_run_tells_the_chunks_and_the_end_within_5_percent(
    install: Callable[..., Installation], simulator: SimulatorClient, zones: Path
) -> None:
    place = install(PYTHONTZPATH=":".join(zoneinfo.TZPATH))
    place.start_workers("a")
    begun, opens = time(), int(time()) + OPENS_IN_S
    noon_at(zones, opens)
    account = uazapi_account(simulator.url, [])
    senders = "".join(f'[[account.sender]]\nname = "{one}"\ntoken = "{one}"\ndaily_limit = 50\n' for one in names(3))
    place.accounts(f"{account}\n{WINDOW}{senders}")
    body = campaign(range(12), chunk_size=6, seconds_between_chunks=2, delay_min=8, delay_max=8.2)
    told = dry_run(place, body)
    assert datetime.fromisoformat(told["starts"]).timestamp() == opens

    number = place.submit("loja", body)
    assert place.wait_done(number) == {"sent": 12}
    assert min(one.sent_at_ms or 0 for one in lines(place, number)) >= opens * 1000
    ended = max(one.sent_at_ms or 0 for one in lines(place, number)) / 1000
    expected = datetime.fromisoformat(told["expected_end"]).timestamp()
    assert abs(ended - expected) <= 0.05 * (ended - begun)
    second = min(one.sent_at_ms or 0 for one in lines(place, number) if one.id.seq >= 6) / 1000
    told_second = datetime.fromisoformat(told["timetable"][1]["first"]).timestamp()
    assert abs(second - told_second) <= 0.05 * (ended - begun)


def lines(place: Installation, number: str) -> list[Any]:
    return place.wiring.lines.page(parse_campaign(number), None, -1, 100)
