"""The daily counters and the warm-up of senders; when an account's policies changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHEN = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("sender", sa.Column("warm_up", sa.JSON()))
    op.add_column("sender", sa.Column("warm_up_from", WHEN))
    op.add_column("account", sa.Column("changed_at", WHEN, server_default=sa.text("now()"), nullable=False))
    op.create_index("attempt_sender", "attempt", ["sender_id", "started_at"])


def downgrade() -> None:
    op.drop_index("attempt_sender", "attempt")
    op.drop_column("account", "changed_at")
    op.drop_column("sender", "warm_up_from")
    op.drop_column("sender", "warm_up")
