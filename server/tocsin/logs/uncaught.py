"""Logs exceptions that no code can catch any more, where Python would print tracebacks."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

log = structlog.get_logger(__name__)


@contextmanager
def uncaught_logged() -> Iterator[None]:
    """Logs, for a while, what ends threads and what is raised where objects are destroyed."""
    before = threading.excepthook, sys.unraisablehook
    threading.excepthook, sys.unraisablehook = _ended_thread, _unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


def _ended_thread(ended: Any) -> None:
    if ended.exc_type is SystemExit:
        return
    name = ended.thread.name if ended.thread is not None else ""
    log.error("an exception ended a thread", thread=name, exc_info=_info(ended))


def _unraisable(raised: Any) -> None:
    log.error(
        "an exception could not be raised",
        where=f"{raised.err_msg or 'in'} {raised.object!r}",
        exc_info=_info(raised),
    )


def _info(raised: Any) -> tuple[Any, Any, Any]:
    return raised.exc_type, raised.exc_value, raised.exc_traceback
