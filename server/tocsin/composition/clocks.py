"""The clocks of a server: by which it fires, and by which the machine itself goes."""

from datetime import datetime
from typing import Literal

from tocsin.schedule import Clock, ManualClock, SystemClock

# The clock of what is about this process and its clients, not about what fires: in real time.
MACHINE_CLOCK = SystemClock()


def clock_of(kind: Literal["system", "manual"], start: datetime | None) -> Clock:
    """Returns the clock by which triggers fire; a manual one begins at `start`, or now."""
    clock = SystemClock()
    return clock if kind == "system" else ManualClock(start or clock.now())


def shared_clock_of(clock: Clock) -> Clock:
    """Returns the clock of what others check by theirs, such as tokens: never one moved by hand."""
    return MACHINE_CLOCK if isinstance(clock, ManualClock) else clock
