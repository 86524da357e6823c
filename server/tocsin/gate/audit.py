"""Writes the audit log: who called which method on which resources, from where, and the outcome.

It has a JSON line for each call that changes something, and for each denied call. Lines have names
and outcomes, but never the contents of requests, and no credentials.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import grpc
import structlog

from tocsin.printable import printable_json
from tocsin.schedule import Clock
from tocsin.schedule.instants import iso
from tocsin.wire.errors import ApiError

log = structlog.get_logger(__name__)

LONGEST_TEXT = 256
MOST_NAMES = 10

DENIALS = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


class AuditSink(Protocol):
    def write(self, line: str) -> None:
        """Adds a line, given without its newline.

        Raises:
            OSError: the line can't be written.
        """


class StderrSink:
    def write(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class FileSink:
    """Appends to a file; begins a new one if it was renamed or removed, as by log rotation."""

    def __init__(self, path: Path) -> None:
        """Opens the file, so that errors are found at the start.

        Raises:
            OSError: the file can't be opened.
        """
        self._path = path
        self._descriptor: int | None = self._open()

    def write(self, line: str) -> None:
        content = f"{line}\n".encode()
        if (written := os.write(self._current(), content)) < len(content):
            raise OSError(f"only {written} of {len(content)} bytes were written")

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _current(self) -> int:
        descriptor = self._descriptor
        if descriptor is None or self._is_elsewhere(descriptor):
            self.close()
            descriptor = self._descriptor = self._open()
        return descriptor

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _is_elsewhere(self, descriptor: int) -> bool:
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return True
        return not os.path.samestat(os.fstat(descriptor), status)


@dataclass(frozen=True, slots=True)
class Audited:
    """A call that has ended; `outcome` is None if its client hung up before.

    `made` has the ids of the resources that it created, by collection.
    """

    event: str
    method: str
    subject: str
    resources: Sequence[str]
    outcome: bytes | ApiError | None
    request_id: str
    peer: str
    made: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Audit:
    """Writes lines to the audit log; a line that can't be written goes to the log instead."""

    def __init__(self, sink: AuditSink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock

    def tell(self, call: Audited) -> None:
        line = self._line(call)
        try:
            self._sink.write(printable_json(json.dumps(line, ensure_ascii=False)))
        except (OSError, ValueError) as error:
            log.error("could not write a line of the audit log", error=str(error), audit=line)

    def _line(self, call: Audited) -> dict[str, Any]:
        now = iso(self._clock.now())
        # The first fields are those of the log's lines.
        line: dict[str, Any] = {
            "timestamp": now,
            "level": "info",
            "time": now,
            "event": call.event or call.method,
            "method": call.method,
            "subject": _bounded(call.subject) or None,
            "resources": _names(call.resources),
            "outcome": _outcome(call.outcome),
            "request_id": call.request_id,
            "peer": _bounded(call.peer) or None,
        }
        if call.made:
            line["made"] = {name: _names(ids) for name, ids in call.made.items()}
        return line


def is_denial(outcome: bytes | ApiError | None) -> bool:
    return isinstance(outcome, ApiError) and outcome.code in DENIALS


def _outcome(outcome: bytes | ApiError | None) -> dict[str, Any]:
    match outcome:
        case None:
            # The call may have succeeded.
            return {"code": grpc.StatusCode.CANCELLED.name, "reason": "CLIENT_GONE"}
        case bytes():
            return {"code": grpc.StatusCode.OK.name}
    error = {"code": outcome.code.name, "reason": outcome.reason}
    # What other errors name comes from the request.
    if not is_denial(outcome):
        return error
    return error | {name: _bounded(value) for name, value in outcome.metadata}


def _names(names: Sequence[str]) -> list[str]:
    first = [_bounded(name) for name in names[:MOST_NAMES]]
    return first if len(names) <= MOST_NAMES else [*first, f"… {len(names) - MOST_NAMES} more"]


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
