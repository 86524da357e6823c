"""What is long done is forgotten: by age, by count, in small steps, on both stores."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import bindparam, func, insert, select

from engine.pace import Hasty
from store.work import opened, two_nodes
from tocsin.engine.settings import RetentionSettings
from tocsin.engine.upkeep.duty import HELD_FOR, Duty
from tocsin.engine.upkeep.retention import EVERY_SECONDS, SETTLED_AFTER, RetentionSweep, age_of
from tocsin.schedule import ManualClock
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.invocations.retention import SWEPT_AT_ONCE, sweep_finished, swept_until
from tocsin.store.invocations.rows import State
from tocsin.store.schema import FIRST_CONTRACT, invocations, operations
from tocsin.store.triggers.operations import insert_operation
from tocsin.store.triggers.rows import insert_trigger
from tocsin.wire.ids import Ids, first_id_at

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

Row = dict[str, Value]


def only(**rules: timedelta | int) -> RetentionSettings:
    """Settings that sweep by these rules, and by no other."""
    swept = RetentionSettings.model_fields.keys() - {"request_ids_age"}
    forever: dict[str, object] = dict.fromkeys(swept, "forever")
    given = {
        name: rule.total_seconds() if isinstance(rule, timedelta) else rule
        for name, rule in rules.items()
    }
    return RetentionSettings.model_validate(forever | given)


def row(
    name: str, state: State, finished_at: datetime | None, **values: object
) -> dict[str, object]:
    """An invocation as it lies in the store."""
    return {
        "id": name,
        "parent": "folders/f",
        "origin": "t1",
        "occurrence": None,
        "state": state.value,
        "scheduled_at": 0,
        "next_at": 0 if finished_at is None else None,
        "finished_at": None if finished_at is None else to_micros(finished_at),
        "attempts": 1,
        "action": "{}",
        "payload": b"",
        "created_at": 0,
        **values,
    }


INSERT = insert(invocations).values(
    {name: bindparam(name) for name in row("", State.PENDING, None)}
)


async def fill(database: Database, rows: Sequence[Row]) -> None:
    def work(tx: Transaction) -> None:
        for values in rows:
            tx.run(INSERT, **values)

    await database.write(work)


async def kept(database: Database) -> list[str]:
    rows = await database.read(lambda tx: tx.all(select(invocations.c.id)))
    return sorted(found[0] for found in rows)


class Sweeper:
    """A retention that sweeps once when it is told to."""

    def __init__(self, database: Database, rules: RetentionSettings, clock: ManualClock) -> None:
        self.pace = Hasty()
        self.swept: Counter[str] = Counter()
        self.retention = RetentionSweep(
            database,
            clock,
            rules,
            Duty("retention", database, clock, node="n1"),
            machine_clock=self.pace,
            first_id_at=first_id_at,
        )

    async def sweep(self) -> Counter[str]:
        with structlog.testing.capture_logs() as logs:
            await self.retention.run_once()
        for line in logs:
            self.swept.update({name: line[name] for name in line.keys() - {"event", "log_level"}})
        assert self.pace.rests.pop() == EVERY_SECONDS
        return self.swept


def test_by_age(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await fill(
                database,
                [
                    *(
                        row(f"{state.value}-{days}", state, NOON - days * DAY)
                        for state in (State.SUCCEEDED, State.CANCELLED, State.DEAD_LETTERED)
                        for days in (1, 3, 9)
                    ),
                    *(row(state.value, state, None) for state in State if not state.final),
                ],
            )
            rules = only(age=2 * DAY, failed_age=5 * DAY)
            swept = await Sweeper(database, rules, ManualClock(NOON)).sweep()
            assert swept == {"succeeded": 2, "cancelled": 2, "dead_lettered": 1}
            assert await kept(database) == [
                "cancelled-1",
                "dead_lettered-1",
                "dead_lettered-3",
                "dead_lettering",
                "pending",
                "retrying",
                "running",
                "succeeded-1",
            ]

    runner.run(scenario())


def test_what_failed_is_kept_at_least_as_long() -> None:
    assert age_of(State.FAILED, only(age=9 * DAY, failed_age=DAY)) == 9 * DAY
    assert age_of(State.FAILED, only(failed_age=DAY)) is None
    assert age_of(State.DEAD_LETTERED, only(age=DAY)) is None


def test_by_count_the_latest_of_each_state_are_kept(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            clock = ManualClock(NOON)
            sweeper = Sweeper(database, only(most=10), clock)

            async def finish(numbers: range) -> list[str]:
                states = (State.SUCCEEDED, State.FAILED)
                made = [
                    row(f"{state.value}-{n:02}", state, clock.now() + n * SECOND)
                    for state in states
                    for n in numbers
                ]
                await fill(database, made)
                await clock.advance(timedelta(seconds=numbers[-1]) + SETTLED_AFTER + SECOND)
                await sweeper.sweep()
                return await kept(database)

            assert len(await finish(range(10))) == 20
            # As many again, and three: what was counted before is not counted twice.
            left = await finish(range(10, 23))
            expected = [
                f"{state}-{n:02}" for state in ("failed", "succeeded") for n in range(13, 23)
            ]
            assert left == expected

    runner.run(scenario())


def test_many_that_finished_in_one_moment_are_counted(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            at_once = [row(f"a{n:02}", State.SUCCEEDED, NOON - DAY) for n in range(30)]
            later = [row(f"b{n:02}", State.SUCCEEDED, NOON - n * SECOND) for n in range(20, 30)]
            await fill(database, [*at_once, *later])
            sweeper = Sweeper(database, only(most=10), ManualClock(NOON))
            await sweeper.sweep()
            assert await kept(database) == [f"b{n}" for n in range(20, 30)]

    runner.run(scenario())


def test_forever(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await fill(database, [row("a", State.SUCCEEDED, NOON - 10_000 * DAY)])
            sweeper = Sweeper(database, only(), ManualClock(NOON))
            assert await sweeper.sweep() == {}
            assert await kept(database) == ["a"]

    runner.run(scenario())


def test_operations(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            clock = ManualClock(NOON)
            ids = Ids(clock)
            old = [ids.new() for _ in range(3)]
            await clock.advance(3 * DAY)
            new = ids.new()
            for each in (*old, new):
                await database.write(
                    lambda tx, each=each: insert_operation(
                        tx, operation_id=each, trigger_id="t", folder_id="f", message=b""
                    )
                )
            sweeper = Sweeper(database, only(operations_age=2 * DAY), clock)
            assert await sweeper.sweep() == {"operation": 3}
            left = await database.read(lambda tx: tx.all(select(operations.c.id)))
            assert left == [(new,)]

    runner.run(scenario())


def test_each_step_is_small_and_is_followed_by_a_rest(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            rows = 2 * SWEPT_AT_ONCE + 1
            await fill(
                database, [row(f"i{n:04}", State.SUCCEEDED, NOON - 2 * DAY) for n in range(rows)]
            )
            sweeper = Sweeper(database, only(age=DAY), ManualClock(NOON))
            left: list[int] = []
            rest = sweeper.pace.sleep

            async def counting(seconds: float) -> None:
                left.append(len(await kept(database)))
                await rest(seconds)

            sweeper.pace.sleep = counting  # type: ignore[method-assign]
            await sweeper.retention.run_once()
            steps = [before - after for before, after in zip([rows, *left], left, strict=False)]
            assert max(steps) == SWEPT_AT_ONCE
            assert sum(steps) == rows
            assert min(sweeper.pace.rests) > 0

    runner.run(scenario())


def test_that_its_tick_fired_stays_known(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(
                lambda tx: insert_trigger(
                    tx,
                    trigger_id="t1",
                    folder_id="f",
                    name="",
                    contract=FIRST_CONTRACT,
                    message=b"",
                )
            )
            ticks = [
                row(f"i{n}", State.SUCCEEDED, NOON - DAY, occurrence=f"t1/{n}/0", scheduled_at=n)
                for n in (7, 9, 8)
            ]
            others = [
                row("fired-by-hand", State.SUCCEEDED, NOON - DAY, scheduled_at=20),
                row("gone", State.SUCCEEDED, NOON - DAY, origin="t2", occurrence="t2/1/0"),
            ]
            await fill(database, [*ticks, *others])
            await Sweeper(database, only(age=DAY), ManualClock(NOON)).sweep()
            assert await kept(database) == []
            found = [
                await database.read(lambda tx, each=each: swept_until(tx, each))
                for each in ("t1", "t2")
            ]
            assert found == [datetime(1970, 1, 1, tzinfo=UTC) + 9 * MICROSECOND, None]

    runner.run(scenario())


def test_two_nodes_that_sweep_at_once_do_not_fight(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as nodes:
            rows = 1000
            await fill(
                nodes[0],
                [
                    row(f"i{n:04}", State.SUCCEEDED, NOON, occurrence=f"t{n % 3}/{n}/0")
                    for n in range(rows)
                ],
            )

            async def sweep(database: Database) -> int:
                total = 0
                while True:
                    swept = await database.write(
                        lambda tx: sweep_finished(tx, State.SUCCEEDED, until=NOON)
                    )
                    total += swept
                    if not swept and not await database.read(
                        lambda tx: tx.one(select(func.count()).select_from(invocations)) == (0,)
                    ):
                        continue
                    if not swept:
                        return total

            assert sum(await asyncio.gather(*map(sweep, nodes))) == rows

    runner.run(scenario())


def test_one_node_at_a_time_has_the_duty(postgres_url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as nodes:
            clock = ManualClock(NOON)
            first, second = (
                Duty("retention", database, clock, node=f"n{number}")
                for number, database in enumerate(nodes)
            )
            held = [await first.held(), await second.held()]
            clock.jump_to(NOON + HELD_FOR + SECOND)
            # The first one is silent: it may be dead.
            held += [await second.held(), await first.held()]
            # No clock that is set back makes it the duty of nobody.
            clock.set_wall(NOON - DAY)
            held.append(await first.held())
            assert held == [True, False, True, False, True]

    runner.run(scenario())
