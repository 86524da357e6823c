"""Locks a SQLite database for one process."""

import fcntl
import os
import struct
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import structlog

from tocsin.store.driver.database import StoreError

log = structlog.get_logger(__name__)

# One byte far beyond those that SQLite locks, which lie around the first gigabyte.
LOCKED_BYTE = 1 << 62


class FileLock:
    """Holds the locks of a database until it is closed or the process ends.

    It must be taken before SQLite opens the file and closed after SQLite closed it: when a process
    closes any descriptor of a file, the system drops SQLite's locks on it.
    """

    def __init__(self, held: ExitStack) -> None:
        self._held = held

    def close(self) -> None:
        self._held.close()


def take_lock(path: Path) -> FileLock:
    """Locks the database, and makes an empty file if it does not exist.

    Two locks exclude a second server: one on the file `….lock` beside the database, which servers
    of 0.1.0 take too, and on Linux one on the database file itself, which has the same lock by
    each of its names.

    Raises:
        StoreError: another process has locked it.
        OSError: a file can't be made or opened.
    """
    with ExitStack() as held:
        beside = path.with_name(path.name + ".lock")
        _lock_beside(held.enter_context(_opened(beside)), path)
        # Payloads are private. SQLite gives the files beside this one the same mode.
        _lock_itself(held.enter_context(_opened(path)), path)
        return FileLock(held.pop_all())


def _opened(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb+", buffering=0)


def _lock_beside(lock: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise _in_use(path) from error


def _lock_itself(database: IO[bytes], path: Path) -> None:
    """Locks a byte of the open file description, which SQLite's locks of the process don't touch.

    Elsewhere than on Linux such locks are missing, or would exclude SQLite's own.
    """
    if sys.platform != "linux":
        return
    whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, LOCKED_BYTE, 1, 0)
    try:
        fcntl.fcntl(database, fcntl.F_OFD_SETLK, whole)
    except (BlockingIOError, PermissionError) as error:
        raise _in_use(path) from error
    except OSError as error:
        log.warning(
            "can't lock the database file itself, only the file `.lock` beside it keeps a second "
            "server away",
            error=error.strerror,
        )


def _in_use(path: Path) -> StoreError:
    return StoreError(
        f"another tocsin is using {path}, and a SQLite database serves only one node: "
        "stop that one, or give this one another --database"
    )
