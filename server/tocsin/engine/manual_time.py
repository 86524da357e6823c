"""Moves a manual clock from one due instant to the next, and delivers everything at each."""

import asyncio
from datetime import datetime, timedelta

from tocsin.engine.loops import Engine
from tocsin.schedule import ManualClock


class ManualTime:
    """Moves the time of a server that runs for tests; one call at a time moves it, others wait."""

    def __init__(self, clock: ManualClock, engine: Engine) -> None:
        self._clock = clock
        self._engine = engine
        self._turn = asyncio.Lock()

    def now(self) -> datetime:
        return self._clock.now()

    async def next_due(self) -> datetime | None:
        return await self._engine.next_due()

    async def advance(self, by: timedelta) -> None:
        async with self._turn:
            await self._move(self._clock.now() + by)

    async def advance_to(self, instant: datetime) -> None:
        """Moves to an instant; if the clock has passed it meanwhile, only waits."""
        async with self._turn:
            await self._move(max(instant, self._clock.now()))

    async def _move(self, target: datetime) -> None:
        await self._engine.settled()
        while (due := await self._engine.next_due()) is not None and due <= target:
            await self._step(max(due, self._clock.now()))
        await self._step(target)

    async def _step(self, instant: datetime) -> None:
        self._clock.jump_to(instant)
        # A loop that is about to sleep computed its pause before the jump, and would oversleep.
        self._engine.look()
        await self._engine.settled()
