"""Several nodes on one PostgreSQL: each thing is done once, by one of them."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, literal_column, select

from stand.services.postgres_server import PostgresServer
from store.work import add, held_open, ids, two_nodes
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation, Work
from tocsin.store.events.accepted import (
    WaitingEvent,
    add_events,
    due_batches,
    earliest_batch,
    park_batch,
    unpark_batch,
)
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.deliveries import Ended, Ending
from tocsin.store.invocations.listing import page_of_invocations
from tocsin.store.invocations.rows import Invocation, State, insert_invocation, insert_invocations
from tocsin.store.invocations.selecting import Filter
from tocsin.store.triggers.idempotency import RequestKey, remember_answer, remembered_answer
from tocsin.store.triggers.rows import delete_trigger, find_trigger, lock_trigger, update_trigger
from tocsin.store.triggers.timers import arm_timer, disarm_timer, due_timers, earliest_tick

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE = 60
SLEEP = select(func.pg_sleep(literal_column("0.2")))


def fire_due(tx: Transaction) -> list[str]:
    """What a node does with ticks that are due: an invocation for each, and the next tick."""
    due = due_timers(tx, now=NOON, limit=10)
    for timer in due:
        insert_invocation(tx, invocation(timer.trigger_id), due_at=NOON)
        arm_timer(tx, timer.trigger_id, NOON + MINUTE)
    return [timer.trigger_id for timer in due]


def invocation(trigger_id: str) -> Invocation:
    return Invocation(
        id=f"invocation of {trigger_id}",
        parent="folders/f",
        origin=trigger_id,
        scheduled_at=NOON,
        action="{}",
        created_at=NOON,
        occurrence=f"{trigger_id}/{NOON.isoformat()}",
    )


async def armed(database: Database, count: int) -> set[str]:
    names = {f"t{number:03}" for number in range(count)}
    for name in names:
        await database.write(add(name))
        await database.write(lambda tx, each=name: arm_timer(tx, each, NOON))
    return names


async def invocations(database: Database) -> list[Invocation]:
    return await database.read(
        lambda tx: page_of_invocations(tx, Filter(), after=None, limit=1000).rows
    )


def run(scenario: object, runner: asyncio.Runner, url: str) -> None:
    async def on_two_nodes() -> None:
        async with two_nodes(url) as (first, second):
            assert callable(scenario)
            await scenario(first, second)

    runner.run(on_two_nodes())


def test_each_tick_is_fired_once(postgres_url: str, runner: asyncio.Runner) -> None:
    async def scenario(first: Database, second: Database) -> None:
        names = await armed(first, 100)
        fired: list[str] = []

        async def fire_until_nothing_is_due(node: Database) -> None:
            while (tick := await node.read(earliest_tick)) and tick <= NOON:
                fired.extend(await node.write(fire_due))

        await asyncio.gather(*(fire_until_nothing_is_due(each) for each in (first, second)))
        assert sorted(fired) == sorted(names)
        assert {each.origin for each in await invocations(first)} == names

    run(scenario, runner, postgres_url)


def test_what_one_node_fires_this_moment_another_one_passes_over(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario(first: Database, second: Database) -> None:
        await armed(first, 3)
        async with held_open(first, fire_due) as fired:
            assert len(fired) == 3
            assert await second.write(fire_due) == []

    run(scenario, runner, postgres_url)


def test_the_second_of_two_same_occurrences_is_refused(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def insert(tx: Transaction) -> None:
        insert_invocation(tx, invocation("t"), due_at=NOON)

    async def scenario(first: Database, second: Database) -> None:
        results = await asyncio.gather(
            first.write(insert), second.write(insert), return_exceptions=True
        )
        assert sorted(type(result) for result in results if result) == [UniqueViolation]
        assert len(await invocations(second)) == 1

    run(scenario, runner, postgres_url)


def test_a_pause_that_meets_a_tick_leaves_nothing_armed(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario(first: Database, second: Database) -> None:
        await armed(first, 1)
        async with held_open(first, fire_due):
            pausing = asyncio.ensure_future(second.write(lambda tx: disarm_timer(tx, "t000")))
            await asyncio.sleep(0.1)
            assert not pausing.done()
        await pausing
        assert await first.read(earliest_tick) is None

    run(scenario, runner, postgres_url)


def test_a_resume_that_meets_the_parking_of_a_batch_makes_it_due(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    """One node still finds the trigger paused when another one resumes it."""

    def wait_a_moment(tx: Transaction) -> None:
        add_events(
            tx,
            trigger_id="t",
            added=[WaitingEvent("e", NOON, "{}")],
            due_at=NOON,
            most_events=None,
            most_bytes=None,
            now=NOON,
        )

    def park_what_is_due(tx: Transaction) -> None:
        [batch] = due_batches(tx, now=NOON, limit=1)
        park_batch(tx, batch.trigger_id)

    async def scenario(first: Database, second: Database) -> None:
        await first.write(wait_a_moment)
        async with held_open(first, park_what_is_due):
            resuming = asyncio.ensure_future(
                second.write(lambda tx: unpark_batch(tx, "t", now=NOON + MINUTE))
            )
            await asyncio.sleep(0.1)
        assert await resuming
        assert await first.read(earliest_batch) == NOON + MINUTE

    run(scenario, runner, postgres_url)


def test_two_changes_of_a_trigger_follow_each_other(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def append(letter: bytes) -> Work[None]:
        def work(tx: Transaction) -> None:
            before = lock_trigger(tx, "a")
            assert before is not None
            update_trigger(tx, trigger_id="a", name="", message=before.message + letter)

        return work

    async def scenario(first: Database, second: Database) -> None:
        await first.write(add("a"))
        await asyncio.gather(*(node.write(append(b"x")) for node in (first, second) * 20))
        stored = await first.read(lambda tx: find_trigger(tx, "a"))
        assert stored is not None
        assert stored.message == b"m" + 40 * b"x"

    run(scenario, runner, postgres_url)


def test_one_key_given_to_two_nodes_at_once_is_one_call(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def create(trigger_id: str, key: RequestKey) -> Work[bytes]:
        def work(tx: Transaction) -> bytes:
            known = remembered_answer(tx, key, now=NOON)
            if known is not None:
                return known
            add(trigger_id, f"named {key.key}")(tx)
            remember_answer(tx, key, trigger_id.encode(), expires_at=NOON + MINUTE)
            return trigger_id.encode()

        return work

    async def scenario(first: Database, second: Database) -> None:
        for number in range(20):
            key = RequestKey("s", f"{number}", b"asked")
            answers = await asyncio.gather(
                first.write(create(f"a{number}", key)), second.write(create(f"b{number}", key))
            )
            assert len(set(answers)) == 1
        assert len(await ids(first)) == 20

    run(scenario, runner, postgres_url)


def test_work_that_runs_into_a_deadlock_is_run_again(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def both(one: str, other: str) -> Work[None]:
        def work(tx: Transaction) -> None:
            lock_trigger(tx, one)
            tx.all(SLEEP)
            lock_trigger(tx, other)
            delete_trigger(tx, one)

        return work

    async def scenario(first: Database, second: Database) -> None:
        await first.write(add("a"))
        await first.write(add("b"))
        await asyncio.gather(first.write(both("a", "b")), second.write(both("b", "a")))
        assert await ids(first) == []

    run(scenario, runner, postgres_url)


def test_leases_and_endings_are_written_side_by_side(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    names = [f"i{number:04}" for number in range(512)]
    made = [(invocation(each)._replace(id=each), NOON) for each in names]
    ended = [Ended(each, Ending(State.SUCCEEDED), NOON) for each in names]
    runs: list[str] = []

    def take(tx: Transaction) -> None:
        deliveries.take(tx, names, node="n", now=NOON, lease_until=NOON)

    def extend(tx: Transaction) -> None:
        runs.append("extend")
        deliveries.extend_leases(tx, names[::-1], node="n", lease_until=NOON + MINUTE)

    def finish(tx: Transaction) -> set[str]:
        runs.append("finish")
        return deliveries.finish(tx, ended, node="n")

    async def scenario(first: Database, second: Database) -> None:
        await first.write(lambda tx: insert_invocations(tx, made))
        for _ in range(10):
            await first.write(take)
            _, kept = await asyncio.gather(first.write(extend), second.write(finish))
            assert kept == set(names)

    run(scenario, runner, postgres_url)
    # Nothing was run again: neither waited for what the other held.
    assert sorted(runs) == ["extend"] * 10 + ["finish"] * 10


def ring(at: datetime) -> Work[None]:
    def work(tx: Transaction) -> None:
        tx.ring(Bell.TICKS, at)
        tx.ring_here(Bell.BATCHES, at)

    return work


@dataclass
class Ears:
    """What a node hears: bells with their instants, and that any may have been rung."""

    database: Database
    heard: list[tuple[Bell, datetime | None]] = field(default_factory=list)
    looks: int = 0

    async def open(self) -> "Ears":
        for bell in Bell:
            self.database.on(bell, partial(self._hear, bell))
        self.database.listen(self._look, asyncio.sleep)
        while not self.looks:  # once when it begins to listen
            await asyncio.sleep(0.01)
        return self

    def _hear(self, bell: Bell, at: datetime | None) -> None:
        self.heard.append((bell, at))

    def _look(self) -> None:
        self.looks += 1


def test_the_bells_of_a_node_are_heard_by_the_others_in_few_notices(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario(first: Database, second: Database) -> None:
        async with asyncio.timeout(PATIENCE):
            here, there = await Ears(first).open(), await Ears(second).open()
            for number in range(500):
                await first.write(ring(NOON - number * MINUTE))
            while (Bell.TICKS, NOON - 499 * MINUTE) not in there.heard:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert {bell for bell, _ in there.heard} == {Bell.TICKS}
        assert len(there.heard) < 100
        # Its own node hears each once, and at once.
        assert len(here.heard) == 1000
        assert (here.looks, there.looks) == (1, 1)

    run(scenario, runner, postgres_url)


def test_a_notice_that_says_nothing_makes_a_node_look(
    postgres: PostgresServer, postgres_url: str, runner: asyncio.Runner
) -> None:
    """So does a node of 0.1.0 tell of whatever it wrote."""

    async def scenario(first: Database, second: Database) -> None:
        async with asyncio.timeout(PATIENCE):
            ears = await Ears(first).open()
            name = postgres_url.rpartition("/")[2]
            await asyncio.to_thread(postgres.execute, name, "NOTIFY tocsin")
            while ears.looks < 2:
                await asyncio.sleep(0.01)
            assert ears.heard == []
            await asyncio.to_thread(postgres.execute, name, """NOTIFY tocsin, '{"access":null}'""")
            while not ears.heard:
                await asyncio.sleep(0.01)
            assert (ears.heard, ears.looks) == ([(Bell.ACCESS, None)], 2)

    run(scenario, runner, postgres_url)


def test_nodes_that_start_at_once_migrate_once(postgres: PostgresServer, postgres_url: str) -> None:
    code = (
        "import sys\n"
        "from tocsin.store.driver.opening import open_database\n"
        "open_database(sys.argv[1])"
    )
    nodes = [
        subprocess.Popen([sys.executable, "-c", code, postgres_url], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [(node.communicate()[1], node.returncode) for node in nodes] == 4 * [(b"", 0)]
    name = postgres_url.rpartition("/")[2]
    assert len(postgres.execute(name, "SELECT version_num FROM alembic_version")) == 1
