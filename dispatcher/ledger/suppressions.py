"""Clients who asked not to be contacted, by canonical number."""

from collections.abc import Sequence

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert

from dispatcher.domain.views import Suppression
from dispatcher.ledger import tables
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.texts import storable

_S = tables.suppression


class Suppressions:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: str, reason: str = "") -> bool:
        """False when the client was suppressed already; the first reason stays."""
        row = insert(_S).values(phone_key=storable(key), reason=storable(reason)).on_conflict_do_nothing()
        with autocommit(self._engine) as connection:
            return connection.execute(row.returning(_S.c.phone_key)).first() is not None

    def remove(self, key: str) -> bool:
        """False when the client was not suppressed."""
        with autocommit(self._engine) as connection:
            return connection.execute(delete(_S).where(_S.c.phone_key == key)).rowcount > 0

    def get(self, key: str) -> Suppression | None:
        with autocommit(self._engine) as connection:
            row = connection.execute(select(_S).where(_S.c.phone_key == key)).first()
        return None if row is None else Suppression(*row)

    def among(self, keys: Sequence[str]) -> set[str]:
        """Of these clients, those that are suppressed."""
        with autocommit(self._engine) as connection:
            found = connection.execute(select(_S.c.phone_key).where(_S.c.phone_key.in_(keys)))
            return set(found.scalars())

    def details(self, keys: Sequence[str]) -> dict[str, Suppression]:
        """Of these clients, those that are suppressed: since when, and why."""
        with autocommit(self._engine) as connection:
            found = connection.execute(select(_S).where(_S.c.phone_key.in_(keys)))
            return {row.phone_key: Suppression(*row) for row in found}

    def page(self, after: str | None = None, limit: int = 100) -> list[Suppression]:
        """In the order of their numbers, those behind `after`."""
        query = select(_S).order_by(_S.c.phone_key).limit(limit)
        if after is not None:
            query = query.where(_S.c.phone_key > after)
        with autocommit(self._engine) as connection:
            return [Suppression(*row) for row in connection.execute(query)]
