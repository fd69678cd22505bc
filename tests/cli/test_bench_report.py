"""How a bench puts its runs together."""

from functools import partial

from dispatcher.cli.bench.report import Figure, Found, Goal, for_documents, in_turns


def test_ratios_are_taken_within_a_run() -> None:
    found = Found("speed", compared_with="plain")
    for plain, ours in ((100, 150), (10, 20), (50, 100)):
        found.add("plain", [Figure("", plain, "per s")])
        found.add("ours", [Figure("", ours, "per s")])
    first, second = found.rows()
    assert (first["median"], first["spread"], first["ratio"]) == (50, "10.0 … 100.0", None)
    assert (second["median"], second["ratio"], second["ratio_spread"]) == (100, 2.0, "1.50 … 2.00")


def test_a_figure_that_the_comparison_lacks_has_no_ratio() -> None:
    found = Found("cost", compared_with="plain")
    found.add("plain", [Figure("CPU", 0.0, "ms")])
    found.add("ours", [Figure("CPU", 2.0, "ms"), Figure("memory", 5.0, "MB")])
    assert [row["ratio"] for row in found.rows()] == [None, None, None]


def test_goals_are_of_medians_or_ratios_and_never_of_the_comparison() -> None:
    found = Found("speed", compared_with="plain")
    found.add("plain", [Figure("", 100, "per s", Goal(2, at_most=False, ratio=True))])
    found.add("ours", [Figure("", 150, "per s", Goal(2, at_most=False, ratio=True)), Figure("late", 7, "ms", Goal(50))])
    rows = [{**row, "others": "3%"} for row in found.rows()]
    assert [row["met"] for row in rows] == [None, False, True]
    assert for_documents(rows).splitlines()[2:] == [
        "| speed, ours | ratio ≥ 2 | ratio 1.5 | 1.50 … 1.50 | no | 3% |",
        "| speed: late, ours | ≤ 50 | 7 ms | 7.0 … 7.0 | yes | 3% |",
    ]


def test_nobody_always_comes_first() -> None:
    order: list[str] = []
    subjects = {name: partial(_noted, order, name) for name in ("a", "b")}
    in_turns(Found("order"), 3, subjects, lambda line: None)
    assert order == ["a", "b", "b", "a", "a", "b"]


def _noted(order: list[str], name: str) -> list[Figure]:
    order.append(name)
    return []
