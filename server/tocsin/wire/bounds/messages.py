"""Reads the messages of calls, with a deadline for each and a bound on those that come slowly.

gRPC waits for a message as long as its client likes, and keeps what has come of it. So a call's
message is read here, after its caller was checked by the headers, and not by gRPC itself.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import DecodeError

from tocsin.fields import MEGABYTE
from tocsin.schedule import Clock
from tocsin.wire import errors
from tocsin.wire.calls import Arrival, Context

WHOLE_SECONDS: Final = 60
"""Time limit for a message to be whole, the same as on Envoy's listeners."""

SLOW_BYTES: Final = 128 * MEGABYTE
"""Bytes of slow messages under way: of one caller, or of all callers without a credential."""

# Time is counted in beats, so that a loop that was held up does not take waiting messages for slow.
_BEAT_SECONDS = 0.25
_SLOW_BEATS = 4
_LATE_BEATS = int(WHOLE_SECONDS / _BEAT_SECONDS)
# A client that hangs up ends its messages first, and then its call.
_HANG_UP_SECONDS = 0.1


Received = TypeVar("Received")
Parsed = TypeVar("Parsed")


class Messages:
    """Reads the messages of one server's calls."""

    def __init__(self, largest: int, machine_clock: Clock) -> None:
        """Takes the largest size of a message, in bytes."""
        self._most = max(1, SLOW_BYTES // largest)
        self._machine_clock = machine_clock
        # The calls whose messages are being read, in the order of their beginning.
        self._under_way: dict[Arrival, asyncio.Task[Any]] = {}
        self._refusals: dict[Arrival, errors.ApiError] = {}
        self._watching: asyncio.Task[None] | None = None

    async def read(self, arrival: Arrival) -> bytes:
        """Returns the one message of a call.

        Raises:
            ApiError: the call has no message, or the message took too long or too much.
        """
        message = await self.read_next(arrival)
        if message is None:
            await self._machine_clock.sleep(_HANG_UP_SECONDS)
            raise errors.message_missing()
        return message

    async def read_next(self, arrival: Arrival) -> bytes | None:
        """Returns the next message of a stream, or None after the last one.

        Raises:
            ApiError: the message took too long or too much.
        """
        task = asyncio.current_task()
        assert task is not None, "gRPC runs each call in a task"
        self._under_way[arrival] = task
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        try:
            message: Any = await arrival.context.read()
        except asyncio.CancelledError:
            refusal = self._refusals.pop(arrival, None)
            # The client may have hung up meanwhile.
            if refusal is None or task.uncancel():
                raise
            raise refusal from None
        finally:
            del self._under_way[arrival]
        return None if message is grpc.aio.EOF else message

    async def _watch(self) -> None:
        beats: dict[Arrival, int] = {}
        while self._under_way:
            await self._machine_clock.sleep(_BEAT_SECONDS)
            beats = {
                arrival: beats.get(arrival, 0) + 1
                for arrival in self._under_way
                if arrival not in self._refusals
            }
            for arrival in [each for each, age in beats.items() if age >= _LATE_BEATS]:
                self._refuse(arrival, errors.message_late(WHOLE_SECONDS))
            slow = [each for each, age in beats.items() if _SLOW_BEATS <= age < _LATE_BEATS]
            for arrival in _beyond(slow, self._most):
                self._refuse(arrival, errors.messages_too_slow(self._most))
        self._watching = None

    def _refuse(self, arrival: Arrival, refusal: errors.ApiError) -> None:
        self._refusals[arrival] = refusal
        self._under_way[arrival].cancel()


async def parsed(
    parse: Callable[[Received], Parsed], reading: Awaitable[Received], context: Context
) -> Parsed:
    """Returns a message that is being read; one that can't be read or parsed ends the call.

    For services whose errors are a code and a text.
    """
    try:
        return parse(await reading)
    except (errors.ApiError, DecodeError) as error:
        refusal = error if isinstance(error, errors.ApiError) else errors.malformed_request()
        return await context.abort(refusal.code, refusal.message)


def _beyond(arrivals: Iterable[Arrival], most: int) -> Iterator[Arrival]:
    """Yields the calls to end, so that each caller keeps `most`, and so do all strangers."""
    shares: defaultdict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        shares["" if arrival.caller is None else arrival.caller.subject].append(arrival)
    for share in shares.values():
        if len(share) > most:
            yield from _evenly(share)[most:]


def _evenly(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Returns the newest call of each address, then the second newest of each, and so on.

    So an address with few of them keeps them, and new ones get a chance beside old ones.
    """
    of_peers: Counter[str] = Counter()
    ranked: list[tuple[int, Arrival]] = []
    for arrival in reversed(arrivals):
        ranked.append((of_peers[arrival.peer], arrival))
        of_peers[arrival.peer] += 1
    return [arrival for _, arrival in sorted(ranked, key=lambda each: each[0])]
