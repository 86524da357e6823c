"""Remembers before which instant nothing waits, so that a claim need not look there."""

from datetime import datetime, timedelta

from tocsin.schedule import Clock
from tocsin.store.driver.instants import EPOCH

# Clocks of nodes differ by milliseconds, and what is due now is written some milliseconds later.
SLACK = timedelta(seconds=1)
# The bell of something that was written late may be lost.
BETWEEN_LOOKS_AT_ALL_SECONDS = 5.0


class Horizon:
    """Holds the instant from which on a node looks for due invocations.

    It follows what is found. A bell for something earlier takes it back, and so do some seconds.
    """

    def __init__(self, machine_clock: Clock) -> None:
        self._machine_clock = machine_clock
        self._look_at_all_at = 0.0
        self._takings_back = 0
        self.since = EPOCH

    def rung(self, at: datetime | None) -> None:
        """Takes the horizon back if something may be due before it."""
        if at is None or at < self.since:
            self.since = EPOCH
            self._takings_back += 1

    def look(self) -> int:
        """Begins to look, at everything if the last time is long ago; returns a token."""
        now = self._machine_clock.monotonic()
        if now >= self._look_at_all_at:
            self.rung(None)
            self._look_at_all_at = now + BETWEEN_LOOKS_AT_ALL_SECONDS
        return self._takings_back

    def found(self, look: int, earliest: datetime | None, now: datetime) -> None:
        """Advances the horizon to what a look found, unless it was taken back meanwhile.

        Args:
            look: its token.
            earliest: the due instant of the first that waits, None if nothing does.
            now: when the look began: until then all that waited was seen.
        """
        if look == self._takings_back:
            self.since = max(self.since, min(earliest or now, now) - SLACK)
