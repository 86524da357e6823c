"""What is handed in while a group is on its way shares the next one."""

import asyncio
from collections.abc import Callable

import pytest

from tocsin.store.driver.gathering import Awaited, Gathering


class Slow:
    """Work that ends when it is told to, and the groups that it was given."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self._ending: list[asyncio.Event] = []

    async def __call__(self, group: list[int]) -> None:
        self.groups.append(list(group))
        ending = asyncio.Event()
        self._ending.append(ending)
        await ending.wait()

    def end(self, index: int = -1) -> None:
        self._ending[index].set()


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_what_comes_meanwhile_shares_the_next_group() -> None:
    async def scenario() -> None:
        work = Slow()
        gathering = Gathering(work, most=3)
        gathering.add(1)
        await turns()
        for number in range(2, 7):
            gathering.add(number)
        for _ in range(3):
            await turns()
            work.end()
        await gathering.finish()
        assert work.groups == [[1], [2, 3, 4], [5, 6]]
        assert gathering.waiting == []

    asyncio.run(scenario())


def test_after_it_was_idle_it_begins_anew() -> None:
    async def scenario() -> None:
        groups: list[list[int]] = []

        async def work(group: list[int]) -> None:
            groups.append(group)

        gathering = Gathering(work, most=3)
        for number in range(3):
            gathering.add(number)
            await gathering.finish()
        assert groups == [[0], [1], [2]]

    asyncio.run(scenario())


def test_a_group_is_as_large_as_its_members_are_together() -> None:
    async def scenario() -> None:
        groups: list[list[int]] = []

        async def work(group: list[int]) -> None:
            groups.append(group)

        gathering = Gathering(work, most=10, size=lambda member: member)
        for number in (4, 6, 1, 30, 9, 1, 1):
            gathering.add(number)
        await gathering.finish()
        assert groups == [[4, 6], [1], [30], [9, 1], [1]]

    asyncio.run(scenario())


def test_as_many_groups_as_there_are_workers_are_on_their_way() -> None:
    async def scenario() -> None:
        work = Slow()
        gathering = Gathering(work, most=10, workers=2)
        for number in range(4):
            gathering.add(number)
            await turns()
        assert work.groups == [[0], [1]]
        work.end(0)
        await turns()
        assert work.groups == [[0], [1], [2, 3]]
        for index in (1, 2):
            work.end(index)
        await gathering.finish()

    asyncio.run(scenario())


@pytest.mark.parametrize(("waits", "groups"), [(0, [[0], [1, 2]]), (4, [[0, 1, 2]])])
def test_who_is_on_his_way_joins_the_group(waits: int, groups: list[list[int]]) -> None:
    async def scenario() -> None:
        work = Slow()
        gathering = Gathering(work, most=10, turns=waits)
        gathering.add(0)
        for number in (1, 2):
            await turns(2)
            gathering.add(number)
        await turns(20)
        work.end()
        await turns(20)
        assert work.groups == groups
        work.end()
        await gathering.finish()

    asyncio.run(scenario())


def test_what_is_to_be_tried_again_comes_first() -> None:
    async def scenario() -> None:
        groups: list[list[int]] = []

        async def work(group: list[int]) -> None:
            groups.append(group)
            if len(groups) == 1:
                gathering.add(3)
                gathering.again(group)

        gathering = Gathering(work, most=3)
        for number in (1, 2):
            gathering.add(number)
        await gathering.finish()
        assert groups == [[1, 2], [1, 2, 3]]

    asyncio.run(scenario())


def test_what_was_not_done_when_the_time_is_over_is_left() -> None:
    async def scenario() -> None:
        async def work(group: list[int]) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                gathering.again(group)

        gathering = Gathering(work, most=1)
        for number in range(3):
            gathering.add(number)
        await gathering.stop(0.01)
        assert gathering.waiting == [0, 1, 2]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "answer",
    [lambda it: it.succeed("late"), lambda it: it.fail(ValueError("late"))],
    ids=["succeed", "fail"],
)
def test_who_has_hung_up_gets_no_answer(answer: Callable[[Awaited[int]], None]) -> None:
    async def scenario() -> None:
        it = Awaited(1, asyncio.get_running_loop().create_future())
        it.answer.cancel()
        answer(it)
        assert it.answer.cancelled()

    asyncio.run(scenario())
