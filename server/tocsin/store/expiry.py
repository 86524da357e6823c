"""Deletes expired rows, a slice at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Delete, Select, Table, bindparam, delete, select

from tocsin.store.access.schema import credentials, revoked_tokens, sessions, used_assertions
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.jobs.schema import jobs
from tocsin.store.notices.schema import notice_causes
from tocsin.store.schema import accepted_events, decisions, remembered_requests

# Millions may expire at once, and every other write would wait for them.
DELETED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Expiring:
    """A table whose rows are deleted when they have been expired for `kept`."""

    table: str
    end_of_slice: Select[Any]
    delete: Delete
    kept: timedelta


def _expiring(table: Table, over_at: Column[Any], *, kept: timedelta = timedelta()) -> Expiring:
    """`over_at` is an indexed column: when a row expires, or NULL for never."""
    is_over = over_at <= bindparam("until")
    end_of_slice = (
        select(over_at).where(is_over).order_by(over_at).offset(DELETED_AT_ONCE - 1).limit(1)
    )
    return Expiring(table.name, end_of_slice, delete(table).where(is_over), kept)


REQUESTS = _expiring(remembered_requests, remembered_requests.c.expires_at)
EVENTS = _expiring(accepted_events, accepted_events.c.expires_at)
# Longer than a year, so that yearly ticks can be compared with the last ones.
DECISIONS = _expiring(decisions, decisions.c.last_at, kept=timedelta(days=400))
REVOKED_TOKENS = _expiring(revoked_tokens, revoked_tokens.c.expires_at)
USED_ASSERTIONS = _expiring(used_assertions, used_assertions.c.expires_at)
SESSIONS = _expiring(sessions, sessions.c.expires_at)
# Tokens that an API key or OAuth token was exchanged for may outlive it, but not by more.
CREDENTIALS = _expiring(credentials, credentials.c.expires_at, kept=timedelta(days=1))
JOBS = _expiring(jobs, jobs.c.finished_at, kept=timedelta(days=7))

# A cause that goes on for longer is told of again.
CAUSES = _expiring(notice_causes, notice_causes.c.noticed_at, kept=timedelta(days=31))

# These expire by the clock that events and calls go by.
REMEMBERED = (REQUESTS, EVENTS, DECISIONS, JOBS, CAUSES)
# These expire by the clock that tokens go by.
PROOFS = (REVOKED_TOKENS, USED_ASSERTIONS, CREDENTIALS, SESSIONS)


def delete_expired(tx: Transaction, expiring: Expiring, *, now: datetime) -> int:
    """Deletes some expired rows; returns how many, 0 when none are left."""
    until = to_micros(now - expiring.kept)
    end = tx.value(expiring.end_of_slice, until=until)
    return tx.run(expiring.delete, until=until if end is None else end)
