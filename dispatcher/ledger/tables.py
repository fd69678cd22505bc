"""What the ledger holds.

    account ── sender
       └── campaign ── campaign_sender      whom it may leave from; none: every sender of the account
              ├── campaign_change           its pace and its start, each time they were changed: what was, what is
              ├── campaign_count            its messages by state, in 16 shards, kept by a trigger
              ├── receipt_count             those that arrived, were read and answered: the same
              └── message ── attempt        (campaign_id, seq); one attempt for each claim
    inbound_event    what webhooks brought, once each
    contact_lock     CPC locks: the durable copy
    suppression      clients who asked not to be contacted
    idempotency_key  requests with their receipts
    pulse            when a provider's messages last could have been released
    audit, audit_finding    how far the auditor got, and what does not add up
    callback_endpoint ── callback    what upstream apps are to be told, and where; rows are written by triggers

message, attempt and callback have no foreign keys: with them a COPY of a million rows would queue a check for each.
Partial indexes hold rare states only, so that an index entry is the exception; a message that is claimed and
settled moves in its primary key alone. Receipts touch no indexed column and stay on their page (HOT).
"""

from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Enum,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ledger.audit_tables import audit as audit
from dispatcher.ledger.audit_tables import audit_finding as audit_finding
from dispatcher.ledger.callback_tables import callback_endpoint
from dispatcher.ledger.columns import metadata as metadata
from dispatcher.ledger.columns import now, number
from dispatcher.ledger.lost_tables import lost_start as lost_start
from dispatcher.ledger.lost_tables import lost_streak as lost_streak
from dispatcher.ledger.times import EpochMs
from dispatcher.ledger.triggers import COUNT_TRIGGER, RECEIPT_TRIGGER


def _values(states: type[StrEnum]) -> list[str]:
    return [state.value for state in states]


MESSAGE_STATE = Enum(MessageState, name="message_state", metadata=metadata, values_callable=_values)
CAMPAIGN_STATE = Enum(
    *(state.value for state in CampaignState if state is not CampaignState.SCHEDULED),
    name="campaign_state",
    metadata=metadata,
)


account = Table(
    "account",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("provider", Text, nullable=False),
    Column("base_urls", ARRAY(Text), nullable=False),
    Column("credentials", Text, nullable=False),  # a JSON object, encrypted
    Column("ingress_digest", Text),
    Column("webhook_digest", Text),
    Column("callback_secret", Text),  # encrypted
    Column("mode", Text, nullable=False, server_default=""),
    Column("options", JSON, nullable=False, server_default="{}"),
    Column("cpc", Boolean, nullable=False),
    Column("cpc_scope", Text, nullable=False),
    Column("on_locked", Text, nullable=False),
    Column("on_doubt", Text, nullable=False),
    Column("timeout_s", Float, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("delay_min_ms", Integer, nullable=False),
    Column("delay_max_ms", Integer, nullable=False),
    Column("validity_s", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("hours", JSON(none_as_null=True)),
    Column("business_hours", JSON, nullable=False, server_default="{}"),  # name -> hours that a campaign may name
    Column("pause_at_error_rate", Float, nullable=False, server_default=text("0.5")),
    Column("error_rate_of", Integer, nullable=False, server_default=text("100")),
    now("created_at"),
    Column("removed_at", EpochMs),
    now("changed_at"),  # it or a sender of it: lanes that rest ask their policies again
    Index("account_ingress", "provider", "ingress_digest", unique=True, postgresql_where=text("removed_at IS NULL")),
)

sender = Table(
    "sender",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("min_gap_ms", Integer, nullable=False),
    Column("daily_limit", Integer, nullable=False),
    Column("token", Text),  # encrypted
    Column("base_urls", ARRAY(Text), nullable=False),
    Column("paused_reason", Text),
    Column("paused_until", EpochMs),
    Column("removed_at", EpochMs),
    Column("line_at", EpochMs),  # when its line last went down or came up, as its provider told
    Column("warm_up", JSON(none_as_null=True)),  # day -> limit
    Column("warm_up_from", EpochMs),  # when the ramp began
    UniqueConstraint("account_id", "name"),
)

campaign = Table(
    "campaign",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("state", CAMPAIGN_STATE, nullable=False, server_default=CampaignState.RUNNING.value),
    Column("name", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("join_key", Text),
    Column("content", JSON(none_as_null=True)),
    Column("options", JSON, nullable=False, server_default="{}"),
    Column("warnings", JSON, nullable=False, server_default="[]"),
    Column("follow_ups", JSON, nullable=False, server_default="[]"),
    Column("callback_url", Text),
    Column("callback_endpoint_id", Integer, ForeignKey(callback_endpoint.c.id)),  # null: nobody is told
    Column("guarded", Boolean, nullable=False),
    Column("on_locked", Text, nullable=False),
    Column("validity_s", Integer, nullable=False),
    number("priority"),
    Column("business_hours", Text),  # null: its account's own
    Column("delay_min_ms", Integer, nullable=False),
    Column("delay_max_ms", Integer, nullable=False),
    Column("chunk_size", Integer, nullable=False),
    Column("chunk_gap_ms", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    number("total"),
    number("untouched_from"),  # below this seq every message has been claimed, or settled when it was accepted
    Column("paused_reason", Text),
    Column("scheduled_for", EpochMs),
    now("created_at"),
    now("grown_at"),
    Column("opened_at", EpochMs),  # null: the lane clock does not know of it, or of what it has grown by
    Column("finished_at", EpochMs),
    Column("removed_at", EpochMs),  # gone for its upstream app, kept for everybody else
    Column("watch_settled", Integer),  # sent and failed messages, and failed ones, when the window began in which
    Column("watch_failed", Integer),  # failures are counted; null: none is open
    Index("campaign_account", "account_id", "id"),
    Index("campaign_join", "account_id", "join_key", unique=True, postgresql_where=text("join_key IS NOT NULL")),
    Index("campaign_live", "id", postgresql_where=text("finished_at IS NULL")),
    Index("campaign_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    postgresql_with={"fillfactor": "70"},
)

campaign_change = Table(
    "campaign_change",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    now("at"),
    Column("was", JSON, nullable=False),
    Column("now_is", JSON, nullable=False),
    Index("campaign_change_campaign", "campaign_id", "id"),
)

campaign_sender = Table(
    "campaign_sender",
    metadata,
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("sender_id", Integer, ForeignKey("sender.id"), primary_key=True),
)

campaign_count = Table(
    "campaign_count",
    metadata,
    Column("campaign_id", BigInteger, primary_key=True, autoincrement=False),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    *(number(state.value) for state in MessageState),
    postgresql_with={"fillfactor": "20"},  # small, and written at every claim and outcome
)

receipt_count = Table(
    "receipt_count",
    metadata,
    Column("campaign_id", BigInteger, primary_key=True, autoincrement=False),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    *(number(name) for name in ("delivered", "read", "answered")),
    postgresql_with={"fillfactor": "20"},
)

message = Table(
    "message",
    metadata,
    Column("campaign_id", BigInteger, primary_key=True, autoincrement=False),
    now("accepted_at"),
    Column("due_at", EpochMs),  # pending: a retry, not before then; in doubt: the next look-up; sent: the next question
    # about its job; failed, after it was sent: its client is given back then
    Column("claimed_at", EpochMs),
    Column("sent_at", EpochMs),
    Column("settled_at", EpochMs),
    Column("delivered_at", EpochMs),
    Column("read_at", EpochMs),
    Column("answered_at", EpochMs),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("sender_id", Integer),
    Column("state", MESSAGE_STATE, nullable=False, server_default=MessageState.PENDING.value),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),  # claims: what fences an outcome
    Column("deferrals", SmallInteger, nullable=False, server_default=text("0")),  # of them, those that cost no try
    Column("doubt_tries", SmallInteger, nullable=False, server_default=text("0")),
    Column("waited", Boolean, nullable=False, server_default=text("false")),  # for its client's lock, once or more
    Column("phone", Text, nullable=False),
    Column("phone_key", Text, nullable=False),
    Column("payload", JSON(none_as_null=True)),  # {"content", "fields", "params"}: those that there are
    Column("reason", Text),
    Column("detail", Text),
    Column("provider_ref", Text),
    Column("callback_endpoint_id", Integer),  # its campaign's, where the trigger that tells of it has it at hand
    Index("message_rare", "campaign_id", "state", "seq", postgresql_where=text("state NOT IN ('pending', 'sent')")),
    Index("message_sent", "campaign_id", "seq", postgresql_where=text("state = 'sent'")),
    Index("message_waiting", "campaign_id", "seq", postgresql_where=text("state = 'pending' AND due_at IS NOT NULL")),
    Index("message_due", "campaign_id", "due_at", postgresql_where=text("state = 'pending' AND due_at IS NOT NULL")),
    Index("message_client", "phone_key", postgresql_where=text("state = 'pending' AND due_at IS NOT NULL")),
    Index("message_sending", "claimed_at", postgresql_where=text("state = 'sending'")),
    Index("message_in_doubt", "claimed_at", "campaign_id", "seq", postgresql_where=text("state = 'in_doubt'")),
    Index("message_doubted_client", "phone_key", postgresql_where=text("state = 'in_doubt'")),
    Index("message_follow", "due_at", postgresql_where=text("state IN ('sent', 'failed') AND due_at IS NOT NULL")),
    Index("message_look_up", "due_at", postgresql_where=text("state = 'in_doubt' AND due_at IS NOT NULL")),
    Index("message_contact", "phone_key", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    Index("message_ref", "provider_ref", postgresql_where=text("provider_ref IS NOT NULL")),
    postgresql_with={"fillfactor": "85", "autovacuum_vacuum_scale_factor": "0.02"},
)

attempt = Table(
    "attempt",
    metadata,
    Column("campaign_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, nullable=False),
    Column("sender_id", Integer, nullable=False),
    Column("started_at", EpochMs, nullable=False),
    Column("ended_at", EpochMs),
    Column("token", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("fate", Text),
    Column("reason", Text),
    Column("detail", Text),
    Index("attempt_sender", "sender_id", "started_at"),  # what a sender sent today, where Redis does not know
    postgresql_with={"fillfactor": "80"},
)

inbound_event = Table(
    "inbound_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", Integer, nullable=False),  # 0: seen by an app of its own, for no account
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", EpochMs, nullable=False),
    Column("phone_key", Text, nullable=False),
    Column("text", Text, nullable=False),  # emptied when the event has been processed
    Column("provider_ref", Text, nullable=False),
    Column("receipt", Text),
    Column("sender_name", Text, nullable=False),
    Column("connected", Boolean),
    Column("reason", Text, nullable=False),
    now("received_at"),
    Column("processed_at", EpochMs),
    Column("what", Text),
    Column("due_at", EpochMs),  # not before then: the message that it is about is not known yet
    Column("leased_until", EpochMs),  # its job was published: nobody else publishes it before then
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    Column("job_ref", Text, nullable=False, server_default=""),
    UniqueConstraint("account_id", "event_id"),
    Index("inbound_event_turns", "account_id", "received_at", postgresql_where=text("processed_at IS NULL")),
    Index("inbound_event_heard", "phone_key", "at", postgresql_where=text("kind = 'reply'")),
)

contact_lock = Table(
    "contact_lock",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("phone_key", Text, primary_key=True),
    Column("campaign_id", BigInteger, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("taken_at", EpochMs, nullable=False),
    Column("until_at", EpochMs, nullable=False),
    Column("lifted_at", EpochMs),
    Column("tried_seq", Integer),  # the message that took it last: the holder, or a follow-up of it
    Column("before_taken_at", EpochMs),  # the hold as it was before a follow-up took it
    Column("before_until_at", EpochMs),
    Index("contact_lock_client", "phone_key"),
    postgresql_with={"fillfactor": "80"},
)

suppression = Table(
    "suppression",
    metadata,
    Column("phone_key", Text, primary_key=True),
    Column("reason", Text, nullable=False, server_default=""),
    now("created_at"),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("receipt", JSON(none_as_null=True)),
    now("created_at"),
    Index("idempotency_key_age", "created_at"),
)

pulse = Table(
    "pulse",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("at", EpochMs, nullable=False),
)

event.listen(metadata, "after_create", COUNT_TRIGGER)
event.listen(metadata, "after_create", RECEIPT_TRIGGER)
