"""Campaigns whose pace was changed while they ran, and those that their upstream app removed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHEN = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("removed_at", WHEN))
    op.create_table(
        "campaign_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("was", sa.JSON(), nullable=False),
        sa.Column("now_is", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("campaign_change_campaign_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("campaign_change_pkey")),
    )
    op.create_index("campaign_change_campaign", "campaign_change", ["campaign_id", "id"])


def downgrade() -> None:
    op.drop_table("campaign_change")
    op.drop_column("campaign", "removed_at")
