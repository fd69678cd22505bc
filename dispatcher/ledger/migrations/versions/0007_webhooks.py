"""Receipts that came before their message was known; jobs that a provider took and may fail yet."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("inbound_event", sa.Column("due_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("inbound_event", sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("inbound_event", sa.Column("job_ref", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "inbound_event_heard", "inbound_event", ["phone_key", "at"], postgresql_where=sa.text("kind = 'reply'")
    )
    op.create_index(
        "message_follow", "message", ["due_at"], postgresql_where=sa.text("state = 'sent' AND due_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("message_follow", "message")
    op.drop_index("inbound_event_heard", "inbound_event")
    op.drop_column("inbound_event", "job_ref")
    op.drop_column("inbound_event", "tries")
    op.drop_column("inbound_event", "due_at")
