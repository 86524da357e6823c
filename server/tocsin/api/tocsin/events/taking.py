"""Hands events of a call to the intake."""

import asyncio
from collections.abc import Sequence

from tocsin.sources.incoming import Incoming, Taken, TakesEvents

# What one transaction of the intake takes; more of them would keep others waiting.
AT_ONCE = 256


async def take(intake: TakesEvents, incoming: Sequence[Incoming]) -> list[Taken]:
    """Takes events; returns once all of them are durable, so that the call may be answered.

    Raises:
        StoreUnavailable: the store can't be reached. Some of them may have been taken.
    """
    # A client that hangs up does not undo what is on its way to the disk.
    return await asyncio.shield(asyncio.ensure_future(_take(intake, incoming)))


async def _take(intake: TakesEvents, incoming: Sequence[Incoming]) -> list[Taken]:
    taken: list[Taken] = []
    for start in range(0, len(incoming), AT_ONCE):
        taken += await intake.take(incoming[start : start + AT_ONCE])
    return taken
