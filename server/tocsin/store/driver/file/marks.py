"""Marks a SQLite database as in use, so that a copy without its log is recognised.

SQLite deletes the log when the last connection closes. A database that is marked and has no log
file was copied without it, or has lost it: the changes since the last checkpoint are gone.
"""

import sqlite3
from pathlib import Path

# The number that `PRAGMA user_version` reads, at byte 60 of the file (SQLite's file format, 1.3).
HEADER_BYTES = 100
MARK = slice(60, 64)
IN_USE = 1


def mark_in_use(connection: sqlite3.Connection) -> None:
    """Marks the database, in the file itself: a mark in the log would be lost with the log."""
    connection.execute(f"PRAGMA user_version = {IN_USE}")
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def mark_closed(connection: sqlite3.Connection) -> None:
    """Removes the mark; the checkpoint of the last close writes that into the file."""
    connection.execute("PRAGMA user_version = 0")


def lost_its_log(path: Path) -> bool:
    """Returns whether the database was in use when it was last written, and has no log.

    A program that only looks makes an empty log, so an empty one counts as none.
    """
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return False
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        return False
    return int.from_bytes(header[MARK], "big") == IN_USE
