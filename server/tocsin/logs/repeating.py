"""Limits warnings and errors that repeat: of each cause one line a minute, then their number.

Loops that try again for ever, and what strangers send, can then not fill a disk.
"""

import logging
import re
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog

EVERY_SECONDS = 60.0
LOOKED_EACH_SECONDS = 1.0
# Causes of one event that have a line each; the others share one.
CAUSES_OF_AN_EVENT = 30
LIMITED = ("warning", "error", "critical")
# A logger with this value false writes all its lines.
SWITCH = "limited"
# What a line says of its cause.
CAUSE_FIELDS = ("error", "why", "step")
# Ports, addresses and durations differ between lines of one cause; numbers in names are names.
NUMBERS = re.compile(r"0x[0-9a-f]+|(?<![\w-])\d+(?![\w-])")
OTHERS = "others"

Event: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Window:
    """Holds the minute after a line: how many more lines of its cause came, and what they say."""

    since: float
    left_out: int = 0
    says: Mapping[str, Any] = field(default_factory=dict)


class RepeatedLines:
    """Knows the causes of the last minute's lines; several threads use it.

    `monotonic` returns seconds. `tell` writes a line by its level, its event and its fields.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        tell: Callable[[str, str, Mapping[str, Any]], None],
    ) -> None:
        self._monotonic = monotonic
        self._tell = tell
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[Event, Hashable], Window] = OrderedDict()
        self._causes: Counter[Event] = Counter()

    def admits(self, event: Event, cause: Hashable, says: Mapping[str, Any]) -> bool:
        """Returns whether a line is to be written.

        Args:
            event: the line's level, and its text or the library that it is from.
            cause: what lines of one cause have in common.
            says: the fields that the line with the number of the others repeats.
        """
        self.sweep()
        with self._lock:
            key: tuple[Event, Hashable] = (event, cause)
            if key not in self._windows and self._causes[event] >= CAUSES_OF_AN_EVENT:
                key = (event, OTHERS)
            window = self._windows.get(key)
            if window is None:
                self._windows[key] = Window(self._monotonic())
                self._causes[event] += 1
                return True
            window.left_out += 1
            window.says = says
            return False

    def sweep(self, *, ending: bool = False) -> None:
        """Tells how many lines were left out in each minute that is over; all if it is `ending`."""
        for event, window in self._over(ending):
            level, text = event
            self._tell(
                level,
                f"… {window.left_out} more like it in the last minute",
                {"of": text, **window.says, "lines": window.left_out},
            )

    @contextmanager
    def swept(self) -> Iterator[None]:
        """Tells the numbers in time, by a thread, and what is left at the end."""
        ended = threading.Event()

        def sweep() -> None:
            while not ended.wait(LOOKED_EACH_SECONDS):
                self.sweep()

        thread = threading.Thread(target=sweep, name="logs", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.sweep(ending=True)

    def _over(self, ending: bool) -> list[tuple[Event, Window]]:
        over: list[tuple[Event, Window]] = []
        with self._lock:
            now = self._monotonic()
            while self._windows:
                key, window = next(iter(self._windows.items()))
                if now - window.since < EVERY_SECONDS and not ending:
                    break
                del self._windows[key]
                if window.left_out:
                    over.append((key[0], window))
                if window.left_out and not ending:
                    # The line that tells the number is this minute's line.
                    self._windows[key] = Window(now)
                else:
                    self._causes[key[0]] -= 1
        return over


class LimitedEvents:
    """Limits events of structlog, as one of its processors."""

    def __init__(self, lines: RepeatedLines) -> None:
        self._lines = lines

    def __call__(
        self, _logger: Any, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if not event.pop(SWITCH, True) or method not in LIMITED:
            return event
        says = {name: event[name] for name in CAUSE_FIELDS if name in event}
        kind = kind_of(event.get("exc_info"))
        if kind:
            says["exception"] = kind
        # An error is a cause by itself. Without one, the ids of a line make it what it is.
        told = says if "error" in says or "why" in says else {**event, "exc_info": kind}
        cause = tuple(sorted((name, NUMBERS.sub("", str(told[name]))) for name in told))
        if self._lines.admits((method, str(event.get("event"))), cause, says):
            return event
        raise structlog.DropEvent


class LimitedRecords(logging.Filter):
    """Limits the lines of libraries, which use the standard library's logging."""

    def __init__(self, lines: RepeatedLines) -> None:
        super().__init__()
        self._lines = lines

    def filter(self, record: logging.LogRecord) -> bool:
        level = record.levelname.lower()
        if level not in LIMITED:
            return True
        kind = kind_of(record.exc_info)
        text = str(record.msg)
        if kind == UnicodeDecodeError.__name__ and record.name.startswith("grpc"):
            record.exc_info = None  # a client's metadata is no text, and no fault of the server's
        says = {"error": text, **({"exception": kind} if kind else {})}
        return self._lines.admits((level, record.name), (NUMBERS.sub("", text), kind), says)


def kind_of(exc_info: Any) -> str:
    """Returns the type of an exception, in any form in which loggers take it; else nothing."""
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    return type(error).__name__ if isinstance(error, BaseException) else ""
