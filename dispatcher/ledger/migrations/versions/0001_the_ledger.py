"""The ledger as it began: accounts, campaigns, messages, and the trigger that counts them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


STATES = ("pending", "sending", "sent", "failed", "blocked", "suppressed", "expired", "cancelled", "in_doubt")
WHEN = sa.TIMESTAMP(timezone=True)

COUNT_FUNCTION = """
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_count AS kept (
        campaign_id, shard, pending, sending, sent, failed, blocked, suppressed, expired, cancelled, in_doubt
    )
    SELECT campaign_id, mod(pg_backend_pid(), 16),
        coalesce(sum(net) FILTER (WHERE state = 'pending'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'sending'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'sent'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'failed'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'blocked'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'suppressed'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'expired'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'cancelled'), 0),
        coalesce(sum(net) FILTER (WHERE state = 'in_doubt'), 0)
    FROM (
        SELECT campaign_id, state, sum(one) AS net
        FROM (
            SELECT campaign_id, state, -1 AS one FROM message_before
            UNION ALL
            SELECT campaign_id, state, 1 FROM message_after
        ) AS change
        GROUP BY campaign_id, state
        HAVING sum(one) <> 0
    ) AS moved
    GROUP BY campaign_id
    ON CONFLICT (campaign_id, shard) DO UPDATE SET
        pending = kept.pending + excluded.pending,
        sending = kept.sending + excluded.sending,
        sent = kept.sent + excluded.sent,
        failed = kept.failed + excluded.failed,
        blocked = kept.blocked + excluded.blocked,
        suppressed = kept.suppressed + excluded.suppressed,
        expired = kept.expired + excluded.expired,
        cancelled = kept.cancelled + excluded.cancelled,
        in_doubt = kept.in_doubt + excluded.in_doubt;
    RETURN NULL;
END $$
"""

COUNT_TRIGGER = """
CREATE TRIGGER message_count AFTER UPDATE ON message
REFERENCING OLD TABLE AS message_before NEW TABLE AS message_after
FOR EACH STATEMENT EXECUTE FUNCTION count_messages()
"""


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("base_urls", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("ingress_digest", sa.Text()),
        sa.Column("webhook_digest", sa.Text()),
        sa.Column("mode", sa.Text(), server_default="", nullable=False),
        sa.Column("options", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("cpc", sa.Boolean(), nullable=False),
        sa.Column("cpc_scope", sa.Text(), nullable=False),
        sa.Column("on_locked", sa.Text(), nullable=False),
        sa.Column("on_doubt", sa.Text(), nullable=False),
        sa.Column("timeout_s", sa.Float(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("delay_min_ms", sa.Integer(), nullable=False),
        sa.Column("delay_max_ms", sa.Integer(), nullable=False),
        sa.Column("validity_s", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("hours", sa.JSON()),
        sa.Column("created_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", WHEN),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint("name", name=op.f("account_name_key")),
    )
    op.create_index(
        "account_ingress",
        "account",
        ["provider", "ingress_digest"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "attempt",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("started_at", WHEN, nullable=False),
        sa.Column("ended_at", WHEN),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("campaign_id", "seq", "attempt", name=op.f("attempt_pkey")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "campaign_count",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        *(sa.Column(state, sa.Integer(), server_default=sa.text("0"), nullable=False) for state in STATES),
        sa.PrimaryKeyConstraint("campaign_id", "shard", name=op.f("campaign_count_pkey")),
        postgresql_with={"fillfactor": "20"},
    )
    op.create_table(
        "contact_lock",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("phone_key", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("taken_at", WHEN, nullable=False),
        sa.Column("until_at", WHEN, nullable=False),
        sa.Column("lifted_at", WHEN),
        sa.PrimaryKeyConstraint("scope", "phone_key", name=op.f("contact_lock_pkey")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("contact_lock_client", "contact_lock", ["phone_key"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("receipt", sa.JSON()),
        sa.Column("created_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("idempotency_key_pkey")),
    )
    op.create_index("idempotency_key_age", "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "inbound_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("phone_key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text()),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("connected", sa.Boolean()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("processed_at", WHEN),
        sa.Column("what", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("inbound_event_pkey")),
        sa.UniqueConstraint("account_id", "event_id", name=op.f("inbound_event_account_id_event_id_key")),
    )
    op.create_index(
        "inbound_event_waiting",
        "inbound_event",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.create_table(
        "message",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("accepted_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", WHEN),
        sa.Column("claimed_at", WHEN),
        sa.Column("sent_at", WHEN),
        sa.Column("settled_at", WHEN),
        sa.Column("delivered_at", WHEN),
        sa.Column("read_at", WHEN),
        sa.Column("answered_at", WHEN),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sender_id", sa.Integer()),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="message_state"),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deferrals", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("doubt_tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("phone_key", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON()),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("provider_ref", sa.Text()),
        sa.PrimaryKeyConstraint("campaign_id", "seq", name=op.f("message_pkey")),
        postgresql_with={"fillfactor": "85", "autovacuum_vacuum_scale_factor": "0.02"},
    )
    op.create_index(
        "message_contact",
        "message",
        ["phone_key", "sent_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_index(
        "message_in_doubt",
        "message",
        ["claimed_at", "campaign_id", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'in_doubt'"),
    )
    op.create_index(
        "message_look_up",
        "message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'in_doubt' AND due_at IS NOT NULL"),
    )
    op.create_index(
        "message_rare",
        "message",
        ["campaign_id", "state", "seq"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('pending', 'sent')"),
    )
    op.create_index(
        "message_ref", "message", ["provider_ref"], unique=False, postgresql_where=sa.text("provider_ref IS NOT NULL")
    )
    op.create_index(
        "message_retry",
        "message",
        ["campaign_id", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'pending' AND due_at IS NOT NULL"),
    )
    op.create_index(
        "message_sending", "message", ["claimed_at"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_table(
        "suppression",
        sa.Column("phone_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("phone_key", name=op.f("suppression_pkey")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "paused", "done", "cancelled", name="campaign_state"),
            server_default="running",
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("join_key", sa.Text()),
        sa.Column("content", sa.JSON()),
        sa.Column("options", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("warnings", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("follow_ups", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("callback_url", sa.Text()),
        sa.Column("guarded", sa.Boolean(), nullable=False),
        sa.Column("on_locked", sa.Text(), nullable=False),
        sa.Column("validity_s", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delay_min_ms", sa.Integer(), nullable=False),
        sa.Column("delay_max_ms", sa.Integer(), nullable=False),
        sa.Column("chunk_size", sa.Integer(), nullable=False),
        sa.Column("chunk_gap_ms", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("untouched_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("paused_reason", sa.Text()),
        sa.Column("scheduled_for", WHEN),
        sa.Column("created_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("grown_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("opened_at", WHEN),
        sa.Column("finished_at", WHEN),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("campaign_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("campaign_pkey")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("campaign_account", "campaign", ["account_id", "id"], unique=False)
    op.create_index(
        "campaign_join",
        "campaign",
        ["account_id", "join_key"],
        unique=True,
        postgresql_where=sa.text("join_key IS NOT NULL"),
    )
    op.create_index("campaign_live", "campaign", ["id"], unique=False, postgresql_where=sa.text("finished_at IS NULL"))
    op.create_table(
        "sender",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("min_gap_ms", sa.Integer(), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("base_urls", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("paused_reason", sa.Text()),
        sa.Column("paused_until", WHEN),
        sa.Column("removed_at", WHEN),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("sender_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sender_pkey")),
        sa.UniqueConstraint("account_id", "name", name=op.f("sender_account_id_name_key")),
    )
    op.create_table(
        "campaign_sender",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("campaign_sender_campaign_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("campaign_sender_sender_id_fkey")),
        sa.PrimaryKeyConstraint("campaign_id", "sender_id", name=op.f("campaign_sender_pkey")),
    )
    op.execute(COUNT_FUNCTION)
    op.execute(COUNT_TRIGGER)


def downgrade() -> None:
    op.execute("DROP TABLE campaign_sender, sender, campaign, suppression, message, inbound_event")
    op.execute("DROP TABLE idempotency_key, contact_lock, campaign_count, attempt, account")
    op.execute("DROP FUNCTION count_messages")
    op.execute("DROP TYPE message_state, campaign_state")
