"""What the tables are made of: their metadata, and columns that many have."""

from sqlalchemy import Column, Integer, MetaData, func, text

from dispatcher.ledger.times import EpochMs

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


def now(name: str) -> Column[int]:
    """A moment, this one where nothing is said."""
    return Column(name, EpochMs, nullable=False, server_default=func.now())


def number(name: str) -> Column[int]:
    """A number, 0 where nothing is said."""
    return Column(name, Integer, nullable=False, server_default=text("0"))
