"""Limits the time of a stop, and reports readiness until then."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.composing import Works
from tocsin.composition.ground import Ground
from tocsin.engine.upkeep.readiness import Readiness
from tocsin.schedule import Clock
from tocsin.telemetry.opening import Telemetry
from tocsin.wire.health import Health
from tocsin.wire.streaming.open_streams import OpenStreams


class Grace:
    """Shares one time limit among all parts that stop; it runs from the first call of `left`.

    Once `hurried` is set nothing is left of it.
    """

    def __init__(self, clock: Clock, seconds: float, hurried: asyncio.Event) -> None:
        self._clock = clock
        self._seconds = seconds
        self._hurried = hurried
        self._end: float | None = None

    def left(self) -> float:
        now = self._clock.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return 0.0 if self._hurried.is_set() else max(0.0, self._end - now)

    async def stop(self, stop: Callable[[float], Awaitable[None]]) -> None:
        """Stops a part within what is left, and at once when nothing is left any more.

        `stop` takes seconds; it may be cancelled, and is called again with 0 then.
        """
        await self.within(stop, self.left())

    async def within(self, stop: Callable[[float], Awaitable[None]], seconds: float) -> None:
        """Does the same with a time limit of its own."""
        if self._hurried.is_set():
            await stop(0.0)
            return
        stopping = asyncio.ensure_future(stop(seconds))
        hurried = asyncio.ensure_future(self._hurried.wait())
        await asyncio.wait((stopping, hurried), return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not stopping.done():
            stopping.cancel()
            await asyncio.wait((stopping,))
            if stopping.cancelled():
                await stop(0.0)
                return
        await stopping


class Standing:
    """Reports by health and metrics whether the server is ready for calls."""

    def __init__(self, health: Health, streams: OpenStreams, telemetry: Telemetry) -> None:
        self._health = health
        self._streams = streams
        self._telemetry = telemetry
        self._unready: set[str] = set()

    def of(self, part: str) -> Callable[[bool], None]:
        """Returns what tells whether a part of the server is ready; the server is if all are."""
        return partial(self._report, part)

    def _report(self, part: str, ready: bool) -> None:
        (self._unready.discard if ready else self._unready.add)(part)
        self._health.set(serving=not self._unready)
        self._telemetry.ready(not self._unready)

    def on_hold(self, on_hold: bool) -> None:
        """Reports whether the store is on hold, which leaves the server ready for calls."""
        self._health.set_firing(firing=not on_hold)
        self._telemetry.on_hold(on_hold)

    async def stop(self, delay_seconds: float) -> None:
        """Reports NOT_SERVING, and waits so that clients can send their calls elsewhere.

        Open streams end, so that their clients open others elsewhere.
        """
        self._health.stop()
        self._streams.stop()
        self._telemetry.ready(False)
        await MACHINE_CLOCK.sleep(delay_seconds)


def keep_standing(
    stack: AsyncExitStack,
    ground: Ground,
    works: Works,
    standing: Standing,
    grace: Grace,
) -> None:
    """Reports that the server is ready while its store answers, it can make calls, and works."""
    readiness = Readiness(
        ground.database, ground.clock, MACHINE_CLOCK, node=ground.node, tell=standing.of("store")
    )
    standing.of("start")(True)
    works.shortage.report_to(standing.of("calls"))
    works.faults.report_to(standing.of("engine"))
    ground.hold.report_to(standing.on_hold)
    watching = asyncio.create_task(readiness.watch())
    stack.callback(watching.cancel)
    stack.push_async_callback(grace.within, standing.stop, ground.settings.shutdown_delay)
