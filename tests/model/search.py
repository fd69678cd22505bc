"""Which interleavings of a world are played.

all_of    every play with at most so many surprises, each at every step at which it can happen
drawn     plays whose surprises are drawn from a seed
shortest  of a play that broke a promise, the surprises that are needed for it
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from dispatcher.pipeline.stations import Stations
from tests.model.place import Place
from tests.model.play import Pick, Play
from tests.model.rules import broken_at_rest
from tests.model.setting import Setting

Bend = Callable[[Stations], Stations]
Script = tuple[int, ...]
"""What is picked at each choice; 0, nothing goes wrong, at all after its end."""

GOES_WELL = 0.8  # of the draws: a play has some surprises, and most of its steps are ordinary


def straight(ports: Stations) -> Stations:
    return ports


@dataclass
class Scripted:
    """Picks by a script and notes how many there were to pick from."""

    script: Script
    widths: list[int] = field(default_factory=list)

    def __call__(self, width: int) -> int:
        at = len(self.widths)
        self.widths.append(width)
        return min(self.script[at], width - 1) if at < len(self.script) else 0


@dataclass
class Drawn:
    """Picks by chance, and notes what."""

    chance: Random
    picked: list[int] = field(default_factory=list)

    def __call__(self, width: int) -> int:
        well = width == 1 or self.chance.random() < GOES_WELL
        self.picked.append(0 if well else self.chance.randrange(1, width))
        return self.picked[-1]


@dataclass
class Finding:
    """A play that broke promises. `script` plays it again."""

    broken: Sequence[str]
    script: Script
    log: Sequence[str]

    @property
    def kind(self) -> str:
        """The first broken promise, whoever it was broken for."""
        return re.sub(r"[\d{].*", "", self.broken[0])

    def __str__(self) -> str:
        return "\n".join([*self.broken, f"script {list(self.script)}", *self.log])


def played(place: Place, setting: Setting, pick: Pick, script: Script, bend: Bend = straight) -> Finding | None:
    """Play once; None: all promises held. `pick` may still grow `script`, see `Drawn`."""
    play = Play(place, setting, pick, bend)
    play.run()
    broken = play.broken or list(broken_at_rest(play))
    return Finding(broken, script, play.log) if broken else None


def replay(place: Place, setting: Setting, script: Script, bend: Bend = straight) -> Finding | None:
    return played(place, setting, Scripted(script), script, bend)


def all_of(place: Place, setting: Setting, surprises: int, bend: Bend = straight) -> Iterator[Finding | None]:
    """Play every script with at most so many surprises."""
    waiting: list[tuple[Script, int]] = [((), surprises)]
    while waiting:
        script, left = waiting.pop()
        pick = Scripted(script)
        yield played(place, setting, pick, script, bend)
        if left:
            for at in range(len(pick.widths) - 1, len(script) - 1, -1):
                ordinary = script + (0,) * (at - len(script))
                waiting += [((*ordinary, other), left - 1) for other in range(1, pick.widths[at])]


def drawn(place: Place, setting: Setting, seed: str, plays: int, bend: Bend = straight) -> Iterator[Finding | None]:
    """`plays` plays by chance; the same for the same seed."""
    for number in range(plays):
        pick = Drawn(Random(f"{seed}:{number}"))
        found = played(place, setting, pick, (), bend)
        if found:
            found.script = tuple(pick.picked)
        yield found


def shortest(place: Place, setting: Setting, found: Finding, bend: Bend = straight) -> Finding:
    """Leave out surprises, one after the other, as long as a promise still breaks."""
    for at in reversed(range(len(found.script))):
        if found.script[at]:
            shorter = (*found.script[:at], 0, *found.script[at + 1 :])
            again = replay(place, setting, shorter, bend)
            found = again if again and again.kind == found.kind else found
    return found
