"""Inbound events that wait are taken up by their accounts in turns."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WAITS = sa.text("processed_at IS NULL")


def upgrade() -> None:
    op.create_index("inbound_event_turns", "inbound_event", ["account_id", "received_at"], postgresql_where=WAITS)
    op.drop_index("inbound_event_waiting", "inbound_event")


def downgrade() -> None:
    op.create_index("inbound_event_waiting", "inbound_event", ["received_at"], postgresql_where=WAITS)
    op.drop_index("inbound_event_turns", "inbound_event")
