"""What the auditor keeps: whose turn it is, how far the rounds got, and what does not add up now."""

from sqlalchemy import JSON, BigInteger, Column, Integer, SmallInteger, Table, Text, text

from dispatcher.ledger.columns import metadata, now
from dispatcher.ledger.times import EpochMs

audit = Table(
    "audit",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # 1: there is one
    Column("lease", Text),
    Column("leased_until", EpochMs),
    Column("ended_at", EpochMs),  # the last round that was gone through
    Column("places", JSON, nullable=False, server_default=text("'{}'")),
)

audit_finding = Table(
    "audit_finding",
    metadata,
    Column("check_name", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("campaign_id", BigInteger),
    Column("seq", Integer),
    Column("items", Integer, nullable=False),
    Column("note", Text, nullable=False),
    now("found_at"),
    now("seen_at"),
)
