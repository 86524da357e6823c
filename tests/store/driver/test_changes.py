"""Who follows changes is told which rows transactions changed, on its node and on others."""

import asyncio
from collections.abc import Callable

from store.work import add, opened, two_nodes
from tocsin.store.driver.changes import MOST_CHANGES, Changes, Watched, Written
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction

TRIGGERS = Watched.TRIGGERS


class Follower:
    """Follows the changes that a database tells."""

    def __init__(self, database: Database) -> None:
        self.ids: list[str] = []
        self.missed = 0
        database.on_changes(self._hear)
        database.follow_changes(True)

    def _hear(self, written: Written | None) -> None:
        if written is None:
            self.missed += 1
        else:
            self.ids += [each for _, ids in written for each in ids]

    async def until(self, found: Callable[["Follower"], bool]) -> None:
        async with asyncio.timeout(60):
            while not found(self):
                await asyncio.sleep(0.01)


def test_rows_are_named_after_their_commit_and_in_its_order(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(add("before"))
            follower = Follower(database)
            await database.write(add("a"))
            await database.write(add("b"))
            assert follower.ids == ["a", "b"]
            database.follow_changes(False)
            await database.write(add("after"))
            assert follower.ids == ["a", "b"]

    runner.run(scenario())


def test_what_was_undone_is_not_named(url: str, runner: asyncio.Runner) -> None:
    def broken(tx: Transaction) -> None:
        add("broken")(tx)
        raise RuntimeError("broke off")

    async def scenario() -> None:
        async with opened(url) as database:
            follower = Follower(database)
            await asyncio.gather(
                database.write(add("a")),
                database.write(broken),
                database.write(add("b")),
                return_exceptions=True,
            )
            assert sorted(follower.ids) == ["a", "b"]

    runner.run(scenario())


def test_other_nodes_name_what_they_change_once_they_are_asked(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def many(tx: Transaction) -> None:
        tx.changed(TRIGGERS, [f"{number:04}-{'x' * 20}" for number in range(2_000)])

    async def scenario() -> None:
        async with two_nodes(postgres_url) as (first, second):
            for database in (first, second):
                database.listen(lambda: None, asyncio.sleep)
            follower = Follower(first)
            # The other one says that it begins to tell.
            await follower.until(lambda it: it.missed >= 2)
            missed = follower.missed
            await second.write(add("a"))
            await follower.until(lambda it: it.ids == ["a"])
            # These take several notices.
            await second.write(many)
            await follower.until(lambda it: len(it.ids) == 2_001)
            assert follower.missed == missed

    runner.run(scenario())


def test_changes_that_are_too_many_for_notices_are_missed(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def too_many(tx: Transaction) -> None:
        tx.changed(TRIGGERS, [f"{number:05}" for number in range(MOST_CHANGES + 1)])

    async def scenario() -> None:
        async with two_nodes(postgres_url) as (first, second):
            for database in (first, second):
                database.listen(lambda: None, asyncio.sleep)
            follower = Follower(first)
            await follower.until(lambda it: it.missed >= 2)
            missed = follower.missed
            await second.write(too_many)
            await follower.until(lambda it: it.missed > missed)
            assert follower.ids == []

    runner.run(scenario())


def test_a_row_is_named_once_until_it_is_taken() -> None:
    changes = Changes()
    changes.add([(TRIGGERS, ["a", "b"]), (TRIGGERS, ["a"]), (Watched.INTAKES, ["a"])])
    assert len(changes) == 3
    assert changes.take(2) == [(TRIGGERS, "a"), (TRIGGERS, "b")]
    assert list(changes) == [(Watched.INTAKES, "a")]
    changes.miss()
    assert changes
    assert not len(changes)
