"""How often in a row workers were lost with messages of a campaign, a sender or an account."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHEN = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "lost_streak",
        sa.Column("common", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("several", sa.Boolean(), nullable=False),
        sa.Column("begun_at", WHEN, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("noted_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("common", "id", name=op.f("lost_streak_pkey")),
    )


def downgrade() -> None:
    op.drop_table("lost_streak")
