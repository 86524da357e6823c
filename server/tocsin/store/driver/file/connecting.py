"""Opens connections to SQLite, and says its errors in our words."""

import sqlite3
from pathlib import Path

from tocsin.store.driver.database import StoreDamaged, StoreFull, StoreUnavailable

# Another program that uses the file may block the node's writes for so long.
PATIENCE_MILLISECONDS = 5000


def connect(path: Path, *, durable: bool = True) -> sqlite3.Connection:
    """Opens a connection; a durable one waits for the disk at each commit."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
    return connection


def in_our_words(error: Exception) -> Exception:
    """Returns the StoreError for a failure of the disk or its files; other errors unchanged."""
    if isinstance(error, sqlite3.DatabaseError):
        match kind_of(error):
            case sqlite3.SQLITE_FULL:
                return StoreFull("the disk with the database is full")
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                return StoreUnavailable(f"another program has locked the database: {error}")
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
                return StoreUnavailable(f"can't use the database's files: {error}")
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return StoreDamaged(f"the database is damaged: restore a backup ({error})")
    return error


def kind_of(error: sqlite3.DatabaseError) -> int:
    """Returns the kind of an error, such as SQLITE_BUSY for SQLITE_BUSY_RECOVERY; 0 if unknown."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def is_unique_violation(error: Exception) -> bool:
    return isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in (
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    )
