"""What failed at its provider after it was sent gives its client back; when a sender's line last changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sender", sa.Column("line_at", sa.TIMESTAMP(timezone=True)))
    _index("state IN ('sent', 'failed') AND due_at IS NOT NULL")


def downgrade() -> None:
    _index("state = 'sent' AND due_at IS NOT NULL")
    op.drop_column("sender", "line_at")


def _index(where: str) -> None:
    op.drop_index("message_follow", "message")
    op.create_index("message_follow", "message", ["due_at"], postgresql_where=sa.text(where))
