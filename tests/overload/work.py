"""Too much for workers: a queue that is huge for one account, and jobs without end."""

from typing import Any

from sqlalchemy import text

from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.overload.memory import resident_mib
from tests.waiting import wait_until

SMALL = ("one", "two", "three")
EACH = 5  # messages of a small campaign


def accounts(simulator: str, lanes: int) -> str:
    huge = uazapi_account(simulator, names(lanes))
    return "\n".join([huge, *(uazapi_account(simulator, [f"{name}-line"], name=name) for name in SMALL)])


def huge_and_small(place: Installation, messages: int) -> tuple[str, list[str]]:
    """One campaign of so many messages, and after it a small one of each of the other accounts; their ids."""
    huge = place.submit(NAME, campaign(range(messages)))
    return huge, [place.submit(name, {**campaign(range(EACH)), "account": name}) for name in SMALL]


def worked_off(place: Installation, number: str, at_least: int, timeout_s: float) -> None:
    wait_until(lambda: place.counts(number).get("sent", 0) >= at_least, timeout_s, 0.5)


def growth_mib(place: Installation, worker: str, number: str, warm_up: int, jobs: int, timeout_s: float) -> list[int]:
    """What a worker holds after the warm-up and after each tenth of the jobs behind it."""
    pid = place.workers[worker].process.pid
    held = []
    for tenth in range(11):
        worked_off(place, number, warm_up + jobs * tenth // 10, timeout_s)
        held.append(resident_mib(pid))
    return held


def order_of_processing(place: Installation) -> list[Any]:
    """The accounts' names of all processed events, the first that was processed first."""
    statement = "SELECT a.name FROM inbound_event e JOIN account a ON a.id = e.account_id"
    with place.wiring.engine.connect() as connection:
        found = connection.execute(text(f"{statement} WHERE processed_at IS NOT NULL ORDER BY processed_at, e.id"))
        return list(found.scalars())


def events_left(place: Installation) -> int:
    with place.wiring.engine.connect() as connection:
        waiting = connection.execute(text("SELECT count(*) FROM inbound_event WHERE processed_at IS NULL"))
        return int(waiting.scalar_one())
