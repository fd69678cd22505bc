"""docs/callbacks.md says what is told, all of it, and its receiver is one."""

import ast
import json
import re
from pathlib import Path

from dispatcher.domain.callbacks import EVENTS, Callback, Told, payload
from dispatcher.providers.stamps import iso
from tests.house.documents import blocks, rows, section
from tests.house.tree import ROOT

PAGE = "docs/callbacks.md"


def test_every_event_is_documented() -> None:
    assert dict(rows(section(PAGE, "## Events"))) == EVENTS


def test_the_documented_payload_has_the_fields_of_a_real_one() -> None:
    [example] = [json.loads(text) for text in blocks(Path(ROOT / PAGE), "json")]
    told = Told("5511900000001", "5511900000001", 0, 0, None, None)
    real = payload(Callback(4711, 1, "june", 12, "message.delivered", "sent", "", 0, 1, message=told), iso)
    assert list(example) == list(real)
    assert list(example["data"]) == list(real["data"])
    assert re.fullmatch(r"evt_\w{12}_\d+", example["id"])
    assert re.fullmatch(r"evt_\w{12}_\d+", real["id"])


def test_the_documented_receiver_is_a_program_that_verifies() -> None:
    [receiver] = blocks(Path(ROOT / PAGE), "python")
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(receiver)) if isinstance(node, ast.Call)}
    assert "webhook.verify" in called
