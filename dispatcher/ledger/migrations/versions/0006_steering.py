"""Campaigns that pause themselves: too much of them fails, or their start passed while nobody was there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "account", sa.Column("pause_at_error_rate", sa.Float(), server_default=sa.text("0.5"), nullable=False)
    )
    op.add_column("account", sa.Column("error_rate_of", sa.Integer(), server_default=sa.text("100"), nullable=False))
    op.add_column("campaign", sa.Column("watch_settled", sa.Integer()))
    op.add_column("campaign", sa.Column("watch_failed", sa.Integer()))
    op.create_table(
        "pulse",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pulse_pkey")),
    )
    # What waits already waits for something else: only starts from here on are watched.
    op.execute("INSERT INTO pulse (provider, at) SELECT DISTINCT provider, now() FROM account")


def downgrade() -> None:
    op.drop_table("pulse")
    for table, column in (
        ("campaign", "watch_failed"),
        ("campaign", "watch_settled"),
        ("account", "error_rate_of"),
        ("account", "pause_at_error_rate"),
    ):
        op.drop_column(table, column)
