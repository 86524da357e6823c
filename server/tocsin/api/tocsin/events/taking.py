"""Hands the events of a call to the intake."""

import asyncio
from collections.abc import Sequence

from tocsin.sources.incoming import Incoming, Refused, Taken, TakesEvents

# Events of one transaction of the intake; with more, other writes would wait too long.
AT_ONCE = 256


async def take(intake: TakesEvents, incoming: Sequence[Incoming]) -> list[Taken]:
    """Accepts events; once it returns, all are durable and the call can be answered.

    Raises:
        StoreUnavailable: the store can't be reached; some events may have been accepted.
    """
    # A client that hangs up must not cancel a write that is under way.
    return await asyncio.shield(asyncio.ensure_future(_take(intake, incoming)))


async def refuse(intake: TakesEvents, refused: Sequence[Refused]) -> None:
    """Counts events that can't be read, though the client hangs up meanwhile.

    Raises:
        StoreUnavailable: the store can't be reached; some may have been counted.
    """
    if refused:
        await asyncio.shield(asyncio.ensure_future(intake.refuse(refused)))


async def _take(intake: TakesEvents, incoming: Sequence[Incoming]) -> list[Taken]:
    taken: list[Taken] = []
    for start in range(0, len(incoming), AT_ONCE):
        taken += await intake.take(incoming[start : start + AT_ONCE])
    return taken
