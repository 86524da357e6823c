"""Defines the table of jobs."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tocsin.store.driver.metadata import ASCII, metadata, partial_index

# Work on many invocations, which is done step by step.
jobs = Table(
    "jobs",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("kind", ASCII, nullable=False),
    Column("state", ASCII, nullable=False),
    # The resource whose roles count, or `*`.
    Column("resource", Text, nullable=False),
    # Who began it; empty without access control.
    Column("subject", Text, nullable=False),
    # Which invocations it is about, as JSON.
    Column("wanted", Text, nullable=False),
    # How many there were when it began, and whether counting stopped there.
    Column("selected", BigInteger, nullable=False),
    Column("at_least", Integer, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    # The position after which the next step begins. Empty: at the beginning.
    Column("reached_at", BigInteger),
    Column("reached_id", ASCII),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
partial_index("jobs_running", jobs.c.id, where=jobs.c.finished_at.is_(None))
partial_index("jobs_by_end", jobs.c.finished_at, where=jobs.c.finished_at.is_not(None))
