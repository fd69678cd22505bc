"""Who is cut off when, how, and for how long: given, not drawn, so that every run tries the same."""

from dataclasses import dataclass

from tests.hosts.network import Way


@dataclass(frozen=True, slots=True)
class Cut:
    """`set_ahead_s`: where the wall clock of the host stands when it comes back, where that changes."""

    at_s: float
    host: str
    way: Way
    lasts_s: float
    set_ahead_s: float | None = None

    def __str__(self) -> str:
        clock = "" if self.set_ahead_s is None else f"; its clock is then set to {self.set_ahead_s:+.0f} s"
        return f"{self.at_s:5.0f} s  {self.host}: {self.way}, for {self.lasts_s:.0f} s{clock}"


@dataclass(frozen=True, slots=True)
class Plan:
    """`lasts_s`: what the campaigns take where nothing disturbs them. `clocks_ahead_s`: host -> by how much its wall
    clock is ahead; `up_for_s`: what its monotonic clocks begin at."""

    messages: int
    lasts_s: float
    cuts: tuple[Cut, ...]
    clocks_ahead_s: dict[str, float]
    up_for_s: dict[str, int]
    seed: int = 1


CLOCKS_AHEAD_S = {"a": -420.0, "b": 0.0, "c": 660.0}
UP_FOR_S = {"a": 0, "b": 40_000, "c": 3_000_000}


def long_plan(messages: int) -> Plan:
    """Each way once. That to the provider is lost for longer than the minute after which a message that the provider
    does not know counts as not sent, and for less than the system's own patience with what was not acknowledged."""
    cuts = (
        Cut(15, "a", Way.SILENT, 40),
        Cut(75, "b", Way.LINK_DOWN, 20),
        Cut(115, "c", Way.DEAF, 20),
        Cut(155, "b", Way.NO_PROVIDER, 80),
        Cut(255, "c", Way.POWER_LOST, 15, set_ahead_s=-3600),
    )
    return Plan(messages, 330, cuts, CLOCKS_AHEAD_S, UP_FOR_S)


def short_plan(messages: int) -> Plan:
    return Plan(messages, 22, (Cut(4, "a", Way.SILENT, 12, set_ahead_s=540),), CLOCKS_AHEAD_S, UP_FOR_S)
