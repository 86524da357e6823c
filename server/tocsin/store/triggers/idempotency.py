"""Answers remembered under a key that the client gave, so that a repeated call is not run again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation
from tocsin.store.schema import remembered_requests as table


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the first call under a key asked for, by its fingerprint, and its answer."""

    fingerprint: bytes
    answer: bytes
    expires_at: datetime


INSERT = insert(table)
REMEMBERED = Record(Remembered, table)
SELECT = select(*REMEMBERED.columns).where(
    table.c.scope == bindparam("scope"), table.c.key == bindparam("key")
)
DELETE = delete(table).where(
    table.c.scope == bindparam("in_scope"),
    table.c.key == bindparam("of_key"),
    # What another node has written since it was looked for has not.
    table.c.expires_at <= bindparam("now"),
)
UPDATE = (
    update(table)
    .where(table.c.scope == bindparam("in_scope"), table.c.key == bindparam("of_key"))
    .values(answer=bindparam("given"), expires_at=bindparam("until"))
)


class RequestMismatch(Exception):
    """The key was used before, for a call that asked for something else."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes a call the same call: the client's key in its scope, and what was asked."""

    scope: str
    key: str
    fingerprint: bytes


def remembered_answer(tx: Transaction, request: RequestKey, *, now: datetime) -> bytes | None:
    """Returns the first answer under this key, while it is kept.

    Where there is none the key is taken, so that the same call on another node waits for this one;
    `remember_answer` belongs into the same transaction.

    Raises:
        RequestMismatch: the key stands for another request.
        Contended: another node was given the key this moment.
    """
    found = REMEMBERED.one(tx, SELECT, scope=request.scope, key=request.key)
    if found is None or found.expires_at <= now:
        _take_key(tx, request, now)
        return None
    if found.fingerprint != request.fingerprint:
        raise RequestMismatch
    return found.answer


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
