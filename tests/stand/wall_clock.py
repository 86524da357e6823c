"""The wall clock of a server's process, set while it runs: libfaketime, from a wheel.

The monotonic clock goes on as it was, as it does when a machine's clock is set.
"""

import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path


def library() -> Path:
    found = find_spec("libfaketime")
    assert found is not None, "libfaketime's wheel is for Linux on x86-64"
    assert found.origin is not None
    return Path(found.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"


class WallClock:
    """Shows the machine's own time until it is set."""

    def __init__(self, directory: Path) -> None:
        self._offset = timedelta()
        self._file = directory / "faketime"
        self.shift(timedelta())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC) + self._offset

    def shift(self, by: timedelta) -> None:
        """Sets it, at once, to the machine's own time and so much."""
        self._offset = by
        # All or nothing: it is read at every look at the clock.
        written = self._file.with_suffix(".new")
        written.write_text(f"{by.total_seconds():+.6f}s\n")
        written.replace(self._file)

    def set(self, instant: datetime) -> None:
        self.shift(instant - datetime.fromtimestamp(time.time(), UTC))
