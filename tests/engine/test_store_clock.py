"""A node that shares its store goes by the store's clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from tocsin.engine.store_clock import StoreClock
from tocsin.schedule import ManualClock

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class ClockedStore:
    """A store whose clock is ahead of the machine's, and whose answers take their time.

    `back` is how much of that is the way back, from none of it (0) to all of it (1).
    """

    def __init__(
        self, clock: ManualClock, ahead: timedelta, took: list[timedelta], back: float = 1
    ) -> None:
        self._clock = clock
        self._ahead = ahead
        self._took = took
        self._back = back

    async def now(self) -> datetime:
        took = self._took.pop(0)
        await self._clock.advance(took * (1 - self._back))
        answer = self._clock.now() + self._ahead
        await self._clock.advance(took * self._back)
        return answer


def adjusted(
    ahead: timedelta, took: list[timedelta], back: float = 1
) -> tuple[timedelta, list[dict[str, Any]]]:
    """Returns by how much the clock is put right, and what was logged."""
    machine = ManualClock(NOON)
    store: Any = ClockedStore(machine, ahead, took, back)
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
    assert -quick <= behind <= timedelta()
    assert logs == []


@pytest.mark.parametrize("back", [0, 0.5, 1])
def test_it_is_never_ahead_of_the_stores_so_nothing_comes_before_its_time(back: float) -> None:
    took = timedelta(milliseconds=2)
    behind, _ = adjusted(timedelta(), 5 * [took], back)
    assert behind == -took * back


def test_how_far_off_it_is_is_shown_and_told_once() -> None:
    machine = ManualClock(NOON)
    store: Any = ClockedStore(machine, timedelta(minutes=-5), 10 * [timedelta()])
    clock = StoreClock(machine, store)
    assert clock.skew == timedelta()

    async def adjust_twice() -> None:
        await clock.adjust()
        await clock.adjust()

    with structlog.testing.capture_logs() as logs:
        asyncio.run(adjust_twice())
    assert clock.skew == timedelta(minutes=-5)
    assert len(logs) == 1


class TruthfulStore:
    """A store with a clock of its own, whatever the machine's wall clock shows."""

    def __init__(self, machine: ManualClock) -> None:
        self._machine = machine
        self.ahead = timedelta()

    async def now(self) -> datetime:
        return NOON + self.ahead + timedelta(seconds=self._machine.monotonic())


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_machine_whose_wall_clock_is_set_goes_on_by_the_stores(jump: timedelta) -> None:
    async def scenario() -> tuple[timedelta, timedelta]:
        machine = ManualClock(NOON)
        store: Any = TruthfulStore(machine)
        clock = StoreClock(machine, store)
        await clock.adjust()
        keeping = asyncio.create_task(clock.keep_adjusted())
        for _ in range(3):
            await machine.advance(timedelta(seconds=1))
        machine.set_wall(machine.now() + jump)
        at_once = clock.now()
        await machine.advance(timedelta(seconds=3))
        keeping.cancel()
        # It was measured anew, and is no other.
        assert clock.now() - at_once == timedelta(seconds=3)
        return at_once - NOON, clock.skew

    assert asyncio.run(scenario()) == (timedelta(seconds=3), -jump)


def test_a_store_whose_clock_is_set_is_followed_within_seconds() -> None:
    async def scenario() -> timedelta:
        machine = ManualClock(NOON)
        store: Any = TruthfulStore(machine)
        clock = StoreClock(machine, store)
        await clock.adjust()
        keeping = asyncio.create_task(clock.keep_adjusted())
        store.ahead = timedelta(hours=1)
        for _ in range(12):
            await machine.advance(timedelta(seconds=1))
        keeping.cancel()
        return clock.now() - machine.now()

    assert asyncio.run(scenario()) == timedelta(hours=1)
