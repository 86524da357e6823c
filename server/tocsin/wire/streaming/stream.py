"""Defines the stream that a method writes its messages to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf.message import Message

from tocsin.wire.calls import Call

# For proxies before Envoy: each message is to pass at once, and nginx buffers what may not.
UNBUFFERED = (("cache-control", "no-store"), ("x-accel-buffering", "no"))


class Stream:
    """Sends messages to the client of one call.

    `call` is the call as its caller was authorised last, and `stopping` is set once the server
    stops, and the method is to end.
    """

    def __init__(
        self,
        call: Call,
        authorise: Callable[[], Awaitable[Call | None]],
        stopping: asyncio.Event,
    ) -> None:
        self.call = call
        self.stopping = stopping
        self._authorise = authorise
        self._begun = False

    async def send(self, message: Message) -> None:
        """Sends a message; returns once the client has room for it, however late that is."""
        if not self._begun:
            self._begun = True
            await self.call.send_metadata(UNBUFFERED)
        await self.call.arrival.context.write(message.SerializeToString())

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
