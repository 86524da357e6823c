"""A wall clock that is set is noticed within seconds; one that runs is not."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from tocsin.engine.upkeep.clock_watch import ClockWatch
from tocsin.schedule import ManualClock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLEWED = timedelta(milliseconds=1)


def jumps_of(sets: list[timedelta]) -> tuple[list[timedelta], list[float]]:
    """What is told when the wall is set so, every five seconds; and what the log says."""

    async def scenario() -> list[timedelta]:
        clock, jumps = ManualClock(NOON), list[timedelta]()
        watch = ClockWatch(clock, jumps.append)

        async def keep_looking() -> None:
            while True:
                await watch.run_once()

        looking = asyncio.create_task(keep_looking())
        for by in sets:
            await clock.advance(timedelta(seconds=2))
            clock.set_wall(clock.now() + by)
            await clock.advance(timedelta(seconds=3))
        looking.cancel()
        return jumps

    with structlog.testing.capture_logs() as logs:
        jumps = asyncio.run(scenario())
    return jumps, [line["by_seconds"] for line in logs]


def test_each_jump_is_told() -> None:
    jumps, told = jumps_of([HOUR, -HOUR, timedelta(), 9 * HOUR])
    assert jumps == [HOUR, -HOUR, 9 * HOUR]
    assert told == [3600.0, -3600.0, 9 * 3600.0]


def test_a_clock_that_is_slewed_does_not_jump() -> None:
    assert jumps_of(100 * [SLEWED]) == ([], [])


def test_a_clock_that_runs_does_not_jump() -> None:
    assert jumps_of(10 * [timedelta()]) == ([], [])
