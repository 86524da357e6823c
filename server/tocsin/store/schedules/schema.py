"""Defines the table of schedules."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from tocsin.store.driver.metadata import ASCII, metadata, partial_index

schedules = Table(
    "schedules",
    metadata,
    # `projects/*/locations/*/schedules/*`.
    Column("name", ASCII, primary_key=True),
    # `projects/*/locations/*`.
    Column("parent", Text, nullable=False),
    # The full name of the integration.
    Column("integration", Text, nullable=False),
    # The Schedule, without what the columns have.
    Column("message", LargeBinary, nullable=False),
    # The instant that fires next, and when: with its jitter. Empty while it is paused, and when no
    # instant follows. While the run before must end first, `due_at` is empty, and `waits_for` is
    # that run's invocation.
    Column("tick_at", BigInteger),
    Column("due_at", BigInteger),
    Column("waits_for", ASCII),
    # The latest instant that ran, and its invocation.
    Column("last_tick_at", BigInteger),
    Column("last_invocation", ASCII),
    Column("skipped", BigInteger, nullable=False),
    Column("missed", BigInteger, nullable=False),
    Column("last_error", Text),
    Index("schedules_in_location", "parent", "name"),
)
partial_index("schedules_due", schedules.c.due_at, where=schedules.c.due_at.is_not(None))
partial_index("schedules_waiting", schedules.c.waits_for, where=schedules.c.waits_for.is_not(None))
