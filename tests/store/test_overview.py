"""What is overdue and what is due are counted up to a limit, by whom they belong to."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from store.work import add, opened
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import Invocation, insert_invocations
from tocsin.store.nodes import NodeState, all_nodes, forget_node, put_node
from tocsin.store.overview.forecast import armed_timers_of_folder, armed_timers_until, due_minutes
from tocsin.store.overview.trouble import late_invocations, late_ticks
from tocsin.store.triggers.counting import (
    TriggerCounts,
    count_by_state,
    count_with,
    paused_by_folder,
)
from tocsin.store.triggers.decisions import Decision, DecisionKind, record_decision
from tocsin.store.triggers.timers import arm_timer

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INTEGRATION = "projects/p/locations/l/integrations/nightly"


def waiting(number: int, origin: str, parent: str) -> tuple[Invocation, datetime]:
    due = NOON + number * MINUTE
    return Invocation(f"i{number}", parent, origin, due, "{}", due), due


def fill(tx: Transaction) -> None:
    for name, minutes in (("t1", -3), ("t2", -2), ("t3", 5)):
        add(name)(tx)
        arm_timer(tx, name, NOON + minutes * MINUTE)
    triggers = [waiting(number, "t1", "folders/f") for number in (-4, -1, 7)]
    executions = [waiting(number, INTEGRATION, "projects/p/locations/l") for number in (-9, 8)]
    insert_invocations(tx, [*triggers, *executions])


def test_what_is_late_is_counted_with_its_oldest(url: str) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(fill)
            late = await database.read(lambda tx: late_invocations(tx, NOON, limit=10))
            assert sorted(late) == [
                ("folders/f", 2, NOON - 4 * MINUTE),
                (INTEGRATION, 1, NOON - 9 * MINUTE),
            ]
            # The oldest come first.
            late = await database.read(lambda tx: late_invocations(tx, NOON, limit=1))
            assert late == [(INTEGRATION, 1, NOON - 9 * MINUTE)]
            ticks = await database.read(lambda tx: late_ticks(tx, NOON, limit=10))
            assert ticks == [("f", 2, NOON - 3 * MINUTE)]

    asyncio.run(run())


def test_what_is_due_is_counted_by_minutes(url: str) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(fill)
            due = await database.read(
                lambda tx: due_minutes(tx, NOON, NOON + timedelta(hours=1), limit=10)
            )
            noon = int(NOON.timestamp()) // 60
            assert sorted(due) == [(noon + 7, "folders/f", 1), (noon + 8, INTEGRATION, 1)]

    asyncio.run(run())


def test_armed_timers_come_in_pages(url: str) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(fill)
            end = NOON + 5 * MINUTE
            [first] = await database.read(
                lambda tx: armed_timers_until(tx, end, after=None, limit=1)
            )
            rest = await database.read(lambda tx: armed_timers_until(tx, end, after=first, limit=9))
            # What ticks at the end is not before it.
            assert [each.trigger_id for each in (first, *rest)] == ["t1", "t2"]
            of_folder = await database.read(
                lambda tx: armed_timers_of_folder(tx, "f", end + MINUTE, after=first, limit=9)
            )
            assert [each.trigger_id for each in of_folder] == ["t2", "t3"]

    asyncio.run(run())


def test_nodes_are_forgotten_when_they_leave_and_when_they_were_not_seen_for_long(url: str) -> None:
    async def run() -> None:
        def node(name: str, seen_at: datetime) -> NodeState:
            return NodeState(name, "host", "1.0", NOON, seen_at, 3, -1500)

        async with opened(url) as database:
            for state in (node("old", NOON), node("new", NOON + 2 * MINUTE)):
                await database.write(
                    lambda tx, state=state: put_node(tx, state, others_before=NOON)
                )
            there = [each.name for each in await database.read(lambda tx: all_nodes(tx, limit=9))]
            # A file has one node.
            assert there == (["new"] if database.exclusive else ["new", "old"])
            again = node("new", NOON + 3 * MINUTE)
            await database.write(lambda tx: put_node(tx, again, others_before=NOON + MINUTE))
            assert await database.read(lambda tx: all_nodes(tx, limit=9)) == [again]
            await database.write(lambda tx: forget_node(tx, "new"))
            assert await database.read(lambda tx: all_nodes(tx, limit=9)) == []

    asyncio.run(run())


def test_paused_triggers_are_counted_by_folder_unless_there_are_too_many(url: str) -> None:
    def pause(tx: Transaction, name: str) -> None:
        decision = Decision(f"d{name}", name, DecisionKind.PAUSE, NOON, None, NOON)
        record_decision(tx, decision)

    async def run() -> None:
        async with opened(url) as database:
            await database.write(fill)
            for name in ("t1", "t2"):
                await database.write(partial(pause, name=name))
            counted = await database.read(partial(paused_by_folder, limit=3))
            assert counted == {"f": 2}
            assert await database.read(partial(paused_by_folder, limit=2)) is None
            ways = (partial(count_with, paused=counted), count_by_state)
            for limit, expected in (
                (3, TriggerCounts(3, 2, at_least=False)),
                (2, TriggerCounts(2, 2, at_least=True)),
            ):
                for count in ways:
                    found = await database.read(partial(count, folder_id="f", limit=limit))
                    assert found == expected

    asyncio.run(run())
