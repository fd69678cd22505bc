"""The file behind `dispatcher send`."""

import json
from pathlib import Path

import pytest

from dispatcher.cli.body import Wishes, is_csv, read_json, read_leads_body
from dispatcher.cli.trouble import Problem
from dispatcher.domain.leads import LeadsError


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("leads.csv", "{", True),
        ("campaign.json", "phone", False),
        ("leads", "phone;name\n", True),
        ("campaign", '\ufeff  {"messages": []}', False),
    ],
)
def test_a_file_is_told_by_its_name_or_its_first_sign(tmp_path: Path, name: str, content: str, expected: bool) -> None:
    file = tmp_path / name
    file.write_text(content)
    assert is_csv(file) is expected


def test_leads_become_a_native_body_with_the_options_that_were_given(tmp_path: Path) -> None:
    file = tmp_path / "june.csv"
    file.write_text("telefone;name\n(11) 90000-0001;Ana\n5511900000002;\n")
    body = read_leads_body(file, "loja", Wishes(text="Olá {{name|cliente}}", delay_min=3, delay_max=6.5, chunk_size=0))
    assert body == {
        "account": "loja",
        "name": "june",
        "text": "Olá {{name|cliente}}",
        "delay_min": 3,
        "delay_max": 6.5,
        "chunk_size": 0,
        "recipients": [
            {"telefone": "(11) 90000-0001", "name": "Ana", "phone": "(11) 90000-0001"},
            {"telefone": "5511900000002", "name": "", "phone": "5511900000002"},
        ],
    }


def test_leads_without_a_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "june.csv"
    file.write_text("phone\n5511900000001\n")
    with pytest.raises(Problem, match="--text"):
        read_leads_body(file, "loja", Wishes())


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "june.csv"
    file.write_text("phone,name\n5511900000001,Ana\n5511900000002\n")
    with pytest.raises(LeadsError, match="row 3"):
        read_leads_body(file, "loja", Wishes(text="Olá"))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"{", "line 1, column 2"),
        (b"[]", "object"),
        (b"\xff\xfe{}", "nor is it UTF-8"),
        (b'{"a": NaN}', "no numbers"),
        (b'{"a": 1, "a": 2}', "a: is given twice"),
        (b'{"a": "\\u0000"}', "a: holds a NUL character"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "too many digits"),
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    file = tmp_path / "campaign.json"
    file.write_bytes(content)
    with pytest.raises(Problem, match=word):
        read_json(file, Wishes())


def test_options_for_leads_do_not_go_with_json(tmp_path: Path) -> None:
    file = tmp_path / "campaign.json"
    file.write_text(json.dumps({"messages": []}))
    with pytest.raises(Problem, match="CSV"):
        read_json(file, Wishes(delay_min=3))
