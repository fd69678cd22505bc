"""What a bench found, run by run: medians, spread, and the ratio to what a measure is compared with.

Subject and comparison take turns, and a ratio is taken within a run, so that a busy moment of the machine
meets both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

COLUMNS = ("measure", "what", "median", "unit", "spread", "ratio", "ratio_spread", "goal", "met", "others")


class Goal(NamedTuple):
    """What a figure should be: the median, or its ratio to what it is compared with, at most or at least this."""

    limit: float
    at_most: bool = True
    ratio: bool = False

    def __str__(self) -> str:
        return f"{'ratio ' if self.ratio else ''}{'≤' if self.at_most else '≥'} {self.limit:g}"

    def met(self, median: float, ratio: float | None) -> bool | None:
        value = ratio if self.ratio else median
        if value is None:
            return None
        return value <= self.limit if self.at_most else value >= self.limit


class Figure(NamedTuple):
    """One number of one run; without a name where a measure has only one."""

    name: str
    value: float
    unit: str
    goal: Goal | None = None


@dataclass(slots=True)
class Found:
    """The figures of a measure: by what was measured, then by the figure's name, one value a run."""

    measure: str
    compared_with: str | None = None
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    goals: dict[tuple[str, str], Goal] = field(default_factory=dict)

    def add(self, what: str, figures: Iterable[Figure]) -> None:
        for figure in figures:
            self.values.setdefault(what, {}).setdefault(figure.name, []).append(figure.value)
            self.units[figure.name] = figure.unit
            if figure.goal is not None:
                self.goals[what, figure.name] = figure.goal

    def rows(self) -> list[dict[str, Any]]:
        """A row a figure, as tables and JSON show it; `runs` are the values themselves."""
        return [self._row(what, name, runs) for what, figures in self.values.items() for name, runs in figures.items()]

    def _row(self, what: str, name: str, runs: Sequence[float]) -> dict[str, Any]:
        ratios = self._ratio(what, name, runs)
        goal = None if what == self.compared_with else self.goals.get((what, name))
        return {
            "measure": f"{self.measure}: {name}" if name else self.measure,
            "what": what,
            "median": rounded(median(runs)),
            "unit": self.units[name],
            "spread": f"{rounded(min(runs))} … {rounded(max(runs))}",
            **ratios,
            "goal": goal and str(goal),
            "met": goal and goal.met(median(runs), ratios["ratio"]),
            "runs": [rounded(one) for one in runs],
        }

    def _ratio(self, what: str, name: str, runs: Sequence[float]) -> dict[str, Any]:
        others = self.values.get(self.compared_with or "", {}).get(name)
        if not others or what == self.compared_with:
            return {"ratio": None, "ratio_spread": None}
        ratios = [one / other for one, other in zip(runs, others, strict=True) if other]
        if not ratios:
            return {"ratio": None, "ratio_spread": None}
        return {"ratio": round(median(ratios), 2), "ratio_spread": f"{min(ratios):.2f} … {max(ratios):.2f}"}


def for_documents(rows: Iterable[Mapping[str, Any]]) -> str:
    """What has a goal, as a table in Markdown."""
    lines = ["| measure | goal | median | spread | met | others used |", "|---|---|---|---|---|---|"]
    for row in rows:
        if row["goal"]:
            value = f"ratio {row['ratio']:g}" if "ratio" in row["goal"] else f"{row['median']:,g} {row['unit']}"
            spread = row["ratio_spread"] if "ratio" in row["goal"] else row["spread"]
            met = "yes" if row["met"] else "no"
            name = f"{row['measure']}, {row['what']}".removesuffix(", dispatcher")
            lines.append(f"| {name} | {row['goal']} | {value} | {spread} | {met} | {row['others']} |")
    return "\n".join(lines)


def in_turns(
    found: Found, runs: int, subjects: Mapping[str, Callable[[], Iterable[Figure]]], say: Callable[[str], None]
) -> Found:
    """Each subject once a run; the order turns round from run to run, so that nobody always comes first."""
    names = list(subjects)
    for run in range(runs):
        for what in names if run % 2 == 0 else reversed(names):
            figures = list(subjects[what]())
            found.add(what, figures)
            told = ", ".join(
                f"{figure.name or found.measure} {rounded(figure.value)} {figure.unit}" for figure in figures
            )
            say(f"{found.measure}, run {run + 1}, {what}: {told}")
    return found


def rounded(value: float) -> float:
    """Three digits that count."""
    return float(f"{value:.3g}") if abs(value) < 1000 else round(value)
