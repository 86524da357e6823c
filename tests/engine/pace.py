"""A clock for what rests between steps: it notes how long, and goes on at once."""

import asyncio
import time
from datetime import UTC, datetime


class Hasty:
    def __init__(self) -> None:
        self.rests: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        await asyncio.sleep(0)
