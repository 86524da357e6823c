"""Events that nobody would ever send, or that nothing would find, are found, repaired and told."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, null, select, update

from engine.upkeep.test_reconciler import HOUR, MINUTE, NOON, SECOND, Node, node, node_on, reasons
from store.work import two_nodes
from tocsin.engine.upkeep import event_checks
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction, Work
from tocsin.store.events.accepted import WaitingEvent, add_events
from tocsin.store.events.intakes import find_intake
from tocsin.store.events.reconciliation import BATCHES_AT_ONCE, LISTENERS_AT_ONCE, WAITING_AT_ONCE
from tocsin.store.events.subscriptions import listeners, subscribe
from tocsin.store.schema import FIRST_CONTRACT, batches, events, subscriptions, triggers
from tocsin.store.triggers.rows import delete_trigger, insert_trigger, update_trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

KIND = "message_queue"
PARK = update(batches).where(batches.c.trigger_id == bindparam("id")).values(due_at=null())
MOVE = update(batches).values(due_at=bindparam("at"))
FORGET_BATCHES = delete(batches)
FORGET_EVENTS = delete(events)
OLDER_NODE_MADE_IT = update(triggers).values(subscribed=null())


def message(trigger_id: str, queue: str = "q", *, active: bool = True) -> bytes:
    status = Trigger.ACTIVE if active else Trigger.PAUSED
    trigger = Trigger(id=trigger_id, folder_id="f", status=status)
    rule = trigger.rule.message_queue
    rule.queue_id, rule.invoke_function.function_id = queue, "d4e"
    rule.batch_settings.size = 10
    rule.batch_settings.cutoff.seconds = 3600
    return trigger.SerializeToString()


def make(tx: Transaction, trigger_id: str, *, active: bool = True) -> None:
    told = message(trigger_id, active=active)
    insert_trigger(
        tx,
        trigger_id=trigger_id,
        folder_id="f",
        name="",
        contract=FIRST_CONTRACT,
        message=told,
    )
    subscribe(tx, trigger_id=trigger_id, kind=KIND, keys=("q",))


def wait(tx: Transaction, trigger_id: str, *names: str, since: datetime = NOON) -> None:
    """Adds events to the trigger's batch, which is due an hour after they came."""
    add_events(
        tx,
        trigger_id=trigger_id,
        added=[WaitingEvent(name, since, "{}") for name in names],
        due_at=since + HOUR,
        most_events=10,
        most_bytes=None,
        now=since,
    )


async def batch_of(it: Node, trigger_id: str) -> tuple[int, datetime | None]:
    standing = await it.database.read(lambda tx: find_intake(tx, trigger_id))
    return standing.waiting, standing.due_at


async def found_by(it: Node, queue: str) -> set[str]:
    rows = await it.database.read(
        lambda tx: listeners(tx, kind=KIND, key=queue, after="", limit=100)
    )
    return {stored.id for stored in rows}


async def left_of(it: Node, trigger_id: str) -> int:
    """How many rows there are beside the trigger's own."""
    tables = (events, batches, subscriptions)
    return sum(
        [
            len(
                await it.database.read(
                    lambda tx, each=table: tx.all(
                        select(each.c.trigger_id).where(each.c.trigger_id == bindparam("id")),
                        id=trigger_id,
                    )
                )
            )
            for table in tables
        ]
    )


def test_where_all_is_well_nothing_is_touched(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                make(tx, "waits")
                wait(tx, "waits", "e1", "e2")
                make(tx, "paused", active=False)
                wait(tx, "paused", "e1")
                tx.run(PARK, id="paused")
                make(tx, "idle")

            await it.database.write(fill)
            await it.timer("timer", NOON + MINUTE)
            assert await it.pass_over() == []
            assert await batch_of(it, "waits") == (2, NOON + HOUR)
            assert await batch_of(it, "paused") == (1, None)
            assert it.armed == []

    runner.run(scenario())


def test_events_without_a_batch_are_sent(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                for name in ("a", "b"):
                    make(tx, name)
                    wait(tx, name, "e1", "e2", "e3")
                tx.run(delete(batches).where(batches.c.trigger_id == bindparam("id")), id="a")

            await it.database.write(fill)
            assert reasons(await it.pass_over()) == {"a": event_checks.NO_BATCH}
            assert await batch_of(it, "a") == (3, NOON)
            assert await batch_of(it, "b") == (3, NOON + HOUR)
            assert it.armed == [NOON]
            assert it.counted.repairs == Counter({"waiting_events": 1})
            assert await it.pass_over() == []

    runner.run(scenario())


def test_a_batch_without_events_is_forgotten(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                make(tx, "t")
                wait(tx, "t", "e1")
                tx.run(FORGET_EVENTS)

            await it.database.write(fill)
            assert reasons(await it.pass_over()) == {"t": event_checks.EMPTY}
            assert await batch_of(it, "t") == (0, None)

    runner.run(scenario())


@pytest.mark.parametrize(
    ("due_at", "since", "reason"),
    [
        (None, NOON, event_checks.NOT_DUE),
        (NOON + 24 * HOUR, NOON + 23 * HOUR, event_checks.FROM_THE_FUTURE),
    ],
)
def test_a_batch_of_an_active_trigger_that_would_wait_too_long_is_made_due(
    due_at: datetime | None,
    since: datetime,
    reason: str,
    url: str,
    runner: asyncio.Runner,
) -> None:
    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                make(tx, "t")
                wait(tx, "t", "e1", since=since)
                tx.run(MOVE, at=None if due_at is None else to_micros(due_at))

            await it.database.write(fill)
            assert reasons(await it.pass_over()) == {"t": reason}
            assert await batch_of(it, "t") == (1, NOON)
            assert it.armed == [NOON]

    runner.run(scenario())


def test_a_batch_that_nobody_sends_is_told_and_sending_is_woken(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                make(tx, "long")
                wait(tx, "long", "e1", since=NOON - 2 * HOUR)
                make(tx, "short")
                wait(tx, "short", "e1", since=NOON - HOUR - SECOND)

            await it.database.write(fill)
            assert reasons(await it.pass_over()) == {"long": event_checks.OVERDUE}
            assert it.armed == [NOON]

    runner.run(scenario())


def older_node_deletes_it(tx: Transaction) -> None:
    delete_trigger(tx, "t")


def older_node_changes_it(tx: Transaction) -> None:
    update_trigger(tx, trigger_id="t", name="", message=message("t", "another"))


def nobody_knows(tx: Transaction) -> None:
    tx.run(delete(subscriptions))


@pytest.mark.parametrize(
    ("happens", "queue"),
    [(older_node_changes_it, "another"), (nobody_knows, "q")],
)
def test_a_trigger_that_events_do_not_find_is_subscribed(
    happens: Callable[[Transaction], None], queue: str, url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.database.write(lambda tx: make(tx, "t"))
            await it.database.write(happens)
            assert reasons(await it.pass_over()) == {"t": event_checks.NOT_FOUND}
            assert await found_by(it, queue) == {"t"}
            assert await left_of(it, "t") == 1
            assert await it.pass_over() == []

    runner.run(scenario())


def test_what_an_older_node_left_of_a_trigger_is_forgotten(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                make(tx, "t")
                wait(tx, "t", "e1")

            await it.database.write(fill)
            await it.database.write(older_node_deletes_it)
            assert [(each.id, each.reason) for each in await it.pass_over()] == [
                ("t", event_checks.LEFT_BEHIND),
                ("t", event_checks.NO_TRIGGER),
            ]
            assert await left_of(it, "t") == 0

    runner.run(scenario())


def test_a_trigger_that_is_to_be_subscribed_anyway_is_no_finding(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with node(url) as it:
            await it.database.write(lambda tx: make(tx, "t"))
            await it.database.write(nobody_knows)
            await it.database.write(lambda tx: tx.run(OLDER_NODE_MADE_IT))
            assert await it.pass_over() == []

    runner.run(scenario())


def test_all_of_many_are_looked_at_a_page_at_a_time(url: str, runner: asyncio.Runner) -> None:
    many = max(LISTENERS_AT_ONCE, BATCHES_AT_ONCE, WAITING_AT_ONCE) + 1

    async def scenario() -> None:
        async with node(url) as it:

            def fill(tx: Transaction) -> None:
                for number in range(many):
                    name = f"t{number:05}"
                    make(tx, name)
                    wait(tx, name, "e1")

            await it.database.write(fill)
            assert await it.pass_over() == []
            await it.database.write(nobody_knows)
            await it.database.write(lambda tx: tx.run(MOVE, at=None))
            found = Counter(each.reason for each in await it.pass_over())
            assert found == {event_checks.NOT_FOUND: many, event_checks.NOT_DUE: many}
            assert it.counted.repairs == Counter({"subscriptions": many, "batches": many})
            await it.database.write(lambda tx: tx.run(FORGET_BATCHES))
            await it.pass_over()
            assert it.counted.repairs["waiting_events"] == many
            assert await it.pass_over() == []

    runner.run(scenario())


def test_two_nodes_at_once_repair_each_thing_once(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    def fill(tx: Any) -> None:
        for number in range(40):
            for kind, spoil in (("lost", FORGET_BATCHES), ("parked", MOVE)):
                name = f"{kind}{number}"
                make(tx, name)
                wait(tx, name, "e1")
                values = {"at": None} if kind == "parked" else {}
                tx.run(spoil.where(batches.c.trigger_id == bindparam("id")), id=name, **values)

    work: Work[None] = fill

    async def scenario() -> None:
        async with two_nodes(postgres_url) as databases:
            first, second = (node_on(each, str(n)) for n, each in enumerate(databases))
            await first.database.write(work)
            found = await asyncio.gather(
                *(
                    check.step(None)
                    for it in (first, second)
                    for check in it.kept.reconciler._checks
                )
            )
            repaired = [finding.id for page in found for finding in page.findings]
            assert len(repaired) == len(set(repaired)) == 80

    runner.run(scenario())
