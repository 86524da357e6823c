"""A lease is one node's at a time: held, kept, lost when it runs out, on both stores."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from store.work import held_open, opened, two_nodes
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Work
from tocsin.store.duties import hold_duty, release_duties
from tocsin.store.events.sources import hold_part, move_part, release_part, release_parts

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = 15 * SECOND

Scenario: TypeAlias = Callable[[Database], Awaitable[None]]


def duty(node: str, at: datetime = NOON, name: str = "sweep") -> Work[bool]:
    return lambda tx: hold_duty(tx, name, node=node, now=at, until=at + LEASE)


def part(node: str, at: datetime = NOON, name: str = "0") -> Work[str | None]:
    return lambda tx: hold_part(tx, "t", name, node=node, now=at, until=at + LEASE)


def test_a_lease_is_kept_by_its_node_and_refused_to_others(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario(database: Database) -> None:
        assert await database.write(duty("a"))
        assert not await database.write(duty("b", NOON + 14 * SECOND))
        assert await database.write(duty("a", NOON + 14 * SECOND))
        assert not await database.write(duty("b", NOON + 28 * SECOND))
        assert await database.write(duty("b", NOON + 29 * SECOND))
        assert not await database.write(duty("a", NOON + 29 * SECOND))
        assert await database.write(duty("a", name="another"))

    run(url, runner, scenario)


def test_a_lease_that_is_longer_than_any_is_void_since_the_clock_was_set_back(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario(database: Database) -> None:
        assert await database.write(duty("a"))
        assert await database.write(duty("b", NOON - SECOND))

    run(url, runner, scenario)


def test_who_takes_over_goes_on_where_the_other_was(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        assert await database.write(part("a")) == ""
        assert await database.write(lambda tx: move_part(tx, "t", "0", node="a", position="p7"))
        assert await database.write(part("a")) == "p7"
        assert await database.write(part("b")) is None
        await database.write(lambda tx: release_part(tx, "t", "0", node="a"))
        assert await database.write(part("b")) == "p7"
        assert not await database.write(lambda tx: move_part(tx, "t", "0", node="a", position="p8"))
        assert await database.write(part("a", name="1")) == ""

    run(url, runner, scenario)


def test_who_leaves_gives_back_its_own_leases_alone(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        for number in "12":
            assert await database.write(duty("a", name=f"a{number}"))
            assert await database.write(part("a", name=f"a{number}")) == ""
        assert await database.write(duty("b", name="b"))
        assert await database.write(part("b", name="b")) == ""
        await database.write(lambda tx: release_duties(tx, node="a"))
        await database.write(lambda tx: release_parts(tx, node="a"))
        for number in "12":
            assert await database.write(duty("c", name=f"a{number}"))
            assert await database.write(part("c", name=f"a{number}")) == ""
        assert not await database.write(duty("c", name="b"))
        assert await database.write(part("c", name="b")) is None

    run(url, runner, scenario)


def test_of_many_that_take_it_at_once_one_has_it(postgres_url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as (first, second):
            for at in (NOON, NOON + LEASE):
                nodes = [(f"{at.second}-{n}", (first, second)[n % 2]) for n in range(16)]
                took = await asyncio.gather(
                    *(database.write(duty(name, at)) for name, database in nodes)
                )
                assert sum(took) == 1

    runner.run(scenario())


def test_who_comes_second_waits_for_the_first_and_is_refused(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as (first, second):
            for at, position in ((NOON, ""), (NOON + LEASE, "p1")):
                async with held_open(first, part("a", at)) as found:
                    assert found == position
                    waiting = second.write(part("b", at))
                    await asyncio.sleep(0.1)
                    assert not waiting.done()
                assert await waiting is None
                await first.write(lambda tx: move_part(tx, "t", "0", node="a", position="p1"))

    runner.run(scenario())


def run(url: str, runner: asyncio.Runner, scenario: Scenario) -> None:
    async def on_store() -> None:
        async with opened(url) as database:
            await scenario(database)

    runner.run(on_store())
