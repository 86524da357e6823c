"""Lists of invocations, dead letters sent again, and decisions, on every store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from store.work import opened
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.expiry import DECISIONS, delete_expired
from tocsin.store.invocations import selecting
from tocsin.store.invocations.listing import Page, count_stretch, page_of_invocations
from tocsin.store.invocations.rows import Invocation, State, insert_invocation
from tocsin.store.invocations.selecting import Filter, Position
from tocsin.store.invocations.steering import redrive_dead_letters
from tocsin.store.schema import invocations as table
from tocsin.store.triggers.decisions import (
    Decision,
    DecisionKind,
    decision_about,
    decision_following,
    end_pause,
    record_decision,
    record_or_extend,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SET_STATE = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(state=bindparam("is_now"), node=bindparam("by"))
)
SET_ERROR = (
    update(table).where(table.c.id == bindparam("of_id")).values(last_error=bindparam("error"))
)


def run(url: str, runner: asyncio.Runner, scenario: Callable[[Database], Awaitable[None]]) -> None:
    async def on_a_store() -> None:
        async with opened(url) as database:
            await scenario(database)

    runner.run(on_a_store())


def invocation(number: int, origin: str = "t") -> Invocation:
    return Invocation(
        id=f"i{number:04}",
        parent="folders/f",
        origin=origin,
        scheduled_at=NOON + number * MINUTE,
        action="{}",
        created_at=NOON,
    )


async def add(
    database: Database, numbers: range, state: State, *, node: str | None = None, origin: str = "t"
) -> None:
    def work(tx: Transaction) -> None:
        for number in numbers:
            made = invocation(number, origin)
            insert_invocation(tx, made, due_at=made.scheduled_at)
            tx.run(SET_STATE, of_id=made.id, is_now=state.value, by=node)

    await database.write(work)


async def walk(database: Database, wanted: Filter, limit: int) -> tuple[list[str], list[int]]:
    """Reads a list to its end; returns its ids and the sizes of its pages."""
    after: Position | None = None
    ids: list[str] = []
    sizes: list[int] = []
    while True:

        def read(tx: Transaction, after: Position | None = after) -> Page:
            return page_of_invocations(tx, wanted, after=after, limit=limit)

        page = await database.read(read)
        ids += [each.id for each in page.rows]
        sizes.append(len(page.rows))
        if page.rest is None:
            return ids, sizes
        after = page.rest


@pytest.mark.parametrize("origin", ["t", None])
def test_a_filter_that_few_match_is_worked_through_in_stretches(
    url: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, origin: str | None
) -> None:
    monkeypatch.setattr(selecting, "LOOKED_AT", 4)

    async def scenario(database: Database) -> None:
        await add(database, range(10), State.SUCCEEDED)
        await add(database, range(10, 11), State.PENDING)
        await add(database, range(11, 20), State.SUCCEEDED)
        pending = Filter(origin, frozenset([State.PENDING]))
        assert await walk(database, pending, 5) == (["i0010"], [0, 0, 1, 0, 0, 0])
        succeeded = Filter(origin, frozenset([State.SUCCEEDED]))
        ids, sizes = await walk(database, succeeded, 3)
        assert ids == [f"i{n:04}" for n in range(19, -1, -1) if n != 10]
        assert max(sizes) == 3

    run(url, runner, scenario)


@pytest.mark.parametrize("oldest_first", [False, True])
def test_what_no_index_serves_is_found_in_stretches_of_either_order(
    url: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, oldest_first: bool
) -> None:
    monkeypatch.setattr(selecting, "LOOKED_AT", 4)

    async def scenario(database: Database) -> None:
        await add(database, range(12), State.SUCCEEDED)
        await add(database, range(12, 20), State.FAILED)

        def change(tx: Transaction) -> None:
            tx.run(SET_ERROR, of_id="i0003", error="No Row 7")
            tx.run(SET_ERROR, of_id="i0015", error="no row 8")
            insert_invocation(tx, execution, due_at=NOON)

        location = "projects/p/locations/l"
        execution = invocation(20)._replace(
            parent=location, origin=f"{location}/integrations/nightly"
        )
        await database.write(change)

        async def found(**narrowed: Any) -> list[str]:
            ids, _ = await walk(database, Filter(oldest_first=oldest_first, **narrowed), 3)
            return ids

        in_order = 1 if oldest_first else -1
        failed = frozenset([State.FAILED])
        assert await found(error_text="row") == ["i0003", "i0015"][::in_order]
        assert await found(error_text="row", states=failed) == ["i0015"]
        assert await found(error_text="row", parent="folders/g") == []
        assert await found(parent=location) == ["i0020"]
        assert await found(integration_id="nightly") == ["i0020"]
        assert await found(integration_id="Nightly") == []
        assert await found(made_until=NOON - MINUTE) == []
        assert await found() == [f"i{n:04}" for n in range(21)][::in_order]

    run(url, runner, scenario)


def test_a_stretch_says_whether_more_may_follow_and_is_counted(
    url: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "LOOKED_AT", 4)

    async def scenario(database: Database) -> None:
        await add(database, range(6), State.FAILED)
        wanted = Filter("t", frozenset([State.FAILED]), error_text="row")
        read = database.read
        page = await read(lambda tx: page_of_invocations(tx, wanted, after=None, limit=3))
        assert (page.rows, page.ended_early) == ([], True)
        assert page.rest is not None
        last = await read(lambda tx: page_of_invocations(tx, wanted, after=page.rest, limit=3))
        assert (last.rows, last.rest, last.ended_early) == ([], None, False)
        every = replace(wanted, error_text=None)
        counted = await read(lambda tx: count_stretch(tx, every, after=None))
        assert (counted.matching, counted.rest) == (4, page.rest)
        rest = await read(lambda tx: count_stretch(tx, every, after=counted.rest))
        assert rest == (2, None)

    run(url, runner, scenario)


def test_those_of_one_instant_go_by_their_ids(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        same = [invocation(n)._replace(scheduled_at=NOON) for n in range(7)]

        def work(tx: Transaction) -> None:
            for each in same:
                insert_invocation(tx, each, due_at=NOON)

        await database.write(work)
        ids, _ = await walk(database, Filter("t"), 3)
        assert ids == [f"i000{n}" for n in range(6, -1, -1)]
        upto = Filter("t", scheduled_from=NOON, scheduled_before=NOON + MINUTE)
        assert (await walk(database, upto, 3))[0] == ids
        assert (await walk(database, replace(upto, scheduled_before=NOON), 3))[0] == []

    run(url, runner, scenario)


def test_what_is_in_trouble_is_merged_from_its_states(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        for start, state in enumerate((State.FAILED, State.CANCELLED, State.SUCCEEDED)):
            for number in range(start, 30, 3):
                await add(database, range(number, number + 1), state)
        wanted = Filter("t", frozenset([State.FAILED, State.CANCELLED]))
        ids, sizes = await walk(database, wanted, 6)
        assert ids == [f"i{n:04}" for n in range(29, -1, -1) if n % 3 != 2]
        assert sizes == [6, 6, 6, 2]

    run(url, runner, scenario)


def test_more_dead_letters_than_one_statement_takes_are_sent_again(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario(database: Database) -> None:
        await add(database, range(150), State.DEAD_LETTERED)
        await add(database, range(150, 160), State.DEAD_LETTERING)
        await add(database, range(160, 163), State.DEAD_LETTERING, node="n1")
        await add(database, range(163, 170), State.FAILED)
        await add(database, range(170, 180), State.DEAD_LETTERED, origin="other")

        def redrive(tx: Transaction) -> tuple[list[str], int]:
            return redrive_dead_letters(
                tx, "t", now=NOON + HOUR, limit=140, target_of=lambda _: "function/f"
            )

        first, left = await database.write(redrive)
        assert (first, left) == ([f"i{n:04}" for n in range(140)], 23)
        second, left = await database.write(redrive)
        # Those that a node is just putting into their queue are left.
        assert (second, left) == ([f"i{n:04}" for n in range(140, 160)], 3)
        pending, _ = await walk(database, Filter("t", frozenset([State.PENDING])), 1000)
        assert sorted(pending) == first + second

    run(url, runner, scenario)


def decision(name: str, kind: DecisionKind, first: datetime, last: datetime | None) -> Decision:
    return Decision(name, "t", kind, first, last, decided_at=NOON)


def test_the_latest_decision_that_covers_an_instant_is_found(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario(database: Database) -> None:
        for made in (
            decision("a", DecisionKind.MISFIRE, NOON, NOON + HOUR),
            decision("b", DecisionKind.MISFIRE, NOON + MINUTE, NOON + 2 * MINUTE),
            decision("c", DecisionKind.PAUSE, NOON, None),
            replace(decision("d", DecisionKind.MISFIRE, NOON, None), trigger_id="other"),
        ):
            await database.write(lambda tx, made=made: record_decision(tx, made))

        async def about(kind: DecisionKind, instant: datetime) -> str | None:
            found = await database.read(lambda tx: decision_about(tx, "t", kind, instant))
            return found and found.id

        assert await about(DecisionKind.MISFIRE, NOON - MINUTE) is None
        assert await about(DecisionKind.MISFIRE, NOON) == "a"
        assert await about(DecisionKind.MISFIRE, NOON + 2 * MINUTE) == "b"
        assert await about(DecisionKind.MISFIRE, NOON + 3 * MINUTE) == "a"
        assert await about(DecisionKind.MISFIRE, NOON + 2 * HOUR) is None
        assert await about(DecisionKind.PAUSE, NOON + 2 * HOUR) == "c"
        await database.write(lambda tx: end_pause(tx, "t", now=NOON + HOUR))
        assert await about(DecisionKind.PAUSE, NOON + 2 * HOUR) is None
        following = await database.read(
            lambda tx: decision_following(tx, "t", DecisionKind.MISFIRE, NOON + MINUTE)
        )
        assert following is not None
        assert following.id == "b"

    run(url, runner, scenario)


def test_what_goes_on_is_one_decision(url: str, runner: asyncio.Runner) -> None:
    async def scenario(database: Database) -> None:
        for n in (0, 1, 2, 7):
            at = NOON + n * MINUTE
            made = decision(f"d{n}", DecisionKind.UNREADABLE, at, at + MINUTE)
            await database.write(lambda tx, made=made: record_or_extend(tx, made))
        found = await database.read(
            lambda tx: decision_about(tx, "t", DecisionKind.UNREADABLE, NOON + 2 * MINUTE)
        )
        assert found is not None
        assert (found.id, found.count, found.last_at) == ("d0", 3, NOON + 3 * MINUTE)

    run(url, runner, scenario)


def test_what_ended_long_ago_is_forgotten_and_what_goes_on_is_not(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario(database: Database) -> None:
        def record(tx: Transaction) -> None:
            for n in range(700):
                at = NOON + n * MINUTE
                record_decision(tx, decision(f"d{n:04}", DecisionKind.RULE, at, at))
            record_decision(tx, decision("pause", DecisionKind.PAUSE, NOON, None))

        def forget(tx: Transaction) -> int:
            before = NOON + 600 * MINUTE - timedelta(microseconds=1)
            return delete_expired(tx, DECISIONS, now=before + DECISIONS.kept)

        await database.write(record)
        assert [await database.write(forget) for _ in range(3)] == [500, 100, 0]
        left = await database.read(lambda tx: decision_following(tx, "t", DecisionKind.RULE, NOON))
        assert left is not None
        assert left.first_at == NOON + 600 * MINUTE
        assert await database.read(
            lambda tx: decision_about(tx, "t", DecisionKind.PAUSE, NOON + HOUR)
        )

    run(url, runner, scenario)
