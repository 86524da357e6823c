"""What the tests of one process share ends well, whatever is under way."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tocsin.testing import TocsinError
from tocsin.testing.stage import Stage


def test_a_call_under_way_when_its_server_stops_fails(tmp_path: Path) -> None:
    called, released = Event(), Event()

    def hang(event: Any) -> None:
        called.set()
        released.wait()

    stage = Stage(tmp_path, named="", target="127.0.0.1:0")
    with ThreadPoolExecutor(1) as threads:
        with stage.scene("2026-01-01T00:00Z") as tocsin:
            tocsin.create_timer("0 9 * * ? *", function=hang)
            moving = threads.submit(tocsin.advance, days=1)
            assert called.wait(30)
        with pytest.raises(TocsinError, match="the server was stopped before it answered"):
            moving.result(30)
        released.set()
    with stage.scene("2026-01-01T00:00Z") as tocsin:
        assert tocsin.deliveries == []
    stage.close()
    with pytest.raises(TocsinError, match="process ended with status 0"):
        tocsin.advance()


def test_a_process_that_was_killed_is_told_and_ends_in_peace(tmp_path: Path) -> None:
    others = children()
    stage = Stage(tmp_path, named="", target="127.0.0.1:0")
    (process,) = children() - others
    told = "process ended with status -9; its log:"
    scene = ExitStack()
    tocsin = scene.enter_context(stage.scene("2026-01-01T00:00Z"))
    os.kill(process, signal.SIGKILL)
    with pytest.raises(TocsinError, match=told):
        tocsin.advance(days=1)
    with pytest.raises(TocsinError, match=told):
        scene.close()
    stage.close()


def children() -> set[int]:
    """The processes that this one started, and that still are there."""
    pids = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in pids}
