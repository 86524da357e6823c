"""Lines that repeat are written once a minute, with their number."""

import logging
from contextlib import suppress
from typing import Any

import pytest
import structlog

from tocsin.logs.repeating import (
    CAUSES_OF_AN_EVENT,
    EVERY_SECONDS,
    LimitedEvents,
    LimitedRecords,
    RepeatedLines,
)


class Log:
    """Takes lines as the server's log does, at a time that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.written: list[str] = []
        self.numbers: list[tuple[str, str, dict[str, Any]]] = []
        self.lines = RepeatedLines(lambda: self.now, self._number)
        self._events = LimitedEvents(self.lines)
        self._records = LimitedRecords(self.lines)

    def _number(self, level: str, event: str, fields: Any) -> None:
        self.numbers.append((level, event, dict(fields)))

    def write(self, event: str, level: str = "warning", **fields: Any) -> None:
        with suppress(structlog.DropEvent):
            self.written.append(self._events(None, level, {"event": event, **fields})["event"])

    def record(self, text: str, *arguments: object, level: int = logging.WARNING) -> None:
        record = logging.LogRecord("library", level, "", 0, text, arguments, None)
        if self._records.filter(record):
            self.written.append(record.getMessage())


@pytest.fixture
def log() -> Log:
    return Log()


def test_one_cause_has_one_line_a_minute_and_the_number_of_the_others(log: Log) -> None:
    for number in range(813):
        log.write("source failed", error=f"timed out after {number}.5 s", trigger_id=str(number))
    assert log.written == ["source failed"]
    log.now = EVERY_SECONDS
    log.lines.sweep()
    error = {"error": "timed out after 812.5 s"}
    [number] = log.numbers
    assert number == (
        "warning",
        "… 812 more like it in the last minute",
        {"of": "source failed", **error, "lines": 812},
    )
    # That was this minute's line.
    log.now += 1
    log.write("source failed", error="timed out after 1.5 s")
    assert log.written == ["source failed"]


def test_a_cause_that_comes_back_after_a_quiet_minute_has_its_line_at_once(log: Log) -> None:
    log.write("source failed", error="refused")
    log.now = EVERY_SECONDS + 1
    log.write("source failed", error="refused")
    assert log.written == ["source failed"] * 2
    assert log.numbers == []


def test_other_causes_have_their_own_lines(log: Log) -> None:
    for queue in ("orders-1", "orders-2"):
        log.write("source failed", error=f"queue {queue} is away")
    log.write("step failed", step="a", error="x")
    log.write("step failed", step="b", error="x")
    log.write("step failed", step="b", error="x", level="error")
    assert len(log.written) == 5


def test_lines_without_an_error_repeat_if_all_their_fields_do(log: Log) -> None:
    for trigger in "aab":
        log.write("missed ticks", trigger_id=trigger)
    assert len(log.written) == 2


def test_exceptions_of_one_thing_are_told_once(log: Log) -> None:
    for invocation in "aab":
        log.write("broke off", "error", exc_info=ValueError("x"), invocation_id=invocation)
    log.write("broke off", "error", exc_info=OSError("x"), invocation_id="a")
    assert len(log.written) == 3


def test_errors_that_are_never_the_same_fill_no_disk(log: Log) -> None:
    for number in range(10_000):
        log.write("refused a mail", error=f"from x{number}@example.org")
    assert len(log.written) == CAUSES_OF_AN_EVENT + 1
    log.lines.sweep(ending=True)
    assert sum(fields["lines"] for _, _, fields in log.numbers) == 10_000 - len(log.written)


def test_information_and_loggers_that_limit_themselves_write_all_their_lines(log: Log) -> None:
    for _ in range(3):
        log.write("delivered", "info", error="x")
        log.write("delivery failed", error="x", limited=False)
    assert len(log.written) == 6


def test_lines_of_libraries_are_limited_by_their_text(log: Log) -> None:
    for number in range(5):
        log.record("connection %d is lost", number)
        log.record(f"socket.send() raised at 0x7f{number}.")
        log.record("idle", level=logging.INFO)
    assert log.written.count("idle") == 5
    assert len(log.written) == 7


def test_metadata_that_is_no_text_has_no_traceback(log: Log) -> None:
    records = LimitedRecords(log.lines)
    for name, error, has_one in (
        ("grpc._cython.cygrpc", UnicodeDecodeError("utf-8", b"\x80", 0, 1, "invalid"), False),
        ("grpc._cython.cygrpc", ValueError("x"), True),
        ("other", UnicodeDecodeError("utf-8", b"\x80", 0, 1, "invalid"), True),
    ):
        record = logging.LogRecord(
            name, logging.ERROR, "", 1, "Invalid encoding on %s", (b"\x80",), None
        )
        record.exc_info = (type(error), error, None)
        assert records.filter(record)
        assert (record.exc_info is not None) is has_one


def test_at_the_end_all_numbers_are_told(log: Log) -> None:
    with log.lines.swept():
        for _ in range(3):
            log.write("source failed", error="x")
    assert [fields["lines"] for _, _, fields in log.numbers] == [2]
