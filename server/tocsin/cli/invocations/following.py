"""Follows a server's stream of changes, and goes on when it was interrupted."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from tocsin.cli.connection import Connection
from tocsin.cli.refusal import refusal
from tocsin.printable import printable
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1.watch_service_pb2 import (
    WatchClosing,
    WatchRequest,
    WatchReset,
    WatchResponse,
)

AGAIN_SECONDS = 1.0
# A server that is away, or stops.
AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL)

WHY = {
    WatchClosing.REASON_SERVER_STOPS: "The server stops; waiting for it, or for another one.",
    WatchClosing.REASON_TOO_SLOW: "More changes than can be shown; some are left out.",
    WatchClosing.REASON_FAULT: "The server could not go on; trying again.",
}
NO_ANSWER = "The server does not answer; waiting for it."


def pause() -> None:
    """Waits before another attempt."""
    asyncio.run(SystemClock().sleep(AGAIN_SECONDS))


def follow(
    api: Connection, request: WatchRequest, tell: Callable[[str], None]
) -> Iterator[WatchResponse]:
    """Yields what a stream sends, without end; the first response has a `reset`.

    A stream that ends is opened again after what it has sent. A server that goes away is waited
    for, if it answered once; `tell` is called with a line about each interruption.
    """
    asked = WatchRequest()
    asked.CopyFrom(request)
    answered = away = False
    while True:
        try:
            for response in api.watches.Watch(asked):
                if away:
                    tell("The server is back.")
                answered, away = True, False
                asked.cursor = response.cursor or asked.cursor
                yield response
                if response.HasField("closing"):
                    tell(_why(response.closing))
                    away = True
        except grpc.RpcError as error:
            away = _wait_out(error, asked, tell, answered=answered, away=away)
        pause()


def _why(closing: WatchClosing) -> str:
    if closing.reason == WatchClosing.REASON_NOT_ALLOWED:
        raise refusal(f"the stream ended: {printable(closing.message)}")
    return WHY.get(closing.reason, printable(closing.message))


def _wait_out(
    error: Any, asked: WatchRequest, tell: Callable[[str], None], *, answered: bool, away: bool
) -> bool:
    """Returns whether the server is away; raises the error if waiting would not help."""
    if not answered:
        raise error
    if asked.cursor and error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        asked.cursor = ""  # of a server with another key: begin anew
        return away
    if error.code() not in AWAY:
        raise error
    if not away:
        tell(NO_ANSWER)
    return True


def is_reset(response: WatchResponse) -> bool:
    """Returns whether lists must be read anew."""
    return response.reset.reason != WatchReset.REASON_UNSPECIFIED
