"""Until when nobody publishes an inbound event again: beside when it is due, which says for how long it waits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("inbound_event", sa.Column("leased_until", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("inbound_event", "leased_until")
