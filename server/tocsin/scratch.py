"""Makes a directory for sockets that lives as long as the process.

A process that is killed leaves its directory behind; the next one to start removes it.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import structlog

log = structlog.get_logger(__name__)

PREFIX = "tocsin-serve-"
LOCK = "lock"


class Scratch:
    """Holds the directory of this process, and its lock."""

    def __init__(self, path: Path, held: ExitStack) -> None:
        self.path = path
        self._held = held
        held.enter_context(_locked(path))

    def restore(self) -> None:
        """Makes the directory again if somebody removed it or its lock.

        Raises:
            OSError: it can't be made, or another user took its name.
        """
        if (self.path / LOCK).exists():
            return
        self.path.mkdir(mode=stat.S_IRWXU, exist_ok=True)
        if not _is_ours(self.path):
            raise PermissionError(errno.EPERM, "another user took its name", str(self.path))
        self._held.enter_context(_locked(self.path))


@contextmanager
def scratch_directory(within: Path | None = None) -> Iterator[Scratch]:
    """Makes a directory that only this user can read, and removes it at the end.

    Args:
        within: the directory to make it in; None means the system's directory for temporary files.

    Raises:
        OSError: the directory can't be made.
    """
    above = within or Path(tempfile.gettempdir())
    _remove_left(above)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=above) as path, ExitStack() as held:
        yield Scratch(Path(path), held)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    # The file gets its name once it is locked, so no other process finds it unlocked.
    unnamed = directory / f"{LOCK}.new"
    with unnamed.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unnamed.rename(directory / LOCK)
        yield


def _remove_left(above: Path) -> None:
    """Removes the directories of this user's processes that have ended."""
    for directory in above.glob(f"{PREFIX}*"):
        try:
            if _is_ours(directory) and (lock := _freed_lock(directory)) is not None:
                with lock:
                    shutil.rmtree(directory)
                log.info(
                    "removed the directory that a killed server left behind",
                    directory=str(directory),
                )
        except OSError as error:
            log.warning(
                "could not remove the directory that a killed server left behind",
                directory=str(directory),
                error=str(error),
            )


def _is_ours(directory: Path) -> bool:
    """Returns whether it is a directory, not a link, that only this user may change."""
    status = directory.lstat()
    closed = stat.S_IMODE(status.st_mode) == stat.S_IRWXU
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and closed


def _freed_lock(directory: Path) -> IO[bytes] | None:
    """Takes the lock of a process that has ended; returns None if it lives or is just starting."""
    try:
        lock = (directory / LOCK).open("rb")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
