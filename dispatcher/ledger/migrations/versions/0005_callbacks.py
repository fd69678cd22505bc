"""What upstream apps are to be told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHEN = sa.TIMESTAMP(timezone=True)
NOW = sa.text("now()")
ZERO = sa.text("0")

MESSAGES_FUNCTION = """
CREATE FUNCTION note_message_callbacks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at, due_at)
    SELECT NEW.callback_endpoint_id, NEW.campaign_id, NEW.seq, event.type, NEW.state, NEW.reason, event.at,
        coalesce((
            SELECT max(b.due_at) FROM callback b
            WHERE b.campaign_id = NEW.campaign_id AND b.seq = NEW.seq AND b.settled_at IS NULL
        ), now())
    FROM (VALUES
        (1, 'message.' || NEW.state, NEW.state <> OLD.state AND NEW.state NOT IN ('pending', 'sending'),
            clock_timestamp()),
        (2, 'message.delivered', OLD.delivered_at IS NULL AND NEW.delivered_at IS NOT NULL, NEW.delivered_at),
        (3, 'message.undelivered', NEW.reason = 'not_delivered' AND OLD.reason IS DISTINCT FROM NEW.reason,
            clock_timestamp()),
        (4, 'message.read', OLD.read_at IS NULL AND NEW.read_at IS NOT NULL, NEW.read_at),
        (5, 'message.answered', NEW.answered_at IS NOT NULL AND NEW.state = 'sent'
            AND (OLD.answered_at IS NULL OR OLD.state <> 'sent'), NEW.answered_at)
    ) AS event (rank, type, happened, at)
    WHERE event.happened
    ORDER BY event.rank;
    RETURN NULL;
END $$
"""

MESSAGES_TRIGGER = """
CREATE TRIGGER message_callbacks AFTER UPDATE ON message FOR EACH ROW
WHEN (NEW.callback_endpoint_id IS NOT NULL) EXECUTE FUNCTION note_message_callbacks()
"""

CAMPAIGN_FUNCTION = """
CREATE FUNCTION note_campaign_callback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at, due_at)
    SELECT NEW.callback_endpoint_id, NEW.id, -1, 'campaign.' || shown, shown, NEW.paused_reason,
        clock_timestamp(), coalesce((
            SELECT max(b.due_at) FROM callback b
            WHERE b.campaign_id = NEW.id AND b.seq = -1 AND b.settled_at IS NULL
        ), now())
    FROM (
        SELECT CASE WHEN NEW.state = 'running' AND NEW.scheduled_for > now() THEN 'scheduled' ELSE NEW.state::text END
    ) AS now_is (shown);
    RETURN NULL;
END $$
"""

CAMPAIGN_INSERT_TRIGGER = """
CREATE TRIGGER campaign_callback_first AFTER INSERT ON campaign FOR EACH ROW
WHEN (NEW.callback_endpoint_id IS NOT NULL) EXECUTE FUNCTION note_campaign_callback()
"""

CAMPAIGN_UPDATE_TRIGGER = """
CREATE TRIGGER campaign_callback AFTER UPDATE ON campaign FOR EACH ROW
WHEN (NEW.callback_endpoint_id IS NOT NULL AND OLD.state IS DISTINCT FROM NEW.state)
EXECUTE FUNCTION note_campaign_callback()
"""


def upgrade() -> None:
    op.add_column("account", sa.Column("callback_secret", sa.Text()))
    op.create_table(
        "callback_endpoint",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("of_account", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("failing_since", WHEN),
        sa.Column("not_before", WHEN, server_default=NOW, nullable=False),
        sa.Column("served_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("leased_until", WHEN),
        sa.Column("lease", sa.Text()),
        sa.Column("slow", sa.Boolean()),
        sa.Column("disabled_at", WHEN),
        sa.Column("disabled_reason", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("callback_endpoint_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("callback_endpoint_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    own, named = sa.text("of_account"), sa.text("NOT of_account")
    op.create_index("callback_endpoint_own", "callback_endpoint", ["account_id"], unique=True, postgresql_where=own)
    op.create_index(
        "callback_endpoint_named", "callback_endpoint", ["account_id", "url"], unique=True, postgresql_where=named
    )
    op.create_table(
        "callback",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("goes_to", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("made_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("due_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("tried_at", WHEN),
        sa.Column("settled_at", WHEN),
        sa.Column("attempts", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("fate", sa.Text()),
        sa.Column("trouble", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("callback_pkey")),
        postgresql_with={"fillfactor": "85", "autovacuum_vacuum_scale_factor": "0.02"},
    )
    waits, over = sa.text("settled_at IS NULL"), sa.text("settled_at IS NOT NULL")
    op.create_index("callback_due", "callback", ["goes_to", "due_at", "id"], postgresql_where=waits)
    op.create_index("callback_order", "callback", ["campaign_id", "seq", "id"], postgresql_where=waits)
    op.create_index("callback_failed", "callback", ["id"], postgresql_where=sa.text("fate = 'failed'"))
    op.create_index("callback_settled", "callback", ["settled_at"], postgresql_where=over)
    op.add_column("campaign", sa.Column("callback_endpoint_id", sa.Integer()))
    op.create_foreign_key(
        op.f("campaign_callback_endpoint_id_fkey"), "campaign", "callback_endpoint", ["callback_endpoint_id"], ["id"]
    )
    op.add_column("message", sa.Column("callback_endpoint_id", sa.Integer()))
    op.execute(MESSAGES_FUNCTION)
    op.execute(MESSAGES_TRIGGER)
    op.execute(CAMPAIGN_FUNCTION)
    op.execute(CAMPAIGN_INSERT_TRIGGER)
    op.execute(CAMPAIGN_UPDATE_TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER campaign_callback ON campaign")
    op.execute("DROP TRIGGER campaign_callback_first ON campaign")
    op.execute("DROP TRIGGER message_callbacks ON message")
    op.execute("DROP FUNCTION note_campaign_callback, note_message_callbacks")
    op.drop_column("message", "callback_endpoint_id")
    op.drop_column("campaign", "callback_endpoint_id")
    op.execute("DROP TABLE callback, callback_endpoint")
    op.drop_column("account", "callback_secret")
