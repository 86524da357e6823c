"""A directory for as long as the process lives, in which sockets lie.

A process that is killed leaves its own behind; the next one to start takes it away.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import structlog

log = structlog.get_logger(__name__)

PREFIX = "tocsin-serve-"
LOCK = "lock"


@contextmanager
def scratch_directory(within: Path | None = None) -> Iterator[Path]:
    """Makes a directory that nobody else can read, below the system's for temporary files.

    Raises:
        OSError: it can't be made.
    """
    above = within or Path(tempfile.gettempdir())
    _remove_left(above)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=above) as made:
        directory = Path(made)
        with _locked(directory):
            yield directory


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    # Under its name it appears only when it is held: nobody can find it in between.
    unnamed = directory / f"{LOCK}.new"
    with unnamed.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unnamed.rename(directory / LOCK)
        yield


def _remove_left(above: Path) -> None:
    """Removes what processes of this user left behind that are no more."""
    for directory in above.glob(f"{PREFIX}*"):
        try:
            if _is_ours(directory) and (lock := _freed_lock(directory)) is not None:
                with lock:
                    shutil.rmtree(directory)
                log.info("what a killed server left behind is removed", directory=str(directory))
        except OSError as error:
            log.warning("left behind and can't be removed", error=str(error))


def _is_ours(directory: Path) -> bool:
    """Whether it is a directory, not a link to one, that this user alone may change."""
    found = directory.lstat()
    closed = stat.S_IMODE(found.st_mode) == stat.S_IRWXU
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and closed


def _freed_lock(directory: Path) -> IO[bytes] | None:
    """Takes the lock if the process that held it is no more; None: it lives, or only begins."""
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
