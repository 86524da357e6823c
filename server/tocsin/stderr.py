"""Writes to stderr by a thread, so that a reader who stops reading stops nothing else."""

import io
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# What waits for the reader. Beyond that, lines are dropped and counted.
MOST_BYTES: Final = 4 * 1024 * 1024
# How long an ending process waits for the reader.
LAST_SECONDS = 2.0
STDERR = 2


class UnblockedStderr(io.TextIOBase):
    """Stands in for `sys.stderr`: takes whole lines, and never waits for the reader.

    Lines that find no room are dropped; `dropped` makes the line that says how many. If stderr is
    closed, all lines are dropped.
    """

    def __init__(self, descriptor: int, dropped: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._dropped = dropped
        self._news = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._lost = 0
        self._writing = False
        self._closed = False
        threading.Thread(target=self._run, name="stderr", daemon=True).start()

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        data = text.encode(errors="backslashreplace")
        with self._news:
            if self._closed:
                return len(text)
            if self._bytes + len(data) > MOST_BYTES:
                self._lost += text.count("\n")
            else:
                self._waiting.append(data)
                self._bytes += len(data)
                self._news.notify()
        return len(text)

    def finish(self, seconds: float) -> None:
        """Waits until all is written, but no longer than so many seconds."""
        with self._news:
            self._news.wait_for(lambda: not (self._waiting or self._lost or self._writing), seconds)

    def _run(self) -> None:
        while True:
            data = self._next()
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                # Nobody can be told: the reader is gone, and so is the log.
                self._end()
                return

    def _next(self) -> bytes:
        """Waits for lines; returns all that wait, and how many were dropped before them."""
        with self._news:
            self._writing = False
            self._news.notify_all()
            self._news.wait_for(lambda: self._waiting or self._lost)
            self._writing = True
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            if self._lost:
                data += self._dropped(self._lost).encode()
                self._lost = 0
            return data

    def _end(self) -> None:
        with self._news:
            self._closed = True
            self._writing = False
            self._lost = 0
            self._waiting.clear()
            self._news.notify_all()


@contextmanager
def unblocked_stderr(dropped: Callable[[int], str]) -> Iterator[None]:
    """Replaces `sys.stderr` for a while; at the end what waits is written, if anyone reads it."""
    before, written = sys.stderr, UnblockedStderr(STDERR, dropped)
    sys.stderr = written
    try:
        yield
    finally:
        written.finish(LAST_SECONDS)
        sys.stderr = before


def open_standard_descriptors() -> None:
    """Opens /dev/null in place of stdin, stdout and stderr where a parent closed them.

    Otherwise the next file that the process opens gets their number, and what is printed goes into
    that file.
    """
    for descriptor in range(STDERR + 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name, descriptor in (("stdout", 1), ("stderr", STDERR)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", closefd=False))  # noqa: SIM115
