"""A question is asked once, however many callers wait for its answer."""

import asyncio

import pytest

from tocsin.access.asked_once import AskedOnce


class Oracle:
    """Answers when it is told to, and knows what it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.speak = asyncio.Event()
        self._error = error

    async def ask(self, key: str) -> str:
        self.asked.append(key)
        await self.speak.wait()
        if self._error is not None:
            raise self._error
        return key.upper()


def test_whoever_comes_meanwhile_shares_the_answer() -> None:
    async def scenario() -> None:
        oracle = Oracle()
        once = AskedOnce(oracle.ask)
        waiting = [asyncio.create_task(once.of(key)) for key in ("a", "b", "a", "a")]
        await asyncio.sleep(0)
        oracle.speak.set()
        assert await asyncio.gather(*waiting) == ["A", "B", "A", "A"]
        assert oracle.asked == ["a", "b"]
        assert await once.of("a") == "A"
        assert oracle.asked == ["a", "b", "a"]

    asyncio.run(scenario())


def test_who_hangs_up_takes_the_answer_from_nobody() -> None:
    async def scenario() -> None:
        oracle = Oracle()
        once = AskedOnce(oracle.ask)
        first, second = (asyncio.create_task(once.of("a")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        oracle.speak.set()
        assert await second == "A"
        assert oracle.asked == ["a"]

    asyncio.run(scenario())


def test_an_error_is_raised_to_all_and_is_asked_again() -> None:
    async def scenario() -> None:
        oracle = Oracle(ValueError("away"))
        oracle.speak.set()
        once = AskedOnce(oracle.ask)
        found = await asyncio.gather(once.of("a"), once.of("a"), return_exceptions=True)
        assert [str(each) for each in found] == ["away", "away"]
        with pytest.raises(ValueError, match="away"):
            await once.of("a")
        assert oracle.asked == ["a", "a"]

    asyncio.run(scenario())
