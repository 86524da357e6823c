"""Tells the time and waits, for checks that ask a server until something has happened."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05


def monotonic() -> float:
    """Returns seconds since a fixed moment."""
    return time.monotonic()


def unix_seconds() -> float:
    """Returns the time of this machine's clock, in seconds since 1970."""
    return time.time()


def pause(seconds: float) -> None:
    """Waits that many seconds."""
    time.sleep(seconds)


def eventually(
    ask: Callable[[], T], until: Callable[[T], bool], *, seconds: float = 10, what: str
) -> T:
    """Asks again and again until an answer is as it should be; returns that answer.

    Args:
        ask: asks the server.
        until: whether the answer is as it should be.
        seconds: how long to ask.
        what: what is waited for, for the error: "the operation is done".

    Raises:
        AssertionError: the time is over.
    """
    end = monotonic() + seconds
    while True:
        answer = ask()
        if until(answer):
            return answer
        if monotonic() >= end:
            raise AssertionError(f"after {seconds:g} seconds not yet true: {what}")
        pause(POLL_SECONDS)
