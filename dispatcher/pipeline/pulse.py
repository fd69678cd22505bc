"""The station that tells the ledger that messages can be released, and so learns of starts that nobody saw pass.

Each worker keeps it up to date; one that has not for some time, because it was not there, stood still, or could not
reach a server, must do so before it releases anything.
"""

from collections.abc import Sequence
from time import monotonic, time

from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

EVERY_S = 15.0  # one small statement for each provider and worker
FRESH_S = 45.0  # less than the outage that counts (ledger/pulse.py): nobody releases after one without having asked


class Pulse:
    """Two clocks, for the one that never jumps does not run while the machine sleeps. Threads may share it."""

    def __init__(self, stations: Stations, providers: Sequence[str]) -> None:
        self._stations = stations
        self.providers = providers
        self._beat_at = (float("-inf"), float("-inf"))

    @property
    def is_fresh(self) -> bool:
        return self._age_s() < FRESH_S

    @property
    def is_due(self) -> bool:
        return self._age_s() >= EVERY_S

    def beat(self) -> None:
        """To be called when Redis is known to be there. Raises Unavailable, and then nothing may be released."""
        at = (monotonic(), time())
        for provider in self.providers:
            for campaign in self._stations.pulse.beat(provider):
                emit("campaign.stale", "warning", campaign=campaign)
                with if_reachable():  # else the first claim that is refused tells it
                    self._stations.control.hold_campaign(provider, campaign)
        self._beat_at = at

    def _age_s(self) -> float:
        steady, wall = self._beat_at
        return max(monotonic() - steady, time() - wall)
