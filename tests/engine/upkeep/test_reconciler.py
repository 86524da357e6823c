"""What would go wrong unheard is found, repaired and told, on both stores."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, insert, select

from engine.pace import Hasty
from store.work import opened, two_nodes
from tocsin.engine.delivering.heartbeat import LEASE
from tocsin.engine.observer import Observer
from tocsin.engine.settings import ReconcilerSettings, RetentionSettings
from tocsin.engine.upkeep import invocation_checks, timer_checks
from tocsin.engine.upkeep.housekeeping import Housekeeping, housekeeping
from tocsin.engine.upkeep.reconciler import Finding
from tocsin.schedule import ManualClock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Value
from tocsin.store.events.subscriptions import subscribe
from tocsin.store.invocations.reconciliation import INVOCATIONS_AT_ONCE, TIMERS_AT_ONCE
from tocsin.store.schema import FIRST_CONTRACT, armed_timers, invocations, swept_ticks
from tocsin.store.triggers.rows import insert_trigger
from tocsin.store.triggers.timers import arm_timer, disarm_timer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

ROW: dict[str, Value] = {
    "parent": "folders/f",
    "origin": "t",
    "scheduled_at": 0,
    "attempts": 1,
    "action": "{}",
    "payload": b"",
    "state": "pending",
    "node": None,
    "next_at": None,
    "created_at": to_micros(NOON - HOUR),
    "started_at": None,
    "finished_at": None,
}
INSERT = insert(invocations).values({name: bindparam(name) for name in ("id", *ROW)})


def message(trigger_id: str, cron: str, status: "Trigger.Status.ValueType") -> bytes:
    trigger = Trigger(id=trigger_id, folder_id="f", status=status)
    if cron:
        trigger.rule.timer.cron_expression = cron
        trigger.rule.timer.invoke_function.function_id = "d4e"
    else:
        trigger.rule.message_queue.queue_id = "q"
        trigger.rule.message_queue.invoke_function.function_id = "d4e"
    return trigger.SerializeToString()


class Counting(Observer):
    """An observer that counts what the reconciler did."""

    def __init__(self) -> None:
        self.repairs: Counter[str] = Counter()
        self.passes = 0

    def repaired(self, check: str, faults: int) -> None:
        self.repairs[check] += faults

    def reconciled(self) -> None:
        self.passes += 1


@dataclass
class Node:
    """A node's housekeeping, and the instants for which it rang in its last pass."""

    database: Database
    clock: ManualClock
    kept: Housekeeping
    counted: Counting
    pace: Hasty = field(default_factory=Hasty)
    armed: list[datetime | None] = field(default_factory=list)
    due: list[datetime | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database.on(Bell.TICKS, self.armed.append)
        self.database.on(Bell.BATCHES, self.armed.append)
        self.database.on(Bell.DELIVERIES, self.due.append)

    async def timer(
        self,
        trigger_id: str,
        armed_at: datetime | None,
        cron: str = "* * * * ? *",
        status: "Trigger.Status.ValueType" = Trigger.ACTIVE,
        stored: bytes | None = None,
    ) -> None:
        told = message(trigger_id, cron, status) if stored is None else stored

        def work(tx: Any) -> None:
            insert_trigger(
                tx,
                trigger_id=trigger_id,
                folder_id="f",
                name="",
                contract=FIRST_CONTRACT,
                message=told,
            )
            arm_timer(tx, trigger_id, armed_at)
            if not cron:
                subscribe(tx, trigger_id=trigger_id, kind="message_queue", keys=("q",))

        await self.database.write(work)

    async def invocation(self, name: str, **values: Value | datetime) -> None:
        told = {
            key: to_micros(value) if isinstance(value, datetime) else value
            for key, value in values.items()
        }
        await self.database.write(lambda tx: tx.run(INSERT, **{**ROW, "id": name, **told}))

    async def pass_over(self) -> list[Finding]:
        self.armed.clear()
        self.due.clear()
        return await self.kept.reconciler.pass_over()

    async def ticks(self) -> dict[str, datetime]:
        rows = await self.database.read(
            lambda tx: tx.all(select(armed_timers.c.trigger_id, armed_timers.c.next_at))
        )
        return {trigger_id: from_micros(at) for trigger_id, at in rows}

    async def waiting(self) -> dict[str, tuple[str, str | None, datetime | None]]:
        columns = (invocations.c.id, invocations.c.state, invocations.c.node, invocations.c.next_at)
        rows = await self.database.read(lambda tx: tx.all(select(*columns)))
        return {row[0]: (*row[1:3], row[3] and from_micros(row[3])) for row in rows}


def node_on(database: Database, name: str = "n1") -> Node:
    clock, pace = ManualClock(NOON), Hasty()
    counted = Counting()
    kept = housekeeping(
        database,
        clock,
        node=name,
        loops=(),
        machine_clock=pace,
        retention=RetentionSettings(),
        reconciling=ReconcilerSettings(interval=300),
        first_id_at=str,
        observer=counted,
    )
    return Node(database, clock, kept, counted, pace)


@asynccontextmanager
async def node(url: str) -> AsyncIterator[Node]:
    async with opened(url) as database:
        yield node_on(database)


def reasons(findings: list[Finding]) -> dict[str, str]:
    return {finding.id: finding.reason for finding in findings}


def test_where_all_is_well_nothing_is_touched(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.timer("due", NOON - SECOND)
            await it.timer("minutely", NOON + MINUTE)
            await it.timer("yearly", datetime(2027, 1, 1, tzinfo=UTC), cron="0 0 1 1 ? *")
            await it.timer("over", None, cron="0 0 1 1 ? 2020")
            await it.timer("paused", None, status=Trigger.PAUSED)
            await it.timer("queue", None, cron="")
            await it.invocation("later", next_at=NOON + 24 * HOUR)
            await it.invocation("done", state="succeeded", finished_at=NOON)
            lease = NOON + LEASE
            await it.invocation("held", state="running", node="n", next_at=lease, started_at=NOON)
            again = NOON + 30 * SECOND
            await it.invocation("retried", state="retrying", next_at=again, started_at=NOON)
            before = await it.ticks(), await it.waiting()
            assert await it.pass_over() == []
            assert (await it.ticks(), await it.waiting()) == before
            assert (it.armed, it.due, it.counted.repairs) == ([], [], Counter())
            assert it.counted.passes == 1

    runner.run(scenario())


def test_an_active_timer_without_a_next_tick_is_armed(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.timer("t1", NOON + MINUTE)
            await it.database.write(lambda tx: disarm_timer(tx, "t1"))
            with structlog.testing.capture_logs() as logs:
                assert reasons(await it.pass_over()) == {"t1": timer_checks.NOT_ARMED}
            assert await it.ticks() == {"t1": NOON + MINUTE}
            assert it.armed == [NOON + MINUTE]
            assert it.counted.repairs == Counter({"timers": 1})
            [line] = logs
            assert (line["reason"], line["repair"]) == (timer_checks.NOT_ARMED, "armed")
            assert (line["ids"], line["log_level"]) == (["t1"], "warning")
            assert await it.pass_over() == []

    runner.run(scenario())


def test_what_is_armed_and_no_active_timer_is_disarmed(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.timer("paused", NOON + MINUTE, status=Trigger.PAUSED)
            await it.timer("queue", NOON + MINUTE, cron="")
            await it.database.write(lambda tx: arm_timer(tx, "gone", NOON))
            assert reasons(await it.pass_over()) == {
                "paused": timer_checks.NOT_ACTIVE,
                "queue": timer_checks.NOT_ACTIVE,
                "gone": timer_checks.NO_TRIGGER,
            }
            assert await it.ticks() == {}

    runner.run(scenario())


def test_a_timer_that_a_clock_set_back_would_silence_is_armed_anew(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.timer("minutely", NOON + HOUR)
            await it.timer("hourly", NOON + HOUR, cron="0 * * * ? *")
            await it.timer("as good as next", NOON + 2 * MINUTE)
            assert reasons(await it.pass_over()) == {"minutely": timer_checks.TOO_FAR}
            assert (await it.ticks())["minutely"] == NOON + MINUTE
            assert it.armed == [NOON + MINUTE]

    runner.run(scenario())


def test_a_tick_that_fired_and_was_swept_is_not_armed_again(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            fired_until = to_micros(NOON + 30 * MINUTE)
            mark = insert(swept_ticks)
            for trigger_id, armed_at in (("ahead", NOON + HOUR), ("lost", None)):
                await it.timer(trigger_id, armed_at)
                await it.database.write(
                    lambda tx, each=trigger_id: tx.run(mark, trigger_id=each, until=fired_until)
                )
            await it.timer("next", NOON + 31 * MINUTE)
            await it.database.write(lambda tx: tx.run(mark, trigger_id="next", until=fired_until))
            assert set(reasons(await it.pass_over())) == {"ahead", "lost"}
            assert set((await it.ticks()).values()) == {NOON + 31 * MINUTE}

    runner.run(scenario())


def test_a_trigger_that_cannot_be_read_is_told_and_left(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.timer("t1", NOON + MINUTE, stored=b"\xff")
            await it.timer("t2", None)
            assert reasons(await it.pass_over()) == {
                "t1": timer_checks.UNREADABLE,
                "t2": timer_checks.NOT_ARMED,
            }
            assert set(await it.ticks()) == {"t1", "t2"}

    runner.run(scenario())


def test_what_no_node_would_ever_look_at_is_made_due(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.invocation("ran", state="running", node="dead", started_at=NOON)
            await it.invocation("waited", state="retrying", started_at=NOON)
            await it.invocation("letter", state="dead_lettering", node="dead")
            found = reasons(await it.pass_over())
            assert found == dict.fromkeys(("ran", "waited", "letter"), invocation_checks.LOST)
            assert await it.waiting() == {
                "ran": ("pending", None, NOON),
                "waited": ("retrying", None, NOON),
                "letter": ("dead_lettering", None, NOON),
            }
            assert set(it.due) == {NOON}

    runner.run(scenario())


def test_what_waits_as_nothing_can_is_put_right(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            later = NOON + 2 * SECOND
            await it.invocation("over", state="failed", finished_at=NOON, next_at=later)
            await it.invocation("nobody's", state="running", next_at=later)
            assert reasons(await it.pass_over()) == {
                "over": invocation_checks.OVER,
                "nobody's": invocation_checks.NOBODYS,
            }
            assert await it.waiting() == {
                "over": ("failed", None, None),
                "nobody's": ("pending", None, NOON),
            }

    runner.run(scenario())


def test_a_clock_that_was_set_back_makes_nothing_wait_for_longer(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            then = NOON + HOUR
            await it.invocation(
                "leased", state="running", node="dead", next_at=then + LEASE, started_at=then
            )
            await it.invocation("fired", next_at=then, created_at=then)
            await it.invocation(
                "retried", state="retrying", next_at=then + 30 * SECOND, started_at=then
            )
            await it.invocation("scheduled", next_at=then + HOUR, created_at=then)
            assert reasons(await it.pass_over()) == {
                "leased": invocation_checks.LEASED_TOO_LONG,
                "fired": invocation_checks.FROM_THE_FUTURE,
                "retried": invocation_checks.FROM_THE_FUTURE,
            }
            assert await it.waiting() == {
                "leased": ("pending", None, NOON),
                "fired": ("pending", None, NOON),
                "retried": ("retrying", None, NOON + 30 * SECOND),
                "scheduled": ("pending", None, then + HOUR),
            }

    runner.run(scenario())


def test_what_is_long_overdue_is_told_and_delivery_is_woken(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.invocation("long", next_at=NOON - HOUR)
            await it.invocation("short", next_at=NOON - MINUTE)
            assert reasons(await it.pass_over()) == {"long": invocation_checks.OVERDUE}
            assert it.due == [None]

    runner.run(scenario())


def test_all_of_many_are_looked_at_a_page_at_a_time(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            many = 2 * TIMERS_AT_ONCE + 1
            tick = to_micros(NOON + 2 * SECOND)

            def fill(tx: Any) -> None:
                for number in range(many):
                    name = f"t{number:05}"
                    insert_trigger(
                        tx,
                        trigger_id=name,
                        folder_id="f",
                        name="",
                        contract=FIRST_CONTRACT,
                        message=message(name, "* * * * ? *", Trigger.ACTIVE),
                    )
                for number in range(2 * INVOCATIONS_AT_ONCE):
                    # All due in one moment.
                    told = {"id": f"i{number:05}", "state": "running", "next_at": tick}
                    tx.run(INSERT, **{**ROW, **told})

            await it.database.write(fill)
            found = await it.kept.reconciler.pass_over(rest=200)
            assert len(found) == many + 2 * INVOCATIONS_AT_ONCE
            assert len(await it.ticks()) == many
            assert {state for state, _, _ in (await it.waiting()).values()} == {"pending"}
            assert len(it.pace.rests) >= 4
            assert min(it.pace.rests) > 0

    runner.run(scenario())


def test_two_nodes_at_once_repair_each_thing_once(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as databases:
            first, second = (node_on(each, str(n)) for n, each in enumerate(databases))
            for number in range(60):
                await first.timer(f"t{number}", None)
                await first.invocation(f"i{number}", state="running")
            found = await asyncio.gather(
                *(
                    check.step(None)
                    for it in (first, second)
                    for check in it.kept.reconciler._checks
                )
            )
            repaired = [finding.id for page in found for finding in page.findings]
            assert len(repaired) == len(set(repaired)) == 120

    runner.run(scenario())


def test_while_another_node_has_the_duty_nothing_is_done(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as databases:
            first, second = (node_on(each, str(n)) for n, each in enumerate(databases))
            assert await first.pass_over() == []
            await first.timer("t1", None)
            assert await second.pass_over() == []
            assert reasons(await first.pass_over()) == {"t1": timer_checks.NOT_ARMED}

    runner.run(scenario())


def test_it_passes_at_its_interval_give_or_take_a_fifth(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            for _ in range(50):
                await it.kept.reconciler.run_once()
            waits = [rest for rest in it.pace.rests if rest > 100]
            assert all(240 <= wait <= 360 for wait in waits)
            assert len(set(waits)) > 1
            assert it.counted.passes == 50

    runner.run(scenario())


def test_a_clock_that_is_set_back_makes_it_pass_at_once(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.timer("t1", NOON + MINUTE)
            await it.kept.reconciler.run_once()  # the one of the start
            asleep = asyncio.Event()
            rest = it.pace.sleep

            async def sleep(seconds: float) -> None:
                if seconds > 100:
                    await asleep.wait()
                await rest(seconds)

            it.pace.sleep = sleep  # type: ignore[method-assign]
            passing = asyncio.create_task(it.kept.reconciler.run_once())
            for jump, armed_at in ((HOUR, NOON + MINUTE), (-2 * HOUR, NOON - HOUR + MINUTE)):
                it.clock.set_wall(it.clock.now() + jump)
                it.kept.watch.look()
                if jump < timedelta():
                    await passing
                else:
                    for _ in range(50):
                        await asyncio.sleep(0.001)
                assert await it.ticks() == {"t1": armed_at}
                assert passing.done() is (jump < timedelta())

    runner.run(scenario())
