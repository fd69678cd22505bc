"""Messages that wait for a client, and follow-ups."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WAITS = sa.text("state = 'pending' AND due_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("message_retry", "message")
    op.create_index("message_due", "message", ["campaign_id", "due_at"], postgresql_where=WAITS)
    op.create_index("message_client", "message", ["phone_key"], postgresql_where=WAITS)
    op.create_index("message_doubted_client", "message", ["phone_key"], postgresql_where=sa.text("state = 'in_doubt'"))
    op.add_column("message", sa.Column("waited", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("contact_lock", sa.Column("tried_seq", sa.Integer()))
    op.add_column("contact_lock", sa.Column("before_taken_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("contact_lock", sa.Column("before_until_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    for column in ("before_until_at", "before_taken_at", "tried_seq"):
        op.drop_column("contact_lock", column)
    op.drop_column("message", "waited")
    op.drop_index("message_doubted_client", "message")
    op.drop_index("message_client", "message")
    op.drop_index("message_due", "message")
    op.create_index("message_retry", "message", ["campaign_id", "seq"], postgresql_where=WAITS)
