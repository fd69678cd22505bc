"""An auditor beside a journey: whatever happens to its workers, nothing that lasts must not add up."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.audit import Auditor
from tests.journey.installation import Installation

BETWEEN_LOOKS_S = 10.0  # half of what the workers' own wait: a journey is short


@contextmanager
def audited(place: Installation) -> Iterator[None]:
    """Round after round, beside those of the workers' own auditors; raises AssertionError with all that was found."""
    auditor = Auditor(place.wiring.stations, place.wiring.audited, every_s=0, confirm_s=BETWEEN_LOOKS_S)
    found: set[str] = set()
    halted = Event()

    def look() -> None:
        while not halted.wait(0.1):
            try:
                if auditor.audit():
                    found.update(map(str, place.wiring.audit_book.view().findings))
            except DispatcherTrouble:
                continue

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        halted.set()
        thread.join()
    logged = [
        line for log in place.folder.glob("*.log") for line in log.read_text().splitlines() if "audit.found" in line
    ]
    assert [*found, *logged] == []
    assert place.wiring.audit_book.view().ended_ms is not None, "nobody looked"
