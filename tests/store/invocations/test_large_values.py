"""Large payloads, messages and answers: kept apart on SQLite, in their rows on PostgreSQL."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, bindparam, func, select, update

from store.test_migrations import on_connection, upgrade_to
from store.work import opened
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import (
    deliveries,
    depths,
    large_values,
    listing,
    parking,
    reconciliation,
    retention,
    rows,
    steering,
)
from tocsin.store.invocations.deliveries import Ended, Ending
from tocsin.store.invocations.rows import Invocation, State
from tocsin.store.invocations.selecting import Filter
from tocsin.store.schema import compatibility
from tocsin.store.schema import invocations as table
from tocsin.store.schema import large_values as apart

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MIB = 1024 * 1024
LARGE = b"x" * MIB
IN_ROWS = select(
    table.c.id,
    func.length(table.c.payload),
    func.length(table.c.message),
    func.length(table.c.answer),
).order_by(table.c.id)
IN_ROW_OF = IN_ROWS.where(table.c.id == bindparam("of_id"))
APART = select(apart.c.invocation_id, apart.c.field, apart.c.bytes).order_by(
    apart.c.invocation_id, apart.c.field
)
OLDEST_KNOWN = select(compatibility.c.oldest_known)


def invocation(number: int, payload: bytes = LARGE, message: bytes | None = LARGE) -> Invocation:
    return Invocation(
        id=f"i{number:03}",
        parent="projects/p/locations/l",
        origin="origin",
        scheduled_at=NOON + number * SECOND,
        action="{}",
        created_at=NOON,
        target="integration/large",
        payload=payload,
        message=message,
    )


async def add(database: Database, *invocations: Invocation) -> None:
    def insert(tx: Transaction) -> None:
        for each in invocations:
            rows.insert_invocation(tx, each, due_at=each.scheduled_at)

    await database.write(insert)


def claim(tx: Transaction, *ids: str) -> list[Invocation]:
    return deliveries.take(tx, ids, node="n", now=NOON, lease_until=NOON + 6 * SECOND)


def finish(tx: Transaction, answer: bytes | None, *ids: str) -> set[str]:
    ending = Ending(State.SUCCEEDED, answer=answer)
    return deliveries.finish(tx, [Ended(each, ending, NOON) for each in ids], node="n")


async def finished(database: Database, answer: bytes | None, *ids: str) -> None:
    await database.write(lambda tx: claim(tx, *ids))
    await database.write(lambda tx: finish(tx, answer, *ids))


def whole(tx: Transaction, invocation_id: str) -> Invocation:
    found = listing.find_whole(tx, invocation_id)
    assert found is not None
    return found


def claimed_payload(tx: Transaction, invocation_id: str) -> bytes | None:
    [claimed] = claim(tx, invocation_id)
    assert (claimed.message, claimed.answer) == (None, None)
    return claimed.payload or deliveries.large_payload(tx, invocation_id)


@pytest.mark.parametrize("size", [0, 1, 4096, 4097, MIB])
def test_what_was_stored_is_read_and_delivered(url: str, runner: asyncio.Runner, size: int) -> None:
    payload, message, answer = b"p" * size, b"m" * max(size, 1), b"a" * max(size, 1)

    async def scenario() -> None:
        async with opened(url) as database:
            await add(database, invocation(1, payload, message))
            [candidate] = await database.write(
                lambda tx: deliveries.due_candidates(tx, now=NOON + SECOND, limit=9)
            )
            assert tuple(candidate) == ("i001", "integration/large", size)
            delivered = await database.write(lambda tx: claimed_payload(tx, "i001"))
            assert (delivered or b"") == payload
            await database.write(lambda tx: finish(tx, answer, "i001"))
            found = await database.read(lambda tx: whole(tx, "i001"))
            assert (found.payload, found.message, found.answer) == (payload, message, answer)
            shown = await database.read(lambda tx: rows.find_invocation(tx, "i001"))
            assert shown is not None
            assert (shown.payload, shown.message, shown.answer) == (b"", message, answer)
            [listed] = await database.read(
                lambda tx: list(rows.page_of_executions(tx, parent=found.parent, after="", limit=9))
            )
            assert (listed.payload, listed.message) == (b"", message)

    runner.run(scenario())


def test_only_large_values_are_kept_apart(path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{path}") as database:
            await add(database, invocation(1), invocation(2, b"p" * 4096, None))
            await finished(database, LARGE, "i002")
            assert await database.read(lambda tx: tx.all(IN_ROWS)) == [
                ("i001", 0, 0, None),
                ("i002", 4096, None, 0),
            ]
            assert await database.read(lambda tx: tx.all(APART)) == [
                ("i001", "message", MIB),
                ("i001", "payload", MIB),
                ("i002", "answer", MIB),
            ]

    runner.run(scenario())


def test_a_node_of_the_version_before_finds_everything_in_the_row_on_postgresql(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    statements = json.loads((Path(__file__).parents[1] / "statements_0011.json").read_text())
    text = statements["deliveries.TAKE"]["postgresql"]

    async def scenario() -> None:
        async with opened(postgres_url) as database:
            await add(database, invocation(1))
            assert await database.read(lambda tx: tx.all(APART)) == []
        connection = await asyncpg.connect(postgres_url)
        [claimed] = await connection.fetch(
            text,
            *("dead_lettering", "running", 1, "old", 1, 0, 1),
            *["i001"] * 64,
        )
        await connection.close()
        assert (claimed["payload"], claimed["message"]) == (LARGE, LARGE)

    runner.run(scenario())


def test_a_tick_that_fired_before_leaves_no_value(path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{path}") as database:
            first = invocation(1)._replace(occurrence="tick")
            again = invocation(2)._replace(occurrence="tick")
            for each, added in ((first, {"i001"}), (again, set())):
                due = [(each, NOON)]
                assert (
                    await database.write(lambda tx, due=due: rows.insert_invocations(tx, due))
                    == added
                )
            owners = {row[0] for row in await database.read(lambda tx: tx.all(APART))}
            assert owners == {"i001"}

    runner.run(scenario())


def test_values_are_swept_with_their_invocations_in_bounded_steps(
    path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{path}") as database:
            await add(database, *(invocation(each, b"p" * 6 * MIB, b"m") for each in range(5)))
            await add(database, *(invocation(each, b"p", b"m") for each in range(5, 9)))
            ids = [f"i{each:03}" for each in range(9)]
            await finished(database, None, *ids)
            steps = []
            while swept := await database.write(
                lambda tx: retention.sweep_finished(tx, State.SUCCEEDED, until=NOON)
            ):
                steps.append(swept)
            # 16 MiB at most in each.
            assert steps == [2, 2, 5]
            assert await database.read(lambda tx: tx.all(APART)) == []

    runner.run(scenario())


OLD_ROW = """
INSERT INTO invocations (id, parent, origin, state, scheduled_at, next_at, attempts, action,
                         payload, message, created_at, target)
VALUES ('{id}', 'projects/p/locations/l', 'origin', 'pending', 1, 1, 0, '{{}}',
        {large}, {large}, 1, 'integration/large')
"""
LARGE_OF = {
    "sqlite": f"CAST(replace(hex(zeroblob({MIB // 2})), '0', 'x') AS BLOB)",
    "postgresql": f"CAST(repeat('x', {MIB}) AS bytea)",
}


def write_old(url: str) -> Callable[[Connection], None]:
    def insert(connection: Connection) -> None:
        large = LARGE_OF[url.partition(":")[0]]
        connection.exec_driver_sql(OLD_ROW.format(id="i001", large=large))
        connection.exec_driver_sql(OLD_ROW.format(id="i002", large="''"))
        connection.commit()

    return insert


def test_what_the_version_before_stored_is_read_and_delivered(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        await on_connection(url, upgrade_to("0016"))
        await on_connection(url, write_old(url))
        async with opened(url) as database:
            sizes = await database.write(
                lambda tx: deliveries.due_candidates(tx, now=NOON, limit=9)
            )
            assert [tuple(each) for each in sizes] == [
                ("i001", "integration/large", MIB),
                ("i002", "integration/large", 0),
            ]
            assert await database.write(lambda tx: claimed_payload(tx, "i001")) == LARGE
            shown = await database.read(lambda tx: whole(tx, "i001"))
            assert (shown.payload, shown.message, shown.answer) == (LARGE, LARGE, None)
            [[_, payload, message, _]] = await database.read(
                lambda tx: tx.all(IN_ROW_OF, of_id="i001")
            )
            kept = 0 if url.startswith("sqlite") else MIB
            assert (payload, message) == (kept, kept)

    runner.run(scenario())


def downgrade(connection: Connection) -> None:
    from importlib.resources import as_file, files

    from alembic import command
    from alembic.config import Config

    with as_file(files("tocsin.store.migrations")) as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = connection
        command.downgrade(config, "0016")
        connection.commit()


def test_values_go_back_into_their_rows_with_the_schema(path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        url = f"sqlite:///{path}"
        async with opened(url) as database:
            await add(database, invocation(1), invocation(2, b"p", b"m"))
        await on_connection(url, downgrade)

        def lengths(connection: Connection) -> Any:
            text = "SELECT id, length(payload), length(message) FROM invocations ORDER BY id"
            return [tuple(row) for row in connection.exec_driver_sql(text)]

        assert await on_connection(url, lengths) == [("i001", MIB, MIB), ("i002", 1, 1)]

    runner.run(scenario())


def test_nodes_that_do_not_know_the_values_are_kept_out_while_there_are_any(
    path: Path, runner: asyncio.Runner
) -> None:
    """They would call targets with empty payloads."""
    url = f"sqlite:///{path}"

    async def oldest() -> str:
        async with opened(url) as database:
            found: str = await database.read(lambda tx: tx.value(OLDEST_KNOWN))
            return found

    async def scenario() -> None:
        async with opened(url) as database:
            await add(database, invocation(1, b"p", b"m"))
        assert await oldest() == "0011"
        async with opened(url) as database:
            await add(database, invocation(2))
            assert await database.read(lambda tx: tx.value(OLDEST_KNOWN)) == "0017"
        assert await oldest() == "0017"
        async with opened(url) as database:
            await finished(database, None, "i002")
            await database.write(
                lambda tx: retention.sweep_finished(tx, State.SUCCEEDED, until=NOON)
            )
        assert await oldest() == "0011"

    runner.run(scenario())


def transferred() -> int:
    """The bytes that this thread has read and written so far, cached or not."""
    lines = Path("/proc/thread-self/io").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines[:2])


def all_of(tx: Transaction, **wanted: Any) -> None:
    listing.page_of_invocations(tx, Filter(**wanted), after=None, limit=100)


LATER = NOON + timedelta(hours=1)
LEASE = NOON + 6 * SECOND
AGAIN = Ending(State.RETRYING, again_at=NOON, error="e", failures=1, history="[]")
# What engines and callers do all the time, and with many invocations at once.
HOT: dict[str, Callable[[Transaction], object]] = {
    "next due": deliveries.next_due,
    "first waiting": lambda tx: deliveries.first_waiting(tx, limit=32),
    "waiting targets": lambda tx: deliveries.waiting_targets(tx, but=()),
    "candidates": lambda tx: deliveries.due_candidates(tx, now=LATER, limit=64),
    "candidates of a target": lambda tx: deliveries.due_of_target(
        tx, "integration/large", now=LATER, limit=64
    ),
    "claiming": lambda tx: claim(tx, "i000", "i001", "i002"),
    "heartbeat": lambda tx: deliveries.extend_leases(
        tx, ["i000", "i001", "i002"], node="n", lease_until=LEASE
    ),
    "putting back": lambda tx: deliveries.put_back(tx, "i000", node="n", at=NOON, why="w"),
    "ending": lambda tx: deliveries.finish(tx, [Ended("i001", AGAIN, NOON)], node="n"),
    "handing back": lambda tx: deliveries.hand_back(tx, now=NOON, node="n"),
    "gauges": lambda tx: depths.depths(tx, now=LATER),
    "list": all_of,
    "list of an origin": lambda tx: all_of(tx, origin="origin"),
    "list of a state": lambda tx: all_of(tx, states=frozenset({State.PENDING})),
    "list of failures": lambda tx: all_of(tx, states=frozenset({State.DEAD_LETTERED})),
    "summary": lambda tx: listing.find_summary(tx, "i003"),
    "under way": lambda tx: listing.under_way(tx, "integration/large"),
    "state": lambda tx: rows.state_of(tx, "i003"),
    "ids of executions": lambda tx: tx.all(
        rows.PAGE, parent="projects/p/locations/l", after="", limit=100
    ),
    "cancelling": lambda tx: rows.cancel_invocation(tx, "i003", now=NOON),
    "forgetting": lambda tx: rows.forget_invocation(tx, "i003", now=NOON),
    "parking": lambda tx: parking.set_aside(tx, ["i004", "i005"], now=NOON),
    "a walk of a trigger": lambda tx: parking.follow(tx, "origin", now=NOON),
    "lost": reconciliation.lost_invocations,
    "odd": lambda tx: reconciliation.odd_invocations(
        tx, after=NOON - SECOND, until=LATER, now=NOON, tolerance=SECOND, lease=SECOND
    ),
    "end of a slice": lambda tx: reconciliation.end_of_slice(tx, after=NOON),
    "overdue": lambda tx: reconciliation.overdue_invocations(tx, until=LATER, limit=100),
    "finished": lambda tx: retention.page_of_finished(
        tx, State.SUCCEEDED, after=NOON - SECOND, until=LATER, size=2
    ),
    "redriving": lambda tx: steering.redrive_dead_letters(
        tx, "origin", now=NOON, limit=100, target_of=lambda _: "integration/large"
    ),
    "delivering again": lambda tx: steering.deliver_again(
        tx, "i012", target="integration/large", now=NOON, history=None
    ),
    "sizes of what is to be swept": lambda tx: large_values.deletable_at_once(
        tx, [f"i{each:03}" for each in range(16)]
    ),
}


def test_no_hot_work_walks_over_large_values(path: Path, runner: asyncio.Runner) -> None:
    """On a migrated database, whose small columns stand behind the large ones.

    It counts what SQLite reads and writes, which its plans do not tell: the columns that follow a
    large one, and a row that is changed.
    """

    async def measured(database: Database, work: Callable[[Transaction], object]) -> int:
        def counted(tx: Transaction) -> int:
            before = transferred()
            work(tx)
            return transferred() - before

        return await database.write(counted)

    async def scenario() -> None:
        url = f"sqlite:///{path}"
        async with opened(url) as database:
            await add(database, *(invocation(each) for each in range(16)))
            await finished(database, LARGE, "i012", "i013")
            dead = Ending(State.DEAD_LETTERED, error="e")
            await database.write(lambda tx: claim(tx, "i014"))
            await database.write(
                lambda tx: deliveries.finish(tx, [Ended("i014", dead, NOON)], node="n")
            )
        # Whatever is in memory by now is read again.
        async with opened(url) as database:
            taken = {name: await measured(database, work) for name, work in HOT.items()}
            assert {name: size for name, size in taken.items() if size > MIB // 4} == {}
            # The measure sees a value that is read.
            assert await measured(database, lambda tx: whole(tx, "i013")) > 3 * MIB

    runner.run(scenario())


def test_the_commit_writes_a_large_input_not_the_event_loop(
    path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{path}") as database:
            large = invocation(1, b"p" * 8 * MIB, b"m" * 8 * MIB)

            def insert(tx: Transaction) -> int:
                before = transferred()
                rows.insert_invocation(tx, large, due_at=NOON)
                return transferred() - before

            assert await database.write(insert) < MIB // 4

    runner.run(scenario())


IN_ITS_ROW = update(table).where(table.c.id == "i001").values(payload=b"x" * 8 * MIB)


def test_the_measure_sees_a_row_with_a_large_value(path: Path, runner: asyncio.Runner) -> None:
    """So that the test above can fail."""

    async def scenario() -> None:
        async with opened(f"sqlite:///{path}") as database:
            await add(database, invocation(1, b"p", b"m"))
            await database.write(lambda tx: tx.run(IN_ITS_ROW))
        async with opened(f"sqlite:///{path}") as database:

            def listed(tx: Transaction) -> int:
                before = transferred()
                all_of(tx)
                return transferred() - before

            assert await database.write(listed) > MIB // 4

    runner.run(scenario())
