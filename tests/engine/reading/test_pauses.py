"""A source that fails is asked less and less often until it is well again."""

import asyncio
from typing import Any

import pytest

from tocsin.engine.observer import UNOBSERVED
from tocsin.engine.reading.pulling import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    STEADY_SECONDS,
    PulledLine,
    Pulling,
)
from tocsin.engine.reading.standings import Standings
from tocsin.schedule import SystemClock
from tocsin.sources.reader import Line, SourceFailed


class PausedClock(SystemClock):
    """Notes pauses instead of making them, and ends the test's loop after some."""

    def __init__(self, most: int) -> None:
        self.pauses: list[float] = []
        self.time = 0.0
        self._most = most

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds
        if len(self.pauses) == self._most:
            raise asyncio.CancelledError


class FailingReader:
    """Connects, does what it is to do, and fails."""

    kinds = ("data_stream",)

    def __init__(self, clock: PausedClock, *, stays: float = 0, takes: bool = False) -> None:
        self._clock = clock
        self._stays = stays
        self._takes = takes

    def reading_key(self, _: Any) -> str:
        return "all"

    async def read(self, line: Line) -> None:
        line.connected()
        if self._takes:
            await line.take([])
        self._clock.time += self._stays
        raise SourceFailed("the broker hung up")

    async def close(self) -> None: ...


class Intake:
    async def take(self, _: Any) -> list[Any]:
        return []


def pauses_of(clock: PausedClock, reader: FailingReader) -> list[float]:
    store: Any = type("Store", (), {"on": lambda *_: None})()
    standings = Standings(store, clock, UNOBSERVED, machine_clock=clock)
    pulling = Pulling(store, [reader], Intake(), standings, machine_clock=clock, chance=lambda: 1.0)
    line = PulledLine((0, "all"), Intake(), standings, machine_clock=clock)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(pulling._keep_reading(line))
    return clock.pauses


def test_a_source_that_connects_and_hangs_up_is_asked_less_and_less_often() -> None:
    clock = PausedClock(8)
    pauses = pauses_of(clock, FailingReader(clock))
    assert pauses == [1, 2, 4, 8, 16, *[LONGEST_PAUSE_SECONDS] * 3]


@pytest.mark.parametrize("well", [{"stays": STEADY_SECONDS}, {"takes": True}])
def test_a_source_that_was_well_is_asked_again_soon(well: Any) -> None:
    clock = PausedClock(3)
    assert pauses_of(clock, FailingReader(clock, **well)) == [FIRST_PAUSE_SECONDS] * 3
