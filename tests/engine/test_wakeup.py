"""A loop that sleeps until something is due, or until it is told of something earlier."""

import asyncio
from datetime import UTC, datetime, timedelta

from tocsin.engine.wakeup import Wakeup
from tocsin.schedule import ManualClock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def woken_by(rings: list[datetime | None], until: datetime | None) -> bool:
    async def scenario() -> bool:
        wakeup = Wakeup(ManualClock(NOON))
        wakeup.listen()
        waiting = asyncio.create_task(wakeup.wait(until))
        await settled()
        for ring in rings:
            wakeup.ring(ring)
        await settled()
        woken = waiting.done()
        waiting.cancel()
        return woken

    return asyncio.run(scenario())


def test_a_ring_wakes() -> None:
    assert woken_by([None], NOON + MINUTE)


def test_a_ring_for_an_earlier_instant_wakes() -> None:
    assert woken_by([NOON + MINUTE / 2], NOON + MINUTE)


def test_a_ring_for_a_later_instant_does_not() -> None:
    assert not woken_by([NOON + 2 * MINUTE, NOON + MINUTE], NOON + MINUTE)


def test_any_ring_wakes_who_waits_for_nothing() -> None:
    assert woken_by([NOON + 1000 * MINUTE], None)


def test_a_ring_between_looking_and_waiting_is_not_lost() -> None:
    async def scenario() -> None:
        wakeup = Wakeup(ManualClock(NOON))
        wakeup.listen()
        wakeup.ring(NOON + MINUTE)
        await asyncio.wait_for(wakeup.wait(NOON + 2 * MINUTE), timeout=30)

    asyncio.run(scenario())


def test_it_wakes_at_the_instant() -> None:
    async def scenario() -> tuple[bool, bool]:
        clock = ManualClock(NOON)
        wakeup = Wakeup(clock)
        wakeup.listen()
        waiting = asyncio.create_task(wakeup.wait(NOON + timedelta(seconds=4)))
        await settled()
        await clock.advance(timedelta(seconds=3))
        early = waiting.done()
        await clock.advance(timedelta(seconds=1))
        return early, waiting.done()

    assert asyncio.run(scenario()) == (False, True)


def test_a_far_instant_is_looked_at_again_soon_since_the_clock_may_be_set() -> None:
    async def scenario() -> bool:
        clock = ManualClock(NOON)
        wakeup = Wakeup(clock)
        wakeup.listen()
        waiting = asyncio.create_task(wakeup.wait(NOON + 1000 * MINUTE))
        await settled()
        await clock.advance(timedelta(seconds=5))
        return waiting.done()

    assert asyncio.run(scenario())


def woken_after(jump: timedelta) -> float:
    """How many seconds pass until a wait for four seconds ends, if the wall is set meanwhile."""

    async def scenario() -> float:
        clock = ManualClock(NOON)
        wakeup = Wakeup(clock)
        wakeup.listen()
        waiting = asyncio.create_task(wakeup.wait(NOON + timedelta(seconds=4)))
        await settled()
        clock.set_wall(NOON + jump)
        while not waiting.done():
            await clock.advance(timedelta(seconds=1))
        return clock.monotonic()

    return asyncio.run(scenario())


def test_a_wall_clock_that_is_set_neither_stretches_nor_ends_the_wait() -> None:
    assert [woken_after(jump) for jump in (60 * MINUTE, -60 * MINUTE)] == [4, 4]


def test_who_finds_the_wall_set_back_does_not_spin() -> None:
    async def scenario() -> int:
        clock = ManualClock(NOON)
        wakeup = Wakeup(clock)
        looks = 0

        async def loop() -> None:
            nonlocal looks
            while clock.now() < NOON + MINUTE:
                looks += 1
                wakeup.listen()
                await wakeup.wait(NOON + MINUTE)

        looking = asyncio.create_task(loop())
        await settled()
        clock.set_wall(NOON - 60 * MINUTE)
        await clock.advance(61 * MINUTE)
        await looking
        return looks

    assert asyncio.run(scenario()) <= 61 * 12 + 1
