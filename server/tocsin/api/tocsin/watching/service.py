"""Serves `tocsin.v1.WatchService`, which streams what changes."""

import asyncio
from typing import Literal, TypeAlias

from tocsin.api.tocsin.watching.lookout import Lookout
from tocsin.api.tocsin.watching.progress import Progress
from tocsin.api.tocsin.watching.scope import NARROWING, scope_of
from tocsin.schedule import Clock
from tocsin.store.driver.database import StoreError
from tocsin.wire import errors
from tocsin.wire.paging import ListTokens, PageTokens
from tocsin.wire.serving import Served
from tocsin.wire.streaming.stream import Stream, Streaming
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import watch_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["WatchService"]

Closing: TypeAlias = contract.WatchClosing


class WatchService:
    """Serves `WatchService`."""

    def __init__(
        self, lookout: Lookout, clock: Clock, machine_clock: Clock, pages: PageTokens
    ) -> None:
        self._lookout = lookout
        self._clock = clock
        self._machine_clock = machine_clock
        self._pages = pages

    def methods(self) -> dict[str, Served]:
        return {"Watch": Streaming(self.watch)}

    async def watch(self, request: contract.WatchRequest, stream: Stream) -> None:
        """Streams what changes until the client leaves, or a reason to close comes up."""
        scope = scope_of(request)
        topics = sorted(set(request.topics))
        narrowed = (f"{field}={getattr(request, field)}" for field in NARROWING)
        cursors = self._pages.of(stream.call, request, *map(str, topics), *narrowed)
        start = _position(cursors, request.cursor)
        async with self._lookout.joined() as woken:
            progress = Progress(self._lookout, scope, stream, cursors, self._machine_clock)
            progress.begin(start)
            reason, text = await self._run(progress, stream, woken)
            closing = contract.WatchResponse(closing=Closing(reason=reason, message=text))
            closing.cursor = progress.cursor()
            await stream.send(self._stamped(closing))

    async def _run(
        self, progress: Progress, stream: Stream, woken: asyncio.Event
    ) -> tuple[Closing.Reason, str]:
        """Sends responses until the stream must close; returns why."""
        stopped = asyncio.ensure_future(stream.stopping.wait())
        try:
            while not stream.stopping.is_set():
                woken.clear()
                if progress.too_slow:
                    return Closing.REASON_TOO_SLOW, "you read too slowly for what changes"
                try:
                    await progress.authorise()
                    response = await progress.response()
                except errors.ApiError as error:
                    return Closing.REASON_NOT_ALLOWED, error.message
                except StoreError as error:
                    return Closing.REASON_FAULT, str(error)
                if response is not None:
                    await stream.send(self._stamped(response))
                if not progress.has_more:
                    await self._wait(progress.seconds_left(), woken, stopped)
        finally:
            stopped.cancel()
        return Closing.REASON_SERVER_STOPS, "the server stops"

    async def _wait(
        self, seconds: float, woken: asyncio.Event, stopped: "asyncio.Task[Literal[True]]"
    ) -> None:
        changed = asyncio.ensure_future(woken.wait())
        slept = asyncio.ensure_future(self._machine_clock.sleep(seconds))
        try:
            await asyncio.wait((changed, slept, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            slept.cancel()

    def _stamped(self, response: contract.WatchResponse) -> contract.WatchResponse:
        response.sent_at.CopyFrom(to_timestamp(self._clock.now()))
        return response


def _position(cursors: ListTokens, cursor: str) -> tuple[str, int] | None:
    """Returns the epoch and the number of a cursor, or None without one.

    Raises:
        ApiError: the cursor was not made for this caller, these topics and this scope.
    """
    try:
        position = cursors.position(cursor)
    except errors.ApiError:
        raise errors.invalid_field(
            "cursor",
            "must be the cursor of a response to the same caller, topics and scope; leave it out "
            "to begin now",
        ) from None
    if position is None:
        return None
    epoch, _, number = position.partition("/")
    return epoch, int(number)
