"""An auditor worked by hand: a round is two looks without a pause."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from dispatcher.domain.ids import campaign_text
from dispatcher.ledger.engine import autocommit
from dispatcher.pipeline.audit import Auditor
from tests.pipeline.conftest import Hand


def auditor(hand: Hand, **sizes: Any) -> Auditor:
    return Auditor(hand.stations, replace(hand.wiring.audited, **sizes), every_s=0, confirm_s=0)


def rounds(hand: Hand, times: int = 1, **sizes: Any) -> dict[str, list[str]]:
    """What is known after so many rounds: check -> subjects."""
    one = auditor(hand, **sizes)
    for _ in range(times):
        while not one.audit():
            pass
    return findings(hand)


def findings(hand: Hand) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for view in hand.wiring.audit_book.view().findings:
        found.setdefault(str(view.finding.check), []).append(view.finding.subject)
    return found


def of_campaign(check: str, number: int) -> dict[str, list[str]]:
    return {check: [campaign_text(number)]}


def execute(hand: Hand, statement: str, **values: Any) -> None:
    with autocommit(hand.wiring.engine) as connection:
        connection.execute(text(statement), values)


def untold(hand: Hand, statement: str, **values: Any) -> None:
    """By hand, past the trigger that counts."""
    execute(hand, "ALTER TABLE message DISABLE TRIGGER message_count")
    execute(hand, statement, **values)
    execute(hand, "ALTER TABLE message ENABLE TRIGGER message_count")
