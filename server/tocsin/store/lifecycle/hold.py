"""Stores the hold of a store that was restored: nothing fires until it is released."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.compatibility import keep_older_nodes_out
from tocsin.store.lifecycle.schema import holds as table


@dataclass(frozen=True, slots=True)
class Hold:
    """When the store was restored, when its backup was taken, and of which database."""

    since: datetime
    backup_at: datetime
    origin: str


RECORD = Record(Hold, table)
SELECT = select(*RECORD.columns)
INSERT = insert(table).values(id=1, **RECORD.bound)
DELETE = delete(table)


def find_hold(tx: Transaction) -> Hold | None:
    """Returns the hold; None means that the store may fire."""
    return RECORD.one(tx, SELECT)


def put_on_hold(tx: Transaction, hold: Hold) -> None:
    """Puts the store on hold; nodes that don't know holds refuse it from then on."""
    tx.run(DELETE)
    tx.run(INSERT, **RECORD.values(hold))
    keep_older_nodes_out(tx)


def release(tx: Transaction) -> bool:
    """Ends the hold; returns False if there was none."""
    return tx.run(DELETE) > 0
