"""Moves committed writes from the log of SQLite into the database file."""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import structlog

from tocsin.store.driver.file.connecting import connect

log = structlog.get_logger(__name__)

CHECKPOINT_CALLS = 1000
CHECKPOINT_BYTES = 4 * 1024 * 1024
# A single failure may be a full disk that has space again; two in a row are reported.
FAILURES = 2


class Checkpoints:
    """Makes checkpoints beside the commits.

    SQLite would do so within a commit, and every thousandth commit would wait for it.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-checkpoint")
        self._under_way: Future[None] | None = None
        self._calls = 0
        self._size = 0
        self._failures = 0
        self._error = ""

    @property
    def fault(self) -> str | None:
        """Says why the log only grows, when several checkpoints in a row have failed."""
        if self._failures < FAILURES:
            return None
        return f"can't move the log of SQLite into its database, the log grows: {self._error}"

    def committed(self, calls: int, log_bytes: int) -> None:
        """Begins a checkpoint when it is time for one, or the last one failed."""
        self._calls += calls
        enough = self._calls >= CHECKPOINT_CALLS or log_bytes >= self._size + CHECKPOINT_BYTES
        if (enough or self._failures) and (self._under_way is None or self._under_way.done()):
            self._calls, self._size = 0, log_bytes
            self._under_way = self._thread.submit(self._checkpoint)

    def empty(self, writer: sqlite3.Connection) -> None:
        """Empties the log, which checkpoints beside steady writes never do; `writer` waits."""
        try:
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            self._failed(error)
        else:
            self._size = 0

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()

    def _checkpoint(self) -> None:
        try:
            # Passive: it never keeps a writer waiting.
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            self._failed(error)
        else:
            if self._failures:
                log.info("the log of SQLite can be moved into its database again")
            self._failures = 0

    def _failed(self, error: sqlite3.Error) -> None:
        self._failures, self._error = self._failures + 1, str(error)
        if self._failures == 1:
            log.error(
                "could not move the log of SQLite into its database, the log grows until that "
                "works",
                error=self._error,
            )
