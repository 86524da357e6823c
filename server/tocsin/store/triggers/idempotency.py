"""Remembers the answers of RPCs under the client's keys, so that a repeated RPC does nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import (
    Contended,
    KeyedWrite,
    Transaction,
    UniqueViolation,
    Value,
)
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
ASKED = FixedList("asked", 64)
BY_KEYS = select(table.c.key, *REMEMBERED.columns).where(
    table.c.scope == bindparam("scope"), table.c.key.in_(ASKED.parameters)
)
INSERT_NEW = KeyedWrite(
    insert_or_not(table)
    .values({name: bindparam(name) for name in ("scope", "key", *REMEMBERED.names)})
    .on_conflict_do_nothing(),
    table.c.key,
    "key",
)
# In a transaction that no other can get between, a row that is there has expired.
REPLACE = insert_or_not(table).values(
    {name: bindparam(name) for name in ("scope", "key", *REMEMBERED.names)}
)
REPLACE = REPLACE.on_conflict_do_update(
    index_elements=[table.c.scope, table.c.key],
    set_={name: REPLACE.excluded[name] for name in REMEMBERED.names},
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


def is_remembered(tx: Transaction, request: RequestKey, *, now: datetime) -> bool:
    """Returns whether an RPC with this key is remembered; takes no lock."""
    remembered = REMEMBERED.one(tx, SELECT, scope=request.scope, key=request.key)
    return remembered is not None and remembered.expires_at > now


def remembered_answers(
    tx: Transaction, scope: str, keys: Sequence[str], *, now: datetime
) -> dict[str, Remembered]:
    """Returns the first RPCs with some keys of a scope, by key, as far as they are remembered."""
    known: dict[str, Remembered] = {}
    for asked in ASKED.slices(keys):
        for key, *row in tx.all(BY_KEYS, scope=scope, **asked):
            remembered = REMEMBERED.of(tuple(row))
            if remembered.expires_at > now:
                known[key] = remembered
    if known and not tx.exclusive:
        # As above.
        tx.each(CONFIRM, [{"scope": scope, "key": key} for key in sorted(known)])
    return known


def remember_answers(
    tx: Transaction, scope: str, first: Mapping[str, Remembered], *, now: datetime
) -> None:
    """Remembers first RPCs with their answers, by keys that were not remembered just now.

    Raises:
        Contended: another node has just taken a key.
    """
    # In the same order everywhere: otherwise two transactions could wait for each other.
    rows: list[dict[str, Value]] = [
        {"scope": scope, "key": key, **REMEMBERED.values(each)}
        for key, each in sorted(first.items(), key=lambda item: item[0])
    ]
    if tx.exclusive:
        tx.many(REPLACE, rows)
        return
    written = tx.keys_written(INSERT_NEW, rows)
    if len(written) == len(rows):
        return
    expired = [row for row in rows if row["key"] not in written]
    for row in expired:
        tx.run(DELETE, in_scope=scope, of_key=row["key"], now=to_micros(now))
    if len(tx.keys_written(INSERT_NEW, expired)) < len(expired):
        raise Contended


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
