"""Notices when files of a SQLite database are removed or replaced while it is open.

SQLite goes on writing to the files that it has opened, whatever bears their names by then, and
nothing of that would be found after a restart.
"""

import os
from pathlib import Path

from tocsin.store.driver.database import StoreUnavailable

# The first four bytes of a log, by the byte order of its checksums (SQLite's file format, 4.1).
LOG_MAGICS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
# The head of a log has the size of a page from byte 8 on, and other salts after each beginning.
HEAD_BYTES = 32
PAGE_SIZE = slice(8, 12)
# Each page of the log follows a head of its own, which begins with the page's number, from 1 on.
FRAME_HEAD_BYTES = 24


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
        self._log_head = b""
        self._log_was_cut = False
        self.fault: str | None = None
        """What the last check found wrong."""

    def close(self) -> None:
        os.close(self._log)

    def check(self) -> None:
        """Compares the files; takes some ten microseconds.

        Raises:
            StoreUnavailable: one was removed, replaced, emptied or cut.
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
            return _fault(str(self.log_path), "was cut" if self._log_was_cut else "was emptied")
        return None

    def _log_is_whole(self) -> bool:
        """Returns whether the log begins as a log does, and still has what it had.

        After a checkpoint it may be empty, or begin again.
        """
        size, head = os.fstat(self._log).st_size, os.pread(self._log, HEAD_BYTES, 0)
        if head and head == self._log_head and self._lost_its_end(size):
            self._log_was_cut = True
        self.log_bytes, self._log_head = size, head
        return not self._log_was_cut and (size == 0 or head[:4] in LOG_MAGICS)

    def _lost_its_end(self, size: int) -> bool:
        """Returns whether the last page of the last check is gone.

        SQLite has written behind it since, where it remembers the end: then zeros stand there.
        """
        frame = FRAME_HEAD_BYTES + int.from_bytes(self._log_head[PAGE_SIZE], "big")
        frames = (self.log_bytes - HEAD_BYTES) // frame
        if frames <= 0:
            return False
        last = HEAD_BYTES + (frames - 1) * frame
        return size < last + frame or not any(os.pread(self._log, 4, last))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _fault(name: str, what: str) -> str:
    return (
        f"{name} {what} while the server used it, so that a restart would not find new changes: "
        "put the file back, or stop the server and restore a backup"
    )
