"""Doubts of before `on_doubt = "resend"` worked where no provider can be asked are looked at now, once."""

from collections.abc import Sequence

from alembic import op

revision = "0009"
down_revision = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        UPDATE message m SET due_at = now() FROM campaign c JOIN account a ON a.id = c.account_id
        WHERE m.campaign_id = c.id AND m.state = 'in_doubt' AND m.due_at IS NULL
            AND a.on_doubt = 'resend' AND a.provider IN ('cpc', 'builder')
    """)


def downgrade() -> None:
    """What is due once is not due again."""
