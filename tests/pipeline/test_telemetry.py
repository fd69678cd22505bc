"""Which trouble with a server is told, and how often."""

from dispatcher.telemetry import Episodes


def test_trouble_is_told_when_it_begins_and_once_a_minute_while_it_lasts() -> None:
    moments = [0.0, 0.1, 9.0, 18.0, 27.0, 36.0, 45.0, 54.0, 59.9, 60.0, 69.0]
    assert told_at(moments) == [0.0, 60.0]


def test_trouble_that_comes_back_after_a_while_is_told_again() -> None:
    assert told_at([0.0, 9.9, 19.8, 29.8, 30.0]) == [0.0, 29.8]


def test_another_trouble_is_told_at_once() -> None:
    episodes = Episodes(lambda: 5.0)
    assert [episodes.is_news(reason) for reason in ("Redis", "PostgreSQL", "Redis")] == [True, True, False]


def told_at(moments: list[float]) -> list[float]:
    """Of the moments at which the same trouble is met, those at which it is told."""
    clock = iter(moments)
    episodes = Episodes(lambda: next(clock))
    return [moment for moment in moments if episodes.is_news("Redis")]
