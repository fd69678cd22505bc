"""Starts that were lost: of messages, and in a row of what many messages have in common."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text

from dispatcher.ledger.columns import metadata
from dispatcher.ledger.times import EpochMs

lost_start = Table(
    "lost_start",
    metadata,
    Column("campaign_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("attempts", SmallInteger, nullable=False),  # the message's: one more, and this is over
    Column("times", SmallInteger, nullable=False),
    Column("token", Text, nullable=False),  # of the ticket that was lost last
    Column("at", EpochMs, nullable=False),
    Column("alone_at", EpochMs),
)

lost_streak = Table(
    "lost_streak",
    metadata,
    Column("common", Text, primary_key=True),  # account, campaign or sender
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("times", Integer, nullable=False),
    Column("campaign_id", BigInteger, nullable=False),  # the first message
    Column("seq", Integer, nullable=False),
    Column("several", Boolean, nullable=False),
    Column("begun_at", EpochMs, nullable=False),  # by the installation's clock
    Column("token", Text, nullable=False),  # of the ticket that was lost last
    Column("noted_at", EpochMs, nullable=False),  # by that of claims: one that came later ends the streak
)
