"""Defines the table of causes that people were told of."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, literal_column

from tocsin.store.driver.metadata import ASCII, metadata, partial_index

# For each cause of notices, when it was told of last.
notice_causes = Table(
    "notice_causes",
    metadata,
    Column("trigger_id", ASCII, primary_key=True),
    # `failure`, `silence` or `recovery`.
    Column("kind", ASCII, primary_key=True),
    # The name of the receiver in the settings.
    Column("receiver", ASCII, primary_key=True),
    Column("noticed_at", BigInteger, nullable=False),
    # 1: it goes on, so its end is to be told of.
    Column("ongoing", Integer, nullable=False),
    Index("notice_causes_by_instant", "noticed_at"),
)
partial_index(
    "notice_causes_ongoing",
    notice_causes.c.trigger_id,
    notice_causes.c.kind,
    notice_causes.c.receiver,
    where=notice_causes.c.ongoing == literal_column("1"),
)
