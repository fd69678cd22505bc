"""What does not add up, and how far the auditor got; campaigns by their end."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHEN = sa.TIMESTAMP(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("lease", sa.Text()),
        sa.Column("leased_until", WHEN),
        sa.Column("ended_at", WHEN),
        sa.Column("places", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pkey")),
    )
    op.create_table(
        "audit_finding",
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger()),
        sa.Column("seq", sa.Integer()),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("found_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("seen_at", WHEN, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("check_name", "subject", name=op.f("audit_finding_pkey")),
    )
    over = sa.text("finished_at IS NOT NULL")
    op.create_index("campaign_finished", "campaign", ["finished_at"], postgresql_where=over)


def downgrade() -> None:
    op.drop_index("campaign_finished", "campaign")
    op.drop_table("audit_finding")
    op.drop_table("audit")
