"""Checkpoints that fail are reported, and tried again at each commit."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.store.driver.file.checkpoints import CHECKPOINT_CALLS, Checkpoints
from tocsin.store.driver.file.connecting import connect

MEGABYTE = 1024 * 1024
PATIENCE = 30


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Lets this process write no file beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def commit_until(checkpoints: Checkpoints, condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up
        checkpoints.committed(1, 0)
        time.sleep(0.01)


def test_a_checkpoint_that_keeps_failing_is_reported_until_it_works_again(path: Path) -> None:
    writer = connect(path)
    checkpoints = Checkpoints(path)
    try:
        writer.execute("CREATE TABLE t (payload BLOB)")
        writer.execute("INSERT INTO t VALUES (zeroblob(?))", (4 * MEGABYTE,))
        with files_up_to(MEGABYTE):
            checkpoints.committed(CHECKPOINT_CALLS, 0)
            commit_until(checkpoints, lambda: checkpoints.fault is not None)
            assert "the log grows" in str(checkpoints.fault)
        commit_until(checkpoints, lambda: checkpoints.fault is None)
        assert path.stat().st_size > 4 * MEGABYTE
    finally:
        checkpoints.close()
        writer.close()
