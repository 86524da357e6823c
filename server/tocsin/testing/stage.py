"""Holds what the tests of one process share: the target, and the process of the servers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.testing.child import Child
from tocsin.testing.failure import TocsinError
from tocsin.testing.instants import read_instant
from tocsin.testing.named import NamedServer, new_folder
from tocsin.testing.scene import Tocsin
from tocsin.testing.servers import DATABASE, OwnServer, Serving
from tocsin.testing.target import Recorder, Target

FOLDER = "b1g00000000000000001"


class Stage:
    """Serves one test after another.

    Args:
        directory: for databases and the log.
        named: HOST:PORT of a server to use; empty if each test has its own.
        target: HOST:PORT at which functions are served; port 0 picks a free one.

    Raises:
        TocsinError: the target's address is wrong or taken.
    """

    def __init__(self, directory: Path, *, named: str, target: str) -> None:
        self._directory = directory
        self._named = named
        self._target = _target(target)
        self._child = Child(directory / "log")
        self._tests = 0

    @contextmanager
    def scene(self, start: str) -> Iterator[Tocsin]:
        """Yields what one test uses; its clock starts at an instant in ISO 8601."""
        folder = new_folder() if self._named else FOLDER
        recorder = Recorder(folder)
        serving = self._serve(folder, start)
        self._target.recorder = recorder
        try:
            yield Tocsin(self._child, serving, recorder, folder, lambda: self._target.calls_here)
        finally:
            self._target.recorder = None
            serving.end()

    def log_end(self) -> int:
        return self._child.log_end()

    def logged(self, start: int) -> str:
        """Returns the servers' log from a position on."""
        return self._child.logged(start)

    def close(self) -> None:
        self._child.close()
        self._target.close()

    def _serve(self, folder: str, start: str) -> Serving:
        if self._named:
            return NamedServer(self._child, self._named, folder)
        # The schema is made once, which is half of a start; each test gets a copy.
        if not self._tests:
            self._child.ask("prepare", file=str(self._directory / DATABASE))
        self._tests += 1
        data = self._directory / str(self._tests)
        data.mkdir()
        shutil.copy(self._directory / DATABASE, data)
        return OwnServer(self._child, data, self._target.url, read_instant(start))


def _target(address: str) -> Target:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise TocsinError(f"tocsin_target must be HOST:PORT, not {address!r}")
    try:
        return Target(host.strip("[]"), int(port))
    except OSError as error:
        raise TocsinError(
            f"functions can't be served at tocsin_target, {address}: {error.strerror}"
        ) from error
