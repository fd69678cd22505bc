"""Every check of the auditor stands in docs/operations.md with what it means and what to do."""

from dispatcher.domain.audit.checks import ADVICE, Check
from tests.house.documents import rows, section


def test_every_check_is_documented_with_its_advice() -> None:
    assert set(ADVICE) == set(Check)
    told = {check.value: [advice.means, advice.do] for check, advice in ADVICE.items()}
    assert {check: rest for check, *rest in rows(section("docs/operations.md", "## What does not add up"))} == told
