"""Chooses the clocks of a server."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from tocsin.engine.delivering.deliveries import CHANCE
from tocsin.schedule import Clock, ManualClock, SystemClock

# The clock for this process and its clients: timeouts, pauses, rates. It is never manual.
MACHINE_CLOCK = SystemClock()


def clock_of(kind: Literal["system", "manual"], start: datetime | None) -> Clock:
    """Returns the clock by which triggers fire; a manual one starts at `start`, or now."""
    clock = SystemClock()
    return clock if kind == "system" else ManualClock(start or clock.now())


def shared_clock_of(clock: Clock) -> Clock:
    """Returns the clock of what other machines check by theirs, such as tokens; never a manual one.

    Nodes that share a store share its clock.
    """
    return MACHINE_CLOCK if isinstance(clock, ManualClock) else clock


def chance_of(clock: Clock) -> Callable[[], float]:
    """Returns what spreads retries, from 0 to 1; with a manual clock 0, so a test knows when."""
    return (lambda: 0.0) if isinstance(clock, ManualClock) else CHANCE.random
