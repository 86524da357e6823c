"""The clocks: the real one, and the one that moves by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.schedule import Clock, ManualClock, SystemClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Diary:
    """Tasks that sleep on a manual clock, and what they wrote down when they woke."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.lines: list[tuple[str, float]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def write(self, name: str) -> None:
        self.lines.append((name, self.clock.monotonic()))

    def start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        async def run() -> None:
            await work

        self.tasks.append(asyncio.create_task(run()))
        return self.tasks[-1]

    async def wake(self, name: str, *after: float) -> None:
        for each in after:
            await self.clock.sleep(each)
            self.write(name)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def with_diary(story: Callable[[Diary], Awaitable[None]]) -> None:
    async def run() -> None:
        diary = Diary()
        try:
            await story(diary)
        finally:
            await diary.close()

    asyncio.run(run())


# The system's clock


def test_the_system_clock_is_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_the_system_clock_sleeps() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    asyncio.run(clock.sleep(0.01))
    assert clock.monotonic() - before >= 0.009


# The manual clock stands still


def test_it_stands_where_it_was_started_in_utc() -> None:
    clock: Clock = ManualClock(datetime(2026, 1, 1, 3, tzinfo=timezone(seconds(3 * 3600))))
    assert clock.now() == START
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() == 0
    assert repr(clock) == "ManualClock(2026-01-01T00:00:00+00:00)"


def test_it_is_advanced_by_a_duration_or_to_an_instant() -> None:
    async def story(diary: Diary) -> None:
        await diary.clock.advance(timedelta(hours=1))
        assert diary.clock.now() == START + timedelta(hours=1)
        assert diary.clock.monotonic() == 3600
        await diary.clock.advance_to(START + timedelta(days=1))
        assert diary.clock.now() == START + timedelta(days=1)

    with_diary(story)


def test_it_never_goes_back() -> None:
    async def story(diary: Diary) -> None:
        with pytest.raises(ValueError, match="can't go back"):
            await diary.clock.advance(seconds(-1))
        with pytest.raises(ValueError, match="can't go back"):
            await diary.clock.advance_to(START - seconds(1))

    with_diary(story)


def test_the_wall_can_be_set_and_no_time_passes() -> None:
    async def story(diary: Diary) -> None:
        diary.start(diary.wake("a", 10))
        await diary.clock.advance(seconds(5))
        for hours in (1, -1):
            wall = START + timedelta(hours=hours)
            diary.clock.set_wall(wall)
            assert (diary.clock.now(), diary.clock.monotonic()) == (wall, 5)
        await diary.clock.advance(seconds(5))
        assert diary.lines == [("a", 10)]
        assert diary.clock.now() == START - timedelta(hours=1) + seconds(5)

    with_diary(story)


def test_after_a_jump_all_that_fell_due_on_the_way_wakes_once_at_its_end() -> None:
    async def story(diary: Diary) -> None:
        for name, due in (("late", 30), ("early", 10), ("too late", 61)):
            diary.start(diary.wake(name, due, 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        diary.clock.jump_to(START + seconds(60))
        await asyncio.sleep(0)
        assert diary.lines == [("early", 60), ("late", 60)]
        with pytest.raises(ValueError, match="can't go back"):
            diary.clock.jump_to(START)

    with_diary(story)


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001

    async def story(diary: Diary) -> None:
        with pytest.raises(ValueError, match="naive"):
            await diary.clock.advance_to(naive)

    with_diary(story)
    with pytest.raises(ValueError, match="naive"):
        ManualClock(naive)


# Sleepers


def test_sleepers_wake_when_they_are_due_and_not_before() -> None:
    async def story(diary: Diary) -> None:
        diary.start(diary.wake("a", 10))
        await diary.clock.advance(seconds(9.999999))
        assert diary.lines == []
        await diary.clock.advance(seconds(0.000001))
        assert diary.lines == [("a", 10)]

    with_diary(story)


def test_sleepers_wake_in_the_order_in_which_they_are_due() -> None:
    async def story(diary: Diary) -> None:
        for name, due in (("late", 30), ("early", 10), ("middle", 20), ("too late", 61)):
            diary.start(diary.wake(name, due))
        await diary.clock.advance(seconds(60))
        assert diary.lines == [("early", 10), ("middle", 20), ("late", 30)]
        assert diary.clock.monotonic() == 60

    with_diary(story)


def test_sleepers_due_together_wake_in_the_order_in_which_they_fell_asleep() -> None:
    async def story(diary: Diary) -> None:
        for name in "abc":
            diary.start(diary.wake(name, 10))
        await diary.clock.advance(seconds(10))
        assert diary.lines == [("a", 10), ("b", 10), ("c", 10)]

    with_diary(story)


def test_a_sleeper_can_sleep_again_before_a_later_one_wakes() -> None:
    async def story(diary: Diary) -> None:
        diary.start(diary.wake("often", 10, 10, 10))
        diary.start(diary.wake("once", 25))
        await diary.clock.advance(seconds(60))
        assert diary.lines == [("often", 10), ("often", 20), ("once", 25), ("often", 30)]

    with_diary(story)


def test_a_task_that_waits_for_a_sleeper_runs_before_a_later_one_wakes() -> None:
    async def story(diary: Diary) -> None:
        async def parent() -> None:
            await asyncio.wait_for(diary.wake("child", 10), timeout=None)
            await asyncio.gather(diary.wake("child", 5), diary.wake("other child", 5))
            diary.write("parent")

        diary.start(parent())
        diary.start(diary.wake("later", 16))
        await diary.clock.advance(seconds(60))
        assert diary.lines == [
            ("child", 10),
            ("child", 15),
            ("other child", 15),
            ("parent", 15),
            ("later", 16),
        ]

    with_diary(story)


def test_a_month_of_ticks_passes_in_one_advance() -> None:
    async def story(diary: Diary) -> None:
        diary.start(diary.wake("hourly", *[3600] * 1000))
        await diary.clock.advance(timedelta(days=31))
        assert diary.lines == [("hourly", 3600 * n) for n in range(1, 31 * 24 + 1)]

    with_diary(story)


def test_a_cancelled_sleeper_doesnt_wake() -> None:
    async def story(diary: Diary) -> None:
        cancelled = diary.start(diary.wake("cancelled", 10))
        diary.start(diary.wake("b", 20))
        await diary.clock.advance(seconds(5))
        cancelled.cancel()
        await diary.clock.advance(seconds(60))
        assert diary.lines == [("b", 20)]

    with_diary(story)


@pytest.mark.parametrize("duration", [0, -1])
def test_to_sleep_for_no_time_only_lets_others_run(duration: float) -> None:
    async def story(diary: Diary) -> None:
        diary.start(diary.wake("other"))
        await diary.clock.sleep(duration)
        assert diary.clock.now() == START

    with_diary(story)
