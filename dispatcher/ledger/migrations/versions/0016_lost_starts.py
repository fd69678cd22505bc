"""Messages whose worker was lost before their claim, and how often."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHEN = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "lost_start",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("times", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("alone_at", WHEN),
        sa.PrimaryKeyConstraint("campaign_id", "seq", name=op.f("lost_start_pkey")),
    )


def downgrade() -> None:
    op.drop_table("lost_start")
