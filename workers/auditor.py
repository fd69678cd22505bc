"""The auditor: a thread in every worker; a lease in the ledger sees to it that one looks at a time.

Of its own, so that a campaign of a million that is being counted holds up neither leases nor sweeps.
"""

from collections.abc import Callable
from threading import Event

from dispatcher.pipeline.audit import Auditor

STEP_S = 1.0  # how late a look may come


def keep_auditing(auditor: Auditor, report: Callable[[Exception], None], halted: Event) -> None:
    """Take the auditor's steps until halted."""
    while not halted.wait(STEP_S):
        try:
            auditor.audit()
        except Exception as error:
            report(error)
