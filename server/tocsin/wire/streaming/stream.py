"""Defines the stream that a method writes its messages to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf.message import Message

from tocsin.schedule import Clock
from tocsin.wire.calls import Call
from tocsin.wire.streaming.open_streams import OpenStreams

# For proxies before Envoy: each message is to pass at once, and nginx buffers what may not.
UNBUFFERED = (("cache-control", "no-store"), ("x-accel-buffering", "no"))

# Time for a client to take the last message, once the server stops.
LAST_SEND_SECONDS = 1.0


class Stream:
    """Sends messages to the client of one call.

    `call` is the call as its caller was authorised last. Once `stopping` is set the server stops,
    and the method is to end.
    """

    def __init__(
        self,
        call: Call,
        authorise: Callable[[], Awaitable[Call | None]],
        streams: OpenStreams,
        machine_clock: Clock,
    ) -> None:
        self.call = call
        self._streams = streams
        self._authorise = authorise
        self._machine_clock = machine_clock
        self._begun = False

    @property
    def stopping(self) -> asyncio.Event:
        return self._streams.stopping

    async def send(self, message: Message) -> None:
        """Sends a message; returns once the client has room for it, however late that is.

        Raises:
            CancelledError: the server stops, and the client reads no more. gRPC could not send it
                a status either.
        """
        writing = asyncio.ensure_future(self._write(message.SerializeToString()))
        stopped = asyncio.ensure_future(self._streams.stopping.wait())
        slept: asyncio.Future[None] | None = None
        try:
            await asyncio.wait((writing, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                slept = asyncio.ensure_future(self._machine_clock.sleep(LAST_SEND_SECONDS))
                await asyncio.wait((writing, slept), return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                self._streams.stuck += 1
                raise asyncio.CancelledError("the client reads no more")
            await writing
        finally:
            for task in (writing, stopped, slept):
                if task is not None:
                    task.cancel()

    async def _write(self, message: bytes) -> None:
        if not self._begun:
            self._begun = True
            await self.call.send_metadata(UNBUFFERED)
        await self.call.arrival.context.write(message)

    async def authorise(self) -> None:
        """Checks again that the caller may have the stream, and with which resources.

        Raises:
            ApiError: the credential or the permission is gone.
            StoreUnavailable: the store can't be reached.
        """
        call = await self._authorise()
        if call is not None:
            self.call = call


StreamingMethod: TypeAlias = Callable[[Any, Stream], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Streaming:
    """A method that answers with any number of messages, over hours.

    It returns to end the stream, and raises an ApiError to refuse or break it off.
    """

    method: StreamingMethod
