"""A campaign's messages by state, and its receipts, are read without reading the campaign."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTION = """
CREATE FUNCTION count_receipts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO receipt_count AS kept (campaign_id, shard, delivered, read, answered)
    VALUES (NEW.campaign_id, mod(pg_backend_pid(), 16),
        (coalesce(NEW.delivered_at, NEW.read_at, NEW.answered_at) IS NOT NULL)::int
            - (coalesce(OLD.delivered_at, OLD.read_at, OLD.answered_at) IS NOT NULL)::int,
        (coalesce(NEW.read_at, NEW.answered_at) IS NOT NULL)::int
            - (coalesce(OLD.read_at, OLD.answered_at) IS NOT NULL)::int,
        (NEW.answered_at IS NOT NULL)::int
            - (OLD.answered_at IS NOT NULL)::int)
    ON CONFLICT (campaign_id, shard) DO UPDATE SET
        delivered = kept.delivered + excluded.delivered,
        read = kept.read + excluded.read,
        answered = kept.answered + excluded.answered;
    RETURN NULL;
END $$
"""

TRIGGER = """
CREATE TRIGGER message_receipts AFTER UPDATE OF delivered_at, read_at, answered_at ON message FOR EACH ROW
WHEN (
    (OLD.delivered_at, OLD.read_at, OLD.answered_at) IS DISTINCT FROM
    (NEW.delivered_at, NEW.read_at, NEW.answered_at)
)
EXECUTE FUNCTION count_receipts()
"""

COUNTED = """
INSERT INTO receipt_count (campaign_id, shard, delivered, read, answered)
SELECT campaign_id, 0, count(coalesce(delivered_at, read_at, answered_at)), count(coalesce(read_at, answered_at)),
    count(answered_at)
FROM message WHERE coalesce(delivered_at, read_at, answered_at) IS NOT NULL GROUP BY campaign_id
"""


def upgrade() -> None:
    """Nothing writes receipts meanwhile: making the trigger holds the table."""
    op.create_table(
        "receipt_count",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in ("delivered", "read", "answered")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "shard", name=op.f("receipt_count_pkey")),
        postgresql_with={"fillfactor": "20"},
    )
    op.execute(FUNCTION)
    op.execute(TRIGGER)
    op.execute(COUNTED)
    waits = sa.text("state = 'pending' AND due_at IS NOT NULL")
    op.create_index("message_sent", "message", ["campaign_id", "seq"], postgresql_where=sa.text("state = 'sent'"))
    op.create_index("message_waiting", "message", ["campaign_id", "seq"], postgresql_where=waits)


def downgrade() -> None:
    op.drop_index("message_waiting", "message")
    op.drop_index("message_sent", "message")
    op.execute("DROP TRIGGER message_receipts ON message")
    op.execute("DROP FUNCTION count_receipts")
    op.drop_table("receipt_count")
