"""Bells ring after the commit of the work that rang them, and of no other."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam, insert, select

from store.work import add, ids, opened
from tocsin.store.driver.bells import Bell, Rung
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.database import Database
from tocsin.store.driver.notices import read_notice
from tocsin.store.driver.transaction import Contended, Transaction, Work
from tocsin.store.schema import duties

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOLD = insert(duties)
HELD = select(duties.c.name).where(duties.c.node == bindparam("node"))

Heard = list[tuple[Bell, datetime | None]]


def hearing(database: Database) -> Heard:
    heard: Heard = []
    for bell in Bell:
        database.on(bell, lambda at, each=bell: heard.append((each, at)))  # type: ignore[misc]
    return heard


def ringing(bell: Bell, at: datetime | None, name: str) -> Work[None]:
    def work(tx: Transaction) -> None:
        add(name)(tx)
        tx.ring(bell, at)

    return work


def test_the_earliest_instant_of_a_group_is_rung_once(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            heard = hearing(database)
            await asyncio.gather(
                database.write(ringing(Bell.TICKS, NOON + SECOND, "a")),
                database.write(ringing(Bell.TICKS, NOON, "b")),
                database.write(ringing(Bell.DELIVERIES, NOON, "c")),
                database.write(ringing(Bell.DELIVERIES, None, "d")),
                database.write(add("e")),
            )
            assert heard == [(Bell.TICKS, NOON), (Bell.DELIVERIES, None)]

    runner.run(scenario())


def test_the_bells_of_work_that_fails_do_not_ring(url: str, runner: asyncio.Runner) -> None:
    def broken(tx: Transaction) -> None:
        tx.ring(Bell.TICKS, NOON - SECOND)
        tx.ring(Bell.BATCHES, NOON)
        tx.ring_here(Bell.ACCESS)
        raise RuntimeError("broke off")

    async def scenario() -> None:
        async with opened(url) as database:
            heard = hearing(database)
            await asyncio.gather(
                database.write(ringing(Bell.TICKS, NOON, "a")),
                database.write(broken),
                database.write(ringing(Bell.TICKS, NOON + SECOND, "b")),
                return_exceptions=True,
            )
            # On PostgreSQL each has a transaction of its own by now, so each rings for itself.
            assert {bell for bell, _ in heard} == {Bell.TICKS}
            assert min(at for _, at in heard if at) == NOON

    runner.run(scenario())


def test_the_bells_of_an_attempt_that_was_undone_do_not_ring(
    url: str, runner: asyncio.Runner
) -> None:
    attempts = iter((NOON, NOON + SECOND))

    def work(tx: Transaction) -> None:
        at = next(attempts)
        tx.ring(Bell.TICKS, at)
        if at == NOON:
            raise Contended

    async def scenario() -> None:
        async with opened(url) as database:
            heard = hearing(database)
            await database.write(work)
            assert heard == [(Bell.TICKS, NOON + SECOND)]

    runner.run(scenario())


def test_they_ring_though_nobody_waits_for_the_answer(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            heard = hearing(database)
            hasty = asyncio.ensure_future(database.write(ringing(Bell.TICKS, NOON, "a")))
            await asyncio.sleep(0)
            hasty.cancel()
            async with asyncio.timeout(30):
                while not heard:
                    await asyncio.sleep(0.001)
            assert heard == [(Bell.TICKS, NOON)]
            assert await ids(database) == ["a"]

    runner.run(scenario())


def test_they_ring_when_what_was_written_can_be_read(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            reading: list[asyncio.Task[list[str]]] = []
            database.on(Bell.TICKS, lambda _: reading.append(asyncio.create_task(ids(database))))
            await database.write(ringing(Bell.TICKS, NOON, "a"))
            assert [await each for each in reading] == [["a"]]

    runner.run(scenario())


def test_what_is_left_to_the_end_is_written_once_for_all_that_ask_for_it(
    url: str, runner: asyncio.Runner
) -> None:
    def asking(name: str) -> Work[None]:
        def work(tx: Transaction) -> None:
            # A second time the key would be taken.
            tx.run_last(HOLD, name=name, node="n", held_until=0)

        return work

    def broken(tx: Transaction) -> None:
        tx.run_last(HOLD, name="undone", node="n", held_until=0)
        raise RuntimeError("broke off")

    async def held(database: Database) -> list[str]:
        rows = await database.read(lambda tx: tx.all(HELD, node="n"))
        return sorted(row[0] for row in rows)

    async def scenario() -> None:
        async with opened(url) as database:
            await asyncio.gather(*(database.write(asking("one")) for _ in range(20)))
            assert await held(database) == ["one"]
            await asyncio.gather(
                database.write(asking("two")), database.write(broken), return_exceptions=True
            )
            assert await held(database) == ["one", "two"]

    runner.run(scenario())


def test_a_notice_says_which_bells_are_rung() -> None:
    rung = Rung()
    rung.ring(Bell.TICKS, NOON + SECOND)
    rung.ring(Bell.TICKS, NOON)
    rung.ring(Bell.READERS)
    notice = rung.to_notice()
    assert notice == {"ticks": 1893499200000000, "readers": None}
    assert Rung.of_notice(notice).items() == [(Bell.TICKS, NOON), (Bell.READERS, None)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ticks",
        "[]",
        "null",
        '{"ticks":"soon"}',
        '{"ticks":99999999999999999999}',
        '{"changed":[]}',
        '{"changed":{"triggers":7}}',
        '{"changed":{"triggers":[7]}}',
    ],
)
def test_a_notice_that_does_not_say_it_may_mean_any(text: str) -> None:
    assert read_notice(text) is None


def test_a_bell_of_a_later_version_is_left_out() -> None:
    read = read_notice('{"carillon":1,"batches":null,"changed":{"moods":["a"],"intakes":["b"]}}')
    assert read is not None
    assert read.rung.items() == [(Bell.BATCHES, None)]
    assert read.written == [(Watched.INTAKES, ["b"])]
    assert not read.asks
    assert not read.missed
