"""A node reads the triggers of a kind again only when one of that kind changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from stand.engine_node import FOLDER, NOON, call, trigger_id
from stand.services.postgres_server import PostgresServer
from store.work import opened, two_nodes
from tocsin.api.yandex.triggers.service import TriggerService
from tocsin.engine.observer import UNOBSERVED
from tocsin.engine.reading.pulling import Pulling
from tocsin.engine.reading.standings import Standings
from tocsin.engine.reading.triggers import ALL_AGAIN_SECONDS, PulledTriggers
from tocsin.plans.plan import Plan
from tocsin.schedule import ManualClock, SystemClock
from tocsin.sources.amazon.notification_queue import NotificationReader
from tocsin.sources.amazon.queue_reader import QueueReader
from tocsin.sources.amazon.stream_reader import StreamReader
from tocsin.sources.kinds.catalog import KINDS as KINDS_OF_SOURCES
from tocsin.sources.mqtt.reader import MqttReader
from tocsin.sources.reader import Line
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, Work
from tocsin.store.events.sources import PAGE
from tocsin.store.events.subscriptions import subscribe
from tocsin.store.triggers.changes import change_numbers
from tocsin.store.triggers.rows import find_trigger, insert_trigger
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, new_key
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

QUEUE, STREAM = "message_queue", "data_stream"
KINDS = (QUEUE, STREAM)
PATIENCE = 60


class CountedTransaction:
    def __init__(self, tx: Transaction, pages: Counter[str]) -> None:
        self._tx = tx
        self._pages = pages

    def all(self, statement: Any, **values: Any) -> Any:
        if statement is PAGE:
            self._pages[values["kind"]] += 1
        return self._tx.all(statement, **values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class CountedStore:
    """A store that counts, of each kind, how many pages of triggers are read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.pages: Counter[str] = Counter()

    async def read(self, work: Work[Any]) -> Any:
        counted: Any = work
        return await self._database.read(lambda tx: counted(CountedTransaction(tx, self.pages)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


class FakeReader:
    """Reads nothing, and knows for which triggers it is to."""

    kinds = KINDS

    def __init__(self) -> None:
        self.reading: set[str] = set()

    def reading_key(self, plan: Plan) -> str:
        return plan.trigger_id

    async def read(self, line: Line) -> None:
        [plan] = line.plans
        self.reading.add(plan.trigger_id)
        try:
            await asyncio.Event().wait()
        finally:
            self.reading.discard(plan.trigger_id)

    async def close(self) -> None: ...


class Node:
    """The servicer of triggers, and what keeps their sources read."""

    def __init__(self, database: Database) -> None:
        clock = SystemClock()
        self.store: Any = CountedStore(database)
        self.service = TriggerService(
            database, clock, Ids(clock), PageTokens(new_key()), sole_queue=lambda *_: None
        )
        self.reader = FakeReader()
        intake: Any = None
        standings = Standings(self.store, clock, UNOBSERVED, machine_clock=clock)
        self.pulling = Pulling(self.store, [self.reader], intake, standings, machine_clock=clock)
        database.listen(self.pulling.look_at_all, asyncio.sleep)

    @property
    def pages(self) -> Counter[str]:
        pages: Counter[str] = self.store.pages
        return pages

    async def create(self, kind: str) -> str:
        request = contract.CreateTriggerRequest(folder_id=FOLDER)
        rule = getattr(request.rule, kind)
        if kind == QUEUE:
            rule.queue_id = "q"
            rule.batch_settings.size = 1
        elif kind == STREAM:
            rule.stream = "s"
            rule.batch_settings.size = 1
        else:
            rule.cron_expression = "* * * * ? *"
        rule.invoke_function.function_id = "f"
        return trigger_id(await self.service.create(request, call()))

    async def change(self, method: str, trigger_id: str) -> None:
        request = getattr(contract, f"{method}TriggerRequest")(trigger_id=trigger_id)
        await getattr(self.service, method.lower())(request, call())

    async def reads(self, *trigger_ids: str) -> None:
        """Waits until sources are read for these triggers and no others."""
        async with asyncio.timeout(PATIENCE):
            while self.reader.reading != set(trigger_ids):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def at_work(*databases: Database) -> AsyncIterator[list[Node]]:
    nodes = [Node(database) for database in databases]

    async def keep(node: Node) -> None:
        while True:
            await node.pulling.run_once()

    tasks = [asyncio.create_task(keep(node)) for node in nodes]
    try:
        yield nodes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for node in nodes:
            await node.pulling.stop()


async def a_while() -> None:
    """Longer than a node waits before it looks again once it was told to."""
    await asyncio.sleep(0.6)


def test_timers_make_no_node_read_triggers_whose_sources_are_read(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database, at_work(database) as [node]:
            made = await asyncio.gather(*(node.create(QUEUE) for _ in range(200)))
            await node.reads(*made)
            await a_while()
            node.pages.clear()
            for _ in range(5):
                timer = await node.create("timer")
                await node.change("Pause", timer)
                await node.change("Resume", timer)
                await node.change("Delete", timer)
                await asyncio.sleep(0.3)
            assert node.pages == {}
            assert node.reader.reading == set(made)

    runner.run(scenario())


def test_a_change_makes_a_node_read_the_triggers_of_its_kind_alone(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database, at_work(database) as [node]:
            queue, stream = await node.create(QUEUE), await node.create(STREAM)
            await node.reads(queue, stream)
            await a_while()
            for method, reading in (
                ("Pause", [stream]),
                ("Resume", [queue, stream]),
                ("Delete", [stream]),
            ):
                node.pages.clear()
                await node.change(method, queue)
                await node.reads(*reading)
                await a_while()
                assert node.pages == {QUEUE: 1}, method
            numbers = await database.read(change_numbers)
            assert numbers == {QUEUE: 4, STREAM: 1}

    runner.run(scenario())


def test_each_kind_that_a_reader_reads_is_counted() -> None:
    readers = (QueueReader, StreamReader, MqttReader, NotificationReader)
    assert {kind for reader in readers for kind in reader.kinds} == {
        kind.name for kind in KINDS_OF_SOURCES.values() if kind.pulled
    }


def test_what_changes_nothing_is_not_counted(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database, at_work(database) as [node]:
            queue = await node.create(QUEUE)
            await node.change("Resume", queue)
            assert await database.read(change_numbers) == {QUEUE: 1}

    runner.run(scenario())


def test_a_node_hears_of_changes_on_another_and_reads_that_kind_alone(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with two_nodes(postgres_url) as both, at_work(*both) as [first, second]:
            stream = await first.create(STREAM)
            await second.reads(stream)
            await a_while()
            second.pages.clear()
            await first.create("timer")
            await a_while()
            assert second.pages == {}
            queue = await first.create(QUEUE)
            await second.reads(queue, stream)
            assert second.pages == {QUEUE: 1}

    runner.run(scenario())


def uncounted(name: str) -> Work[None]:
    """Does what a node of 0.1.0 does when it creates a trigger."""
    trigger = Trigger(id=name, folder_id=FOLDER)
    trigger.rule.message_queue.queue_id = "q"
    trigger.rule.message_queue.invoke_function.function_id = "f"

    def create(tx: Transaction) -> None:
        insert_trigger(
            tx,
            trigger_id=name,
            folder_id=FOLDER,
            name="",
            contract="yandex.cloud.serverless.triggers.v1",
            message=trigger.SerializeToString(),
        )
        subscribe(tx, trigger_id=name, kind=QUEUE, keys=("q",))

    return create


def test_a_notice_of_a_node_of_the_version_before_makes_it_read_all(
    postgres: PostgresServer, postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(postgres_url) as database, at_work(database) as [node]:
            queue = await node.create(QUEUE)
            await node.reads(queue)
            # The node may still be about to read what it was told of the first one.
            old: list[str] = []
            while not old or old[-1] in node.reader.reading:
                assert len(old) < 10, "the node reads what nobody told it of"
                old.append(f"old{len(old)}")
                await database.write(uncounted(old[-1]))
                await a_while()
            name = postgres_url.rpartition("/")[2]
            async with asyncio.timeout(PATIENCE):
                # It may not listen yet.
                while old[-1] not in node.reader.reading:
                    await asyncio.to_thread(postgres.execute, name, "NOTIFY tocsin")
                    await asyncio.sleep(0.1)
            await node.reads(queue, *old)

    runner.run(scenario())


def test_what_was_not_counted_is_found_after_a_minute_though_its_notice_was_lost(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            clock, store = ManualClock(NOON), CountedStore(database)
            counted: Any = store
            triggers = PulledTriggers(counted, KINDS, machine_clock=clock)
            assert await triggers.current() == {}
            await database.write(uncounted("old"))
            await clock.advance(timedelta(seconds=ALL_AGAIN_SECONDS - 1))
            assert await triggers.current() == {}
            assert store.pages == {QUEUE: 1, STREAM: 1}
            await clock.advance(timedelta(seconds=1))
            stored = await database.read(lambda tx: find_trigger(tx, "old"))
            assert await triggers.current() == {"old": stored}
            assert store.pages == {QUEUE: 2, STREAM: 2}

    runner.run(scenario())


def test_a_doubt_that_comes_while_triggers_are_read_is_not_lost(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            store = CountedStore(database)
            counted: Any = store
            triggers = PulledTriggers(counted, KINDS, machine_clock=ManualClock(NOON))
            reading = asyncio.create_task(triggers.current())
            await asyncio.sleep(0)
            triggers.doubt()
            await reading
            await database.write(uncounted("old"))
            assert set(await triggers.current()) == {"old"}

    runner.run(scenario())
