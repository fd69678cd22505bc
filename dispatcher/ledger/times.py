"""UTC epoch milliseconds, as the house counts, and timestamps with time zone, as PostgreSQL keeps them."""

from datetime import UTC, datetime, timedelta
from typing import Any, overload

from sqlalchemy import TIMESTAMP, Dialect, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def moment(epoch_ms: int | None) -> datetime | None:
    """A parameter for a timestamp column."""
    return None if epoch_ms is None else _EPOCH + epoch_ms * _MS


@overload
def epoch_ms(at: datetime) -> int: ...


@overload
def epoch_ms(at: None) -> None: ...


def epoch_ms(at: datetime | None) -> int | None:
    """Whole milliseconds, rounded down, so that a time never is later than what happened."""
    return None if at is None else (at - _EPOCH) // _MS


class EpochMs(TypeDecorator[int]):
    """A timestamp column that Python sees as UTC epoch milliseconds."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> datetime | None:
        return moment(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:
        return epoch_ms(value)
