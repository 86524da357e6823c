"""A node that shares its store goes by the store's clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from tocsin.engine.store_clock import StoreClock
from tocsin.schedule import ManualClock

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class ClockedStore:
    """A store whose clock is ahead of the machine's, and whose answers take their time."""

    def __init__(self, clock: ManualClock, ahead: timedelta, took: list[timedelta]) -> None:
        self._clock = clock
        self._ahead = ahead
        self._took = took

    async def now(self) -> datetime:
        took = self._took.pop(0)
        # All of the delay is on the way back, the worst that can be.
        answer = self._clock.now() + self._ahead
        await self._clock.advance(took)
        return answer


def adjusted(ahead: timedelta, took: list[timedelta]) -> tuple[timedelta, list[dict[str, Any]]]:
    """Returns by how much the clock is put right, and what was logged."""
    machine = ManualClock(NOON)
    store: Any = ClockedStore(machine, ahead, took)
    clock = StoreClock(machine, store)
    with structlog.testing.capture_logs() as logs:
        asyncio.run(clock.adjust())
    return clock.now() - machine.now(), [dict(line) for line in logs]


def test_a_clock_that_is_wrong_is_put_right_and_told() -> None:
    behind, logs = adjusted(timedelta(minutes=5), 5 * [timedelta()])
    assert behind == timedelta(minutes=5)
    assert [line["behind_seconds"] for line in logs] == [300.0]


def test_the_quickest_answer_counts() -> None:
    slow, quick = timedelta(seconds=2), timedelta(milliseconds=2)
    behind, logs = adjusted(timedelta(), [slow, slow, quick, slow, slow])
    assert abs(behind) <= quick / 2
    assert logs == []
