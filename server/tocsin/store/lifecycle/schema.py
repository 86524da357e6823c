"""Defines the tables that say whether a store may be served, and whether it may fire."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tocsin.store.driver.metadata import ASCII, metadata

# A node that does not know these tables would serve a store that was moved away, or fire what waits
# in one that was restored. So it must not use a database that has such a row.
KNOWN_SINCE = "0030"

# One row: the store was restored, and nothing fires until the row is deleted.
holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # When the store was restored, and when its backup was taken.
    Column("since", BigInteger, nullable=False),
    Column("backup_at", BigInteger, nullable=False),
    # The URL of the database that was backed up, without its password.
    Column("origin", Text, nullable=False),
)

# The moves and the backup that this database takes part in.
copies = Table(
    "copies",
    metadata,
    Column("id", ASCII, primary_key=True),
    # A name of `Role`.
    Column("role", ASCII, nullable=False),
    # The URL of the other database, without its password.
    Column("peer", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    # Empty while the copy is incomplete.
    Column("ended_at", BigInteger),
    # The version of Tocsin that copied.
    Column("version", Text, nullable=False),
    # Of a destination: the statements that make its indexes when all rows are there, as JSON.
    Column("indexes", Text),
)

# For each table of a copy: how many of its rows are copied, their checksum, and the key of the last
# one, as JSON. The key is empty when all are copied.
copied_tables = Table(
    "copied_tables",
    metadata,
    Column("copy_id", ASCII, primary_key=True),
    Column("name", ASCII, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("checksum", ASCII, nullable=False),
    Column("position", Text),
)
