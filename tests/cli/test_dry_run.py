"""`dispatcher send --dry-run`: when each part would leave, and to whom nobody would write now, and why."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.demo.posts import payload
from dispatcher.domain.ids import MessageId, parse_campaign
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from tests.cli.conftest import Shell

ANA, BIA, CAI = "5511900000001", "5511900000002", "5511900000003"
DAY_MS = 86_400_000
Hold = Callable[[str, str], str]


@pytest.fixture
def wiring(shell: Shell) -> Iterator[Wiring]:
    made = Wiring(Settings())
    yield made
    made.close()


@pytest.fixture
def hold(shell: Shell, accounts: Path, wiring: Wiring, tmp_path: Path) -> Hold:
    """Somebody is in contact in a scope since just now, by a campaign "may"; gives that campaign's id."""

    def hold(scope: str, key: str) -> str:
        made = shell.json("send", written(tmp_path, native([BIA], name="may"), "may.json"))
        now_ms = wiring.stations.now_ms()
        wiring.lock_book.take(scope, key, MessageId(parse_campaign(made["id"]), 0), now_ms, now_ms + DAY_MS)
        return str(made["id"])

    return hold


def written(tmp_path: Path, body: Any, name: str = "campaign.json") -> Path:
    file = tmp_path / name
    file.write_text(json.dumps(body))
    return file


def native(phones: list[str], **more: Any) -> dict[str, Any]:
    return {"account": "loja", "text": "Olá", "recipients": [{"phone": one} for one in phones], **more}


def seconds(row: dict[str, Any], start: str) -> tuple[float, float]:
    begin = datetime.fromisoformat(start)
    first, last = ((datetime.fromisoformat(row[name]) - begin).total_seconds() for name in ("first", "last"))
    return first, last


def test_a_dry_run_says_when_each_chunk_leaves(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    pace = {"delay_min": 5, "delay_max": 5, "chunk_size": 2, "seconds_between_chunks": 60, "senders": [BIA]}
    told = shell.json("send", written(tmp_path, native([f"119000001{n:02d}" for n in range(5)], **pace)), "--dry-run")
    assert told["parts_are"] == "chunks"
    assert [(one["part"], one["messages"]) for one in told["timetable"]] == [(1, 2), (2, 2), (3, 1)]
    assert [seconds(one, told["starts"]) for one in told["timetable"]] == [(0, 5), (65, 70), (130, 130)]
    assert told["timetable"][-1]["last"] == told["expected_end"]


def test_a_dry_run_tells_times_in_the_accounts_zone(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    hours = '[account.hours]\ntimezone = "Asia/Tokyo"\nwindows = ["mon-sun 00:00-24:00"]\n[[account.sender]]'
    accounts.write_text(accounts.read_text().replace("[[account.sender]]", hours, 1))
    shell("accounts", "apply", accounts)
    file = written(tmp_path, native([ANA]))
    told = shell.json("send", file, "--dry-run")
    assert told["times_in"] == "Asia/Tokyo"
    assert told["starts"].endswith("+09:00")
    assert "in the time of Asia/Tokyo" in shell("send", file, "--dry-run").stdout


def test_people_are_shown_the_first_parts_and_programs_all(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    phones = [f"119{n:08d}" for n in range(10_000_000, 10_000_030)]
    file = written(tmp_path, native(phones, chunk_size=1, seconds_between_chunks=60))
    assert len(shell.json("send", file, "--dry-run")["timetable"]) == 30
    assert "… and 10 more" in shell("send", file, "--dry-run").stdout


def test_people_are_shown_the_first_who_are_kept_back(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    file = written(tmp_path, native([ANA] * 13, cpc=True))
    assert "… and 2 more" in shell("send", file, "--dry-run").stdout


def test_a_dry_run_tells_who_is_suppressed_since_when_and_why(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    shell("suppress", "add", ANA, "--reason", "lawyer wrote")
    spelt = "+55 (11) 90000-0001"
    file = written(tmp_path, native([BIA, spelt]))
    told = shell.json("send", file, "--dry-run")
    assert (told["recipients"], told["leaving"], told["kept_back"]) == (2, 1, {"suppressed": 1})
    [one] = told["who_is_kept_back"]
    assert (one["recipient"], one["phone"], one["would_be"]) == (2, spelt, "suppressed")
    assert one["why"] == "asked not to be contacted (lawyer wrote)"
    assert datetime.fromisoformat(one["since"]) <= datetime.now().astimezone()
    assert spelt in shell("send", file, "--dry-run").stdout


@pytest.mark.parametrize(("on_locked", "would_be"), [("block", "blocked"), ("defer", "deferred")])
def test_a_dry_run_tells_who_is_in_contact_until_when_and_by_which_campaign(
    shell: Shell, tmp_path: Path, hold: Hold, on_locked: str, would_be: str
) -> None:
    holder = hold("global", ANA)
    told = shell.json("send", written(tmp_path, native([ANA, BIA], cpc=True, on_locked=on_locked)), "--dry-run")
    assert (told["leaving"], told["kept_back"]) == (1, {would_be: 1})
    assert told["who_is_in_contact"].startswith(would_be)
    [one] = told["who_is_kept_back"]
    assert one["campaign"] == holder
    assert one["why"] == f"in contact by campaign {holder} (may)"
    since, until = (datetime.fromisoformat(one[name]) for name in ("since", "until"))
    assert (until - since).total_seconds() == 86_400
    ends_late = datetime.fromisoformat(told["latest_end"]) >= until
    assert ends_late == (on_locked == "defer")


def test_who_is_in_contact_does_not_matter_to_a_campaign_without_the_lock(
    shell: Shell, tmp_path: Path, hold: Hold
) -> None:
    hold("global", ANA)
    told = shell.json("send", written(tmp_path, native([ANA])), "--dry-run")
    assert (told["leaving"], told["who_is_kept_back"], told["who_is_in_contact"]) == (1, [], None)


def test_a_client_who_is_there_twice_is_in_contact_the_second_time(
    shell: Shell, accounts: Path, tmp_path: Path
) -> None:
    told = shell.json("send", written(tmp_path, native([CAI, ANA, "11 90000-0003"], cpc=True)), "--dry-run")
    [one] = told["who_is_kept_back"]
    assert (one["recipient"], one["phone"], one["would_be"]) == (3, "11 90000-0003", "blocked")
    assert "earlier message" in one["why"]


def test_a_client_of_one_sender_among_several_may_be_kept_back(
    shell: Shell, accounts: Path, tmp_path: Path, hold: Hold, wiring: Wiring
) -> None:
    accounts.write_text(accounts.read_text().replace('name = "loja"', 'name = "loja"\ncpc_scope = "tag"'))
    shell("accounts", "apply", accounts)
    first = wiring.accounts.all_senders()[0]
    hold(f"sender:{first.id}", CAI)
    file = written(tmp_path, native([CAI], cpc=True))
    told = shell.json("send", file, "--dry-run")
    assert (told["leaving"], told["kept_back"]) == (1, {"maybe_blocked": 1})
    told = shell.json("send", written(tmp_path, native([CAI], cpc=True, senders=[first.name])), "--dry-run")
    assert (told["leaving"], told["kept_back"]) == (0, {"blocked": 1})


def test_a_post_that_would_feed_a_campaign_knows_whom_that_reaches(
    shell: Shell, accounts: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, payload("cpc.json"))
    assert shell.json("send", file, "--dry-run")["leaving"] == 1
    shell("send", file)
    told = shell.json("send", file, "--dry-run")
    assert (told["leaving"], told["kept_back"]) == (0, {"blocked": 1})


def test_a_dry_run_warns_of_messages_that_would_expire(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    pace = {"delay_min": 10, "delay_max": 10, "senders": [BIA], "validity_s": 45}
    told = shell.json("send", written(tmp_path, native([f"119000001{n:02d}" for n in range(10)], **pace)), "--dry-run")
    assert told["would_expire"] == 5
    assert "validity_s is 45" in told["warnings"][0]


def test_a_dry_run_refuses_what_would_be_refused(shell: Shell, accounts: Path, tmp_path: Path) -> None:
    file = written(tmp_path, native([ANA], callback_url="http://127.0.0.1:9/"))
    assert shell.trouble("send", file, "--dry-run") == shell.trouble("send", file)


def test_a_dry_run_of_100000_recipients_tells_all(shell: Shell, accounts: Path, tmp_path: Path, wiring: Wiring) -> None:
    leads = tmp_path / "all.csv"
    numbers = [f"119{n:08d}" for n in range(10_000_000, 10_100_000)]
    leads.write_text("phone\n" + "\n".join(numbers))
    for number in range(0, 100_000, 1_000):
        wiring.suppressions.add(f"55{numbers[number]}")
    pace = ("--account", "loja", "--text", "Olá", "--delay-min", "1", "--delay-max", "2", "--chunk-size", "1000")
    told = shell.json("send", leads, *pace, "--dry-run")
    assert (told["recipients"], told["leaving"], told["chunks"]) == (100_000, 99_900, 100)
    assert [one["messages"] for one in told["timetable"]] == [999] * 100
    assert len(told["who_is_kept_back"]) == 100
