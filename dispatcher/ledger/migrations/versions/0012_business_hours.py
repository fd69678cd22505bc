"""An account may have several named hours; a campaign may name those that count for it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("account", sa.Column("business_hours", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("campaign", sa.Column("business_hours", sa.Text()))


def downgrade() -> None:
    op.drop_column("campaign", "business_hours")
    op.drop_column("account", "business_hours")
