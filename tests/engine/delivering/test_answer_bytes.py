"""Large answers share bytes, and those that find none wait."""

import asyncio
from collections.abc import Coroutine

from tocsin.engine.delivering.answer_bytes import AnswerBytes

MIB = 1024 * 1024
# One target has 8 MiB of it, and 8 MiB are kept for the first answer of each.
ALL = 32 * MIB


def run(scenario: Coroutine[None, None, None]) -> None:
    asyncio.run(scenario)


def asking(answers: AnswerBytes, destination: str, size: int) -> asyncio.Task[None]:
    return asyncio.create_task(answers.borrow(destination, size))


async def settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


def test_an_answer_waits_until_another_of_its_target_has_given_its_bytes_back() -> None:
    async def scenario() -> None:
        answers = AnswerBytes(ALL)
        await answers.borrow("a", 8 * MIB)
        second, third = asking(answers, "a", 8 * MIB), asking(answers, "a", MIB)
        await settle()
        # Small enough to fit, but it may not overtake.
        assert not second.done()
        assert not third.done()
        await answers.borrow("b", 8 * MIB)
        answers.give_back("a", 8 * MIB, but=4 * MIB)
        await settle()
        assert not second.done()
        answers.give_back("a", 4 * MIB)
        await second
        assert answers.lent == 16 * MIB
        answers.give_back("a", 8 * MIB)
        await third

    run(scenario())


def test_no_more_than_all_bytes_are_lent() -> None:
    async def scenario() -> None:
        answers = AnswerBytes(ALL)
        asked = [asking(answers, f"target {number}", 8 * MIB) for number in range(6)]
        await settle()
        assert [task.done() for task in asked] == [True] * 4 + [False] * 2
        assert answers.lent == ALL
        answers.give_back("target 2", 8 * MIB)
        await asked[4]
        answers.give_back("target 0", 8 * MIB)
        await asked[5]

    run(scenario())


def test_who_is_cancelled_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        answers = AnswerBytes(ALL)
        await answers.borrow("a", 8 * MIB)
        waits, lent_now = asking(answers, "a", 8 * MIB), asking(answers, "a", 8 * MIB)
        await settle()
        waits.cancel()
        await settle()
        # Cancelled in the moment in which it is lent its bytes.
        answers.give_back("a", 8 * MIB)
        lent_now.cancel()
        await asyncio.gather(waits, lent_now, return_exceptions=True)
        assert answers.lent == 0

    run(scenario())


def test_small_answers_never_wait() -> None:
    async def scenario() -> None:
        answers = AnswerBytes(ALL)
        await answers.borrow("a", 8 * MIB)
        await answers.borrow("a", 1024)
        answers.give_back("a", 1024)
        assert answers.lent == 8 * MIB

    run(scenario())
