"""Formats the lines of the log and sends them to stderr."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

import structlog

from tocsin.logs.repeating import SWITCH, LimitedEvents, LimitedRecords, RepeatedLines
from tocsin.printable import printable, printable_json
from tocsin.schedule import SystemClock
from tocsin.schedule.instants import iso

# What may have several lines: a stack, and an exception that was formatted before.
TRACES = ("stack", "exception")


class ConsoleLines:
    """Formats events as lines for people; what strangers wrote in them can't steer a terminal."""

    def __init__(self, *, colors: bool) -> None:
        self._lines = structlog.dev.ConsoleRenderer(
            colors=colors, pad_event_to=0, exception_formatter=_write_traceback
        )

    def __call__(
        self, logger: Any, method: str, event: structlog.typing.EventDict
    ) -> str | bytes | bytearray:
        return self._lines(logger, method, dict(_safe(event)))


class _Shown:
    """Is shown by the console's renderer, which asks for its `repr`, as this text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _safe(event: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in event.items():
        safe = value
        if key == "event" or key in TRACES:
            safe = printable(str(value), newlines=key in TRACES)
        elif key != "exc_info":
            text = value if isinstance(value, str) else repr(value)
            if not text.isprintable():
                safe = _Shown(printable(repr(value)))
        yield printable(key), safe


def _write_traceback(to: TextIO, exception: structlog.typing.ExcInfo) -> None:
    """Writes a traceback without local variables, which may hold secrets."""
    traceback = io.StringIO()
    structlog.dev.plain_traceback(traceback, exception)
    to.write(printable(traceback.getvalue(), newlines=True))


def json_line(level: str, event: str, **fields: Any) -> str:
    """Returns a line of the JSON log, without its newline, for what the loggers do not write."""
    line = {"event": event, "level": level, "timestamp": iso(SystemClock().now()), **fields}
    return printable_json(json.dumps(line, ensure_ascii=False, default=str))


def dropped_lines(log_format: str) -> Callable[[int], str]:
    """Returns what makes the line that says how many lines of the log were dropped."""
    event = "lines of the log were dropped, as nobody read stderr"

    def line(lines: int) -> str:
        if log_format == "json":
            return f"{json_line('error', event, lines=lines)}\n"
        return f"{event} lines={lines}\n"

    return line


def configure_logs(log_format: str, level: str) -> RepeatedLines:
    """Makes structlog, the standard library's logging and warnings write to stderr in one format.

    Args:
        log_format: `json`, or anything else for lines that a person reads.
        level: name of the lowest level to write; the standard library's is at least `warning`.

    Returns:
        The lines that repeat; their numbers are told while they are `swept`.
    """
    repeated = RepeatedLines(SystemClock().monotonic, _tell)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = ConsoleLines(colors=sys.stderr.isatty())
    if log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[LimitedEvents(repeated), *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    handler.addFilter(LimitedRecords(repeated))
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    logging.captureWarnings(True)
    return repeated


def _tell(level: str, event: str, fields: Mapping[str, Any]) -> None:
    getattr(structlog.get_logger(**{SWITCH: False}), level)(event, **fields)
