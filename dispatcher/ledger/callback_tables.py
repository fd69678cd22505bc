"""The outbox: endpoints that upstream apps named, and what they are to be told. Triggers write the rows."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Integer, Table, Text, event, text

from dispatcher.ledger.callback_triggers import CALLBACK_TRIGGERS
from dispatcher.ledger.columns import metadata, now, number
from dispatcher.ledger.times import EpochMs

callback_endpoint = Table(
    "callback_endpoint",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("of_account", Boolean, nullable=False),  # what the accounts file names; else what a campaign named
    Column("url", Text, nullable=False),
    number("failures"),
    Column("failing_since", EpochMs),
    now("not_before"),
    now("served_at"),
    Column("leased_until", EpochMs),
    Column("lease", Text),
    Column("slow", Boolean),  # it took its time at the last calls; null: nobody has called it
    Column("disabled_at", EpochMs),
    Column("disabled_reason", Text),
    Index("callback_endpoint_own", "account_id", unique=True, postgresql_where=text("of_account")),
    Index("callback_endpoint_named", "account_id", "url", unique=True, postgresql_where=text("NOT of_account")),
    postgresql_with={"fillfactor": "50"},
)

callback = Table(
    "callback",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("campaign_id", BigInteger, nullable=False),
    Column("goes_to", Integer, nullable=False),
    Column("seq", Integer, nullable=False),  # -1: the campaign itself
    Column("at", EpochMs, nullable=False),
    now("made_at"),
    now("due_at"),
    Column("tried_at", EpochMs),
    Column("settled_at", EpochMs),  # null: waits
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("fate", Text),
    Column("trouble", Text),
    Index("callback_due", "goes_to", "due_at", "id", postgresql_where=text("settled_at IS NULL")),
    Index("callback_order", "campaign_id", "seq", "id", postgresql_where=text("settled_at IS NULL")),
    Index("callback_failed", "id", postgresql_where=text("fate = 'failed'")),
    Index("callback_settled", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    postgresql_with={"fillfactor": "85", "autovacuum_vacuum_scale_factor": "0.02"},
)

for _trigger in CALLBACK_TRIGGERS:
    event.listen(metadata, "after_create", _trigger)
