"""Waiting for what happens in other processes, and whether those still run."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest


def eventually(is_so: Callable[[], bool]) -> None:
    """Returns as soon as it is so; the limit only ends a test that would hang."""
    for _ in range(1500):
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail("it never was so")


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
