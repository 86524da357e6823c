"""Keeps nodes that have just started away from a database that a command has for itself."""

from sqlalchemy import func, select

from tocsin.store.driver.database import StoreError
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.copies import all_copies
from tocsin.store.migrations.upgrading import MIGRATION_LOCK, moved

# Free again at the end of the transaction.
TAKE = select(func.pg_try_advisory_xact_lock_shared(MIGRATION_LOCK))


def is_fenced(tx: Transaction) -> bool:
    """Returns whether a restore, a move or a migration has the database for itself.

    A command takes the lock and then looks for nodes, a node connects and then looks for the lock:
    whoever comes second sees the other. On SQLite a lock of the file does that.

    Raises:
        StoreError: the database was moved meanwhile.
    """
    if tx.exclusive:
        return False
    if not tx.value(TAKE):
        return True
    for copy in all_copies(tx):
        if (problem := moved(copy.id, copy.role, copy.peer, copy.ended_at)) is not None:
            raise StoreError(f"the database {problem}")
    return False
