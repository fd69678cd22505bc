"""Signed names of leads files."""

import base64

import pytest

from dispatcher.domain.ids import parse_campaign
from dispatcher.providers.leads_link import PATH, LeadsLink, leads_url, read_leads_name
from dispatcher.secrecy import Secrecy

SECRECY = Secrecy(base64.urlsafe_b64encode(b"k" * 32).decode())
NOW_MS = 1_794_052_800_000
LINK = LeadsLink("0f3k9x2m7q4t-12.1", (12, 13, 19, 511), NOW_MS + 60_000)


def name_of(link: LeadsLink) -> str:
    url = leads_url(SECRECY, "https://example.com/", link)
    assert url.startswith(f"https://example.com{PATH}")
    return url.rpartition("/")[2]


def test_a_name_stands_for_its_messages_until_its_time_is_over() -> None:
    name = name_of(LINK)
    assert name.endswith(".csv")
    assert read_leads_name(SECRECY, name, NOW_MS + 60_000) == LINK
    assert read_leads_name(SECRECY, name, NOW_MS + 60_001) is None


@pytest.mark.parametrize("seqs", [(12,), tuple(range(12, 1_012)), (12, 1_011), (13,)])
def test_any_messages_of_a_job_can_be_named(seqs: tuple[int, ...]) -> None:
    link = LINK._replace(seqs=seqs)
    assert read_leads_name(SECRECY, name_of(link), NOW_MS) == link
    assert len(name_of(link)) < 260


def test_the_job_says_which_campaign() -> None:
    assert LINK.campaign == parse_campaign("0f3k9x2m7q4t")


def test_one_changed_character_makes_the_name_worthless() -> None:
    name = name_of(LINK)
    for at, letter in enumerate(name.removesuffix(".csv")):
        changed = name[:at] + ("1" if letter != "1" else "2") + name[at + 1 :]
        assert read_leads_name(SECRECY, changed, NOW_MS) is None


def test_another_installation_signs_otherwise() -> None:
    other = Secrecy(base64.urlsafe_b64encode(b"o" * 32).decode())
    assert read_leads_name(other, name_of(LINK), NOW_MS) is None


@pytest.mark.parametrize("name", ["", ".csv", "a.csv", "é" * 60, "0f3k9x2m7q4t-1.5.9999999999999." + "0" * 40])
def test_other_names_stand_for_nothing(name: str) -> None:
    assert read_leads_name(SECRECY, name, NOW_MS) is None
