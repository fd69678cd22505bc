"""Alembic's entry: runs the revisions on the connection that `dispatcher.ledger.schema` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from dispatcher.ledger.tables import metadata
from dispatcher.ledger.times import EpochMs


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision stands for itself: it names PostgreSQL's type, not ours."""
    if kind == "type" and isinstance(item, EpochMs):
        return "sa.TIMESTAMP(timezone=True)"
    return False


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_item=render_item)
    with context.begin_transaction():
        context.run_migrations()


run()
