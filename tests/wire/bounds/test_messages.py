"""How long a message may take, and how many may come slowly at once."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from stand.calls import Context
from tocsin.access.principal import Principal
from tocsin.schedule import ManualClock
from tocsin.wire.bounds.messages import SLOW_BYTES, WHOLE_SECONDS, Messages
from tocsin.wire.calls import Arrival
from tocsin.wire.errors import ApiError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOST = 3
LARGEST = SLOW_BYTES // MOST
SLOW_SECONDS = 2.0


class Slow(Context):
    """A call whose message comes when the test says so."""

    def __init__(self, peer: str) -> None:
        super().__init__(f"ipv4:{peer}:1")
        self.message: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def read(self) -> Any:
        return await self.message


class Stand:
    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.messages = Messages(LARGEST, self.clock)

    async def begun(self, peer: str, subject: str = "") -> tuple[asyncio.Task[bytes], Slow]:
        context: Any = Slow(peer)
        arrival = Arrival(context)
        if subject:
            arrival.caller = Principal(subject)
        task = asyncio.create_task(self.messages.read(arrival))
        await asyncio.sleep(0)
        return task, context


def run(scenario: Callable[[Stand], Coroutine[Any, Any, None]]) -> None:
    async def all_of_it() -> None:
        await scenario(Stand())

    asyncio.run(all_of_it())


def refusal(task: asyncio.Task[bytes]) -> str | None:
    """Returns why a message is read no further, or None if it still is."""
    if not task.done():
        return None
    error = task.exception()
    assert isinstance(error, ApiError)
    return error.reason


def test_a_message_has_a_deadline_to_be_whole() -> None:
    async def scenario(stand: Stand) -> None:
        late, _ = await stand.begun("10.0.0.1")
        await stand.clock.advance(timedelta(seconds=WHOLE_SECONDS - 1))
        assert refusal(late) is None
        await stand.clock.advance(timedelta(seconds=2))
        with pytest.raises(ApiError) as raised:
            await late
        assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED

    run(scenario)


def test_messages_that_come_at_once_are_as_many_as_one_likes() -> None:
    async def scenario(stand: Stand) -> None:
        begun = [await stand.begun("10.0.0.1") for _ in range(100)]
        await stand.clock.advance(timedelta(seconds=0.5))
        for _, context in begun:
            context.message.set_result(b"whole")
        assert await asyncio.gather(*(task for task, _ in begun)) == [b"whole"] * 100

    run(scenario)


def test_of_many_slow_messages_the_newest_of_each_address_stay() -> None:
    async def scenario(stand: Stand) -> None:
        alone, _ = await stand.begun("10.0.0.2")
        crowd = [(await stand.begun("10.0.0.1"))[0] for _ in range(10)]
        await stand.clock.advance(timedelta(seconds=SLOW_SECONDS))
        assert refusal(alone) is None
        assert [refusal(each) for each in crowd] == ["MESSAGES_TOO_SLOW"] * 8 + [None] * 2

    run(scenario)


def test_who_proved_something_has_a_share_of_its_own() -> None:
    async def scenario(stand: Stand) -> None:
        own = [(await stand.begun("10.0.0.1", "serviceAccount:a"))[0] for _ in range(MOST)]
        other, _ = await stand.begun("10.0.0.1", "serviceAccount:b")
        strangers = [(await stand.begun("10.0.0.1"))[0] for _ in range(MOST + 1)]
        await stand.clock.advance(timedelta(seconds=SLOW_SECONDS))
        assert [refusal(each) for each in (*own, other)] == [None] * (MOST + 1)
        assert [refusal(each) for each in strangers] == ["MESSAGES_TOO_SLOW", *[None] * MOST]

    run(scenario)


def test_a_client_that_hangs_up_is_not_answered() -> None:
    async def scenario(stand: Stand) -> None:
        task, _ = await stand.begun("10.0.0.1")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gone, context = await stand.begun("10.0.0.1")
        context.message.set_result(grpc.aio.EOF)
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

    run(scenario)


def test_a_call_that_ends_without_a_message_is_refused() -> None:
    async def scenario(stand: Stand) -> None:
        task, context = await stand.begun("10.0.0.1")
        context.message.set_result(grpc.aio.EOF)
        await asyncio.sleep(0)
        await stand.clock.advance(timedelta(seconds=1))
        with pytest.raises(ApiError) as raised:
            await task
        assert raised.value.code is grpc.StatusCode.UNIMPLEMENTED

    run(scenario)
