"""Stores which copies of the whole store this database takes part in, and how far they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.lifecycle.compatibility import keep_older_nodes_out
from tocsin.store.lifecycle.schema import copied_tables, copies


class Role(StrEnum):
    """What a database is in a copy."""

    BACKUP = "backup"
    """It is a backup, or was made from one."""
    SOURCE = "source"
    """It is or was moved to the peer, and must not be served."""
    DESTINATION = "destination"
    """It is or was moved from the peer; it must not be served before the move has ended."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup or a move; `schema.py` describes the columns."""

    id: str
    role: Role
    peer: str
    began_at: datetime
    ended_at: datetime | None
    version: str
    indexes: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a table is copied: `position` is the key of the last row, None after all rows."""

    name: str
    rows: int
    checksum: int
    position: tuple[Value, ...] | None


RECORD = Record(Copy, copies)
ALL = select(*RECORD.columns).order_by(copies.c.began_at, copies.c.id)
INSERT = insert(copies).values(RECORD.bound)
END = update(copies).where(copies.c.id == bindparam("of_id")).values(ended_at=bindparam("ended"))
DELETE = delete(copies).where(copies.c.id == bindparam("id"))
DELETE_TABLES = delete(copied_tables).where(copied_tables.c.copy_id == bindparam("id"))
PROGRESS = select(
    copied_tables.c.name, copied_tables.c.rows, copied_tables.c.checksum, copied_tables.c.position
).where(copied_tables.c.copy_id == bindparam("id"))
_put = upsert(copied_tables)
PUT = _put.on_conflict_do_update(
    index_elements=[copied_tables.c.copy_id, copied_tables.c.name],
    set_={name: _put.excluded[name] for name in ("rows", "checksum", "position")},
)


def all_copies(tx: Transaction) -> list[Copy]:
    """Returns the copies that this database takes part in, the oldest first."""
    return RECORD.all(tx, ALL)


def begin_copy(tx: Transaction, copy: Copy) -> None:
    """Notes a copy; nodes that don't know copies refuse the database from then on."""
    tx.run(INSERT, **RECORD.values(copy))
    keep_older_nodes_out(tx)


def end_copy(tx: Transaction, copy_id: str, *, at: datetime) -> None:
    tx.run(END, of_id=copy_id, ended=to_micros(at))


def forget_copy(tx: Transaction, copy_id: str) -> None:
    tx.run(DELETE_TABLES, id=copy_id)
    tx.run(DELETE, id=copy_id)


def progress_of(tx: Transaction, copy_id: str) -> Mapping[str, Progress]:
    """Returns how far the tables of a copy are, by their names."""
    return {
        name: Progress(name, rows, int(checksum, 16), position and _position_of(position))
        for name, rows, checksum, position in tx.all(PROGRESS, id=copy_id)
    }


def keep_progress(tx: Transaction, copy_id: str, progress: Progress) -> None:
    position = progress.position
    tx.run(
        PUT,
        copy_id=copy_id,
        name=progress.name,
        rows=progress.rows,
        checksum=f"{progress.checksum:032x}",
        position=None if position is None else json.dumps(position, default=_hex),
    )


def _hex(value: bytes) -> dict[str, str]:
    return {"hex": value.hex()}


def _position_of(text: str) -> tuple[Value, ...]:
    return tuple(
        bytes.fromhex(part["hex"]) if isinstance(part, dict) else part for part in json.loads(text)
    )
