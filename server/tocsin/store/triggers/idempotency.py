"""Remembers the answers of RPCs under the client's keys, so that a repeated RPC does nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation
from tocsin.store.schema import remembered_requests as table


@dataclass(frozen=True, slots=True)
class Remembered:
    """The fingerprint and the answer of the first RPC with a key."""

    fingerprint: bytes
    answer: bytes
    expires_at: datetime


INSERT = insert(table)
REMEMBERED = Record(Remembered, table)
SELECT = select(*REMEMBERED.columns).where(
    table.c.scope == bindparam("scope"), table.c.key == bindparam("key")
)
# The lock is written to the log of PostgreSQL, behind the commit of the first RPC.
CONFIRM = SELECT.with_for_update()
DELETE = delete(table).where(
    table.c.scope == bindparam("in_scope"),
    table.c.key == bindparam("of_key"),
    # Another node may have written the row since it was read.
    table.c.expires_at <= bindparam("now"),
)
UPDATE = (
    update(table)
    .where(table.c.scope == bindparam("in_scope"), table.c.key == bindparam("of_key"))
    .values(answer=bindparam("given"), expires_at=bindparam("until"))
)


class RequestMismatch(Exception):
    """The key was used before, for another request."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Identifies a repeated RPC: the client's key in its scope, and the request's fingerprint."""

    scope: str
    key: str
    fingerprint: bytes


def remembered_answer(tx: Transaction, request: RequestKey, *, now: datetime) -> bytes | None:
    """Returns the answer of the first RPC with this key, or None for the first one.

    The first one takes the key, so that the same RPC on another node waits for it, and must call
    `remember_answer` in the same transaction.

    Raises:
        RequestMismatch: the key was used for another request.
        Contended: another node has just taken the key.
    """
    remembered = REMEMBERED.one(tx, SELECT, scope=request.scope, key=request.key)
    if remembered is None or remembered.expires_at <= now:
        _take_key(tx, request, now)
        return None
    if remembered.fingerprint != request.fingerprint:
        raise RequestMismatch
    if not tx.exclusive:
        # Its commit may not have reached the standby; this one, which waits for that, makes sure.
        tx.one(CONFIRM, scope=request.scope, key=request.key)
    return remembered.answer


def remember_answer(
    tx: Transaction, request: RequestKey, answer: bytes, *, expires_at: datetime
) -> None:
    tx.run(
        UPDATE,
        in_scope=request.scope,
        of_key=request.key,
        given=answer,
        until=to_micros(expires_at),
    )


def _take_key(tx: Transaction, request: RequestKey, now: datetime) -> None:
    tx.run(DELETE, in_scope=request.scope, of_key=request.key, now=to_micros(now))
    try:
        tx.run(
            INSERT,
            scope=request.scope,
            key=request.key,
            fingerprint=request.fingerprint,
            answer=b"",
            expires_at=to_micros(now),
        )
    except UniqueViolation:
        raise Contended from None
