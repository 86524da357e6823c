"""Notices when files of a SQLite database are removed or replaced while it is open.

SQLite goes on writing to the files that it has opened, whatever bears their names by then, and
nothing of that would be found after a restart.
"""

import os
from pathlib import Path

from tocsin.store.driver.database import StoreUnavailable

# The first four bytes of a log, by the byte order of its checksums (SQLite's file format, 4.1).
LOG_MAGICS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


class DatabaseFiles:
    """Compares the database file, its log and the log's index with those that SQLite opened.

    It opens none but the log, as closing a descriptor of the others would drop SQLite's locks.
    """

    def __init__(self, path: Path) -> None:
        """Remembers the files, which SQLite must have opened before.

        Raises:
            OSError: one of them can't be found.
        """
        self.path = path
        self.log_path = path.with_name(path.name + "-wal")
        names = (path, self.log_path, path.with_name(path.name + "-shm"))
        self._known = tuple((str(name), _identity(os.stat(name))) for name in names)
        self._log = os.open(self.log_path, os.O_RDONLY | os.O_CLOEXEC)
        self.log_bytes = 0
        """The size of the log at the last check."""
        self.fault: str | None = None
        """What the last check found wrong."""

    def close(self) -> None:
        os.close(self._log)

    def check(self) -> None:
        """Compares the files; takes some ten microseconds.

        Raises:
            StoreUnavailable: one was removed, replaced or emptied.
        """
        self.fault = self._find_fault()
        if self.fault is not None:
            raise StoreUnavailable(self.fault)

    @property
    def log_can_be_saved(self) -> bool:
        """Whether the log alone lost its name, so that a checkpoint saves what is in it."""
        (database, known), *_ = self._known
        try:
            return _identity(os.stat(database)) == known and self._log_is_whole()
        except OSError:
            return False

    def _find_fault(self) -> str | None:
        for name, known in self._known:
            try:
                status = os.stat(name)
            except FileNotFoundError:
                return _fault(name, "was removed")
            except OSError as error:
                return f"can't find {name}: {error.strerror}"
            if _identity(status) != known:
                return _fault(name, "was replaced")
            if status.st_size == 0 and name == self._known[0][0]:
                return _fault(name, "was emptied")
        if not self._log_is_whole():
            return _fault(str(self.log_path), "was emptied")
        return None

    def _log_is_whole(self) -> bool:
        """Returns whether the log begins as a log does, or is empty after a checkpoint."""
        self.log_bytes = os.fstat(self._log).st_size
        return self.log_bytes == 0 or os.pread(self._log, 4, 0) in LOG_MAGICS


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _fault(name: str, what: str) -> str:
    return (
        f"{name} {what} while the server used it, so that a restart would not find new changes: "
        "put the file back, or stop the server and restore a backup"
    )
