"""Events on their way from a source to their calls, on both stores, with a clock moved by hand."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from sqlalchemy import null, select, update

from stand.services.postgres_server import PostgresServer
from tocsin.api.changes.listening import each_id_one_queue, listen
from tocsin.compilers.triggers_v1 import CONTRACT, compile_trigger
from tocsin.engine.events.batches import Batches
from tocsin.engine.events.intake import EVENTS_AT_ONCE, LISTENERS_AT_ONCE, Intake
from tocsin.engine.events.invoking import Calls
from tocsin.engine.events.subscribing import Subscribing
from tocsin.schedule import ManualClock
from tocsin.sources.incoming import Incoming, Taken
from tocsin.sources.kinds.iot import IotBrokerMessage
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.events.intakes import find_intake
from tocsin.store.events.subscriptions import LISTENER, LISTENERS
from tocsin.store.expiry import EVENTS, delete_expired
from tocsin.store.schema import invocations as table
from tocsin.store.schema import triggers
from tocsin.store.triggers.rows import insert_trigger, update_trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
REMEMBERED = timedelta(minutes=10)
PAYLOADS = select(table.c.origin, table.c.payload).order_by(table.c.id)
ALL_UNSUBSCRIBED = update(triggers).values(subscribed=null())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tocsin.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.new_database()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@dataclass
class Node:
    """A node's intake and batches; the bells that they ring are kept."""

    database: Database
    clock: ManualClock
    numbers: Iterator[int]
    due: list[datetime | None] = field(default_factory=list)
    fired: int = 0

    def __post_init__(self) -> None:
        calls = Calls(lambda: f"i{next(self.numbers):08}", "cloud")

        def count(_at: datetime | None) -> None:
            self.fired += 1

        self.database.on(Bell.DELIVERIES, count)
        self.database.on(Bell.BATCHES, self.due.append)
        self.intake = Intake(
            self.database,
            self.clock,
            calls=calls,
            largest_payload=100_000,
            remembered=REMEMBERED,
        )
        self.batches = Batches(
            self.database,
            self.clock,
            calls=calls,
            largest_payload=100_000,
        )

    async def add(
        self, name: str, *, size: int = 1, cutoff: int = 5, topic: str = "", broker: str = "b"
    ) -> None:
        trigger = broker_trigger(name, size, cutoff, topic)
        trigger.rule.iot_broker_message.broker_id = broker

        def insert(tx: Any) -> None:
            insert_trigger(
                tx,
                trigger_id=name,
                folder_id="f",
                name=name,
                contract=CONTRACT,
                message=trigger.SerializeToString(),
            )
            listen(tx, compile_trigger(trigger), each_id_one_queue)

        await self.database.write(insert)

    async def send(self) -> None:
        """Sends what is due now."""
        await asyncio.wait_for(self.batches.run_once(), 30)

    async def calls(self) -> list[tuple[str, list[str]]]:
        """The calls that were made: the trigger, and the topics of its batch."""
        rows = await self.database.read(lambda tx: tx.all(PAYLOADS))
        return [
            (row[0], [each["details"]["mqtt_topic"] for each in json.loads(row[1])["messages"]])
            for row in rows
        ]


def broker_trigger(name: str, size: int, cutoff: int, topic: str) -> Trigger:
    rule = {
        "broker_id": "b",
        "mqtt_topic": topic,
        "batch_settings": {"size": size, "cutoff": f"{cutoff}s"},
        "invoke_function": {"function_id": "f"},
    }
    fields = {"id": name, "folder_id": "f", "name": name, "rule": {"iot_broker_message": rule}}
    return json_format.ParseDict(fields, Trigger())


def message(topic: str, event_id: str = "") -> Incoming:
    return Incoming(IotBrokerMessage("b", topic, b""), 0, event_id)


@asynccontextmanager
async def nodes(url: str, count: int = 1) -> AsyncIterator[list[Node]]:
    clock, numbers = ManualClock(NOON), itertools.count(1)
    databases = [open_database(url) for _ in range(count)]
    try:
        yield [Node(database, clock, numbers) for database in databases]
    finally:
        for database in databases:
            await database.close()


def test_one_event_is_one_call_where_nothing_is_batched(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a", topic="t/+")
            taken = await node.intake.take([message("t/1"), message("other"), message("t/2")])
            assert taken == [Taken(accepted=1), Taken(filtered=1), Taken(accepted=1)]
            assert await node.calls() == [("a", ["t/1"]), ("a", ["t/2"])]
            assert (node.fired, node.due) == (1, [])

    runner.run(check())


def test_a_batch_is_due_at_the_cutoff_of_its_first_event(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a", size=3)
            await node.intake.take([message("1")])
            node.clock.jump_to(NOON + 2 * SECOND)
            await node.intake.take([message("2")])
            assert node.due == [NOON + 5 * SECOND] * 2
            assert await node.calls() == []
            node.clock.jump_to(NOON + 5 * SECOND)
            await node.send()
            assert await node.calls() == [("a", ["1", "2"])]
            standing = await node.database.read(lambda tx: find_intake(tx, "a"))
            assert (standing.waiting, standing.due_at) == (0, None)

    runner.run(check())


def test_a_batch_is_due_at_once_when_it_is_full(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a", size=3)
            await node.intake.take([message("1"), message("2")])
            node.clock.jump_to(NOON + SECOND)
            await node.intake.take([message("3"), message("4")])
            assert node.due[-1] == NOON + SECOND
            await node.send()
            assert await node.calls() == [("a", ["1", "2", "3"])]
            # What is left waits from its own coming.
            standing = await node.database.read(lambda tx: find_intake(tx, "a"))
            assert (standing.waiting, standing.due_at) == (1, NOON + 6 * SECOND)

    runner.run(check())


def test_an_event_is_a_new_one_once_its_time_is_over(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a")
            assert await node.intake.take([message("1", "x")]) == [Taken(accepted=1)]
            # What is expired is swept now and then, and not yet.
            node.clock.jump_to(NOON + REMEMBERED)
            assert await node.intake.take([message("2", "x")] * 2) == [
                Taken(accepted=1),
                Taken(repeated=1),
            ]
            node.clock.jump_to(NOON + REMEMBERED + SECOND)
            assert await node.intake.take([message("3", "x")]) == [Taken(repeated=1)]

    runner.run(check())


def test_an_event_is_taken_once_while_it_is_remembered(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a")
            assert await node.intake.take([message("1", "x")] * 2) == [
                Taken(accepted=1),
                Taken(repeated=1),
            ]
            node.clock.jump_to(NOON + REMEMBERED)
            forgotten = await node.database.write(
                lambda tx: delete_expired(tx, EVENTS, now=node.clock.now())
            )
            assert forgotten == 1
            assert await node.intake.take([message("1", "x")]) == [Taken(accepted=1)]

    runner.run(check())


def test_what_one_hands_in_fails_no_other(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a")
            # No store takes half a character.
            odd = replace(message("odd"), key="\ud800")
            taken = await asyncio.gather(
                *(node.intake.take([each]) for each in (message("1"), odd, message("2"))),
                return_exceptions=True,
            )
            assert [taken[0], taken[2]] == [[Taken(accepted=1)]] * 2
            assert isinstance(taken[1], Exception)
            assert sorted(call for _, [call] in await node.calls()) == ["1", "2"]

    runner.run(check())


def test_an_event_reaches_all_who_listen_however_many(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            many = LISTENERS_AT_ONCE + 10
            for place in range(many):
                await node.add(f"t{place:04}")
            taken = await node.intake.take([message("1", "x"), message("2", "y")])
            assert taken == [Taken(accepted=many)] * 2
            assert len(await node.calls()) == 2 * many

    runner.run(check())


def test_what_many_hand_in_at_once_is_told_to_each(url: str, runner: asyncio.Runner) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a", topic="even")
            many = EVENTS_AT_ONCE + 50
            topics = ["even" if place % 2 == 0 else "odd" for place in range(many)]
            taken = await asyncio.gather(*(node.intake.take([message(t)]) for t in topics))
            assert taken == [
                [Taken(accepted=1) if topic == "even" else Taken(filtered=1)] for topic in topics
            ]

    runner.run(check())


@pytest.mark.parametrize("broker", ["é" * 10_000, "a\0b"])
def test_ids_that_no_index_could_hold_are_found_all_the_same(
    url: str, runner: asyncio.Runner, broker: str
) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a", broker=broker)
            event = IotBrokerMessage(broker, "t", b"")
            given = Incoming(event, 0, "id", key=broker)
            other = Incoming(replace(event, broker_id=broker + "c"), 0, "id", key=broker + "c")
            assert await node.intake.take([given, other]) == [Taken(accepted=1), Taken()]
            assert await node.intake.take([given]) == [Taken(repeated=1)]

    runner.run(check())


def test_a_trigger_that_cannot_be_read_keeps_no_other_from_firing(
    url: str, runner: asyncio.Runner
) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            await node.add("a", size=2)
            await node.add("b", size=2)
            await node.intake.take([message("1")])
            await node.database.write(
                lambda tx: update_trigger(tx, trigger_id="a", name="a", message=b"\xff\xff")
            )
            assert await node.intake.take([message("2")]) == [Taken(accepted=1)]
            node.clock.jump_to(NOON + 5 * SECOND)
            await node.send()
            assert await node.calls() == [("b", ["1", "2"])]
            standing = await node.database.read(lambda tx: find_intake(tx, "a"))
            assert standing.waiting == 1

    runner.run(check())


def test_triggers_of_the_version_before_are_made_to_listen(
    url: str, runner: asyncio.Runner
) -> None:
    async def check() -> None:
        async with nodes(url) as [node]:
            trigger = broker_trigger("old", 1, 5, "")
            await node.database.write(
                lambda tx: insert_trigger(
                    tx,
                    trigger_id="old",
                    folder_id="f",
                    name="old",
                    contract=CONTRACT,
                    message=trigger.SerializeToString(),
                )
            )
            await node.database.write(lambda tx: tx.run(ALL_UNSUBSCRIBED))
            assert await node.intake.take([message("1")]) == [Taken()]
            subscribing = asyncio.create_task(Subscribing(node.database, node.clock).run_once())
            while await node.intake.take([message("2")]) == [Taken()]:
                await asyncio.sleep(0)
            subscribing.cancel()

    runner.run(check())


def test_nodes_that_share_triggers_neither_lose_nor_double(
    postgres: PostgresServer, runner: asyncio.Runner
) -> None:
    """Batches fill from both nodes at once, and either may send them."""

    async def feed(node: Node, name: str) -> None:
        for place in range(60):
            await node.intake.take([message(f"{name}{place}"), message(f"{name}{place}'")])
            node.batches.look()

    async def send(node: Node) -> None:
        while True:
            await node.batches.run_once()

    async def waiting(node: Node) -> int:
        return await node.database.read(
            lambda tx: sum(find_intake(tx, name).waiting for name in "abc")
        )

    async def check() -> None:
        async with nodes(url, 2) as [first, second]:
            for name in "abc":
                await first.add(name, size=7, cutoff=0)
            sending = [asyncio.create_task(send(node)) for node in (first, second)]
            await asyncio.gather(feed(first, "x"), feed(second, "y"))
            while await waiting(first):
                first.batches.look()
            for task in sending:
                task.cancel()
            expected = sorted(f"{n}{p}{t}" for n in "xy" for p in range(60) for t in ("", "'"))
            for name in "abc":
                batches = [topics for origin, topics in await first.calls() if origin == name]
                assert sorted(itertools.chain(*batches)) == expected
                assert max(len(batch) for batch in batches) <= 7

    url = postgres.new_database()
    runner.run(check())


def test_an_event_for_one_trigger_looks_that_one_up(url: str, runner: asyncio.Runner) -> None:
    """And not all that listen to the same key."""
    looked_up: list[Any] = []

    class Noting:
        def __init__(self, tx: Any) -> None:
            self._tx = tx

        def one(self, statement: Any, **values: Any) -> Any:
            if statement is LISTENER:
                looked_up.append(values["of_trigger"])
            return self._tx.one(statement, **values)

        def all(self, statement: Any, **values: Any) -> Any:
            assert statement is not LISTENERS
            return self._tx.all(statement, **values)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._tx, name)

    async def check() -> None:
        async with nodes(url) as [node]:
            for number in range(20):
                await node.add(f"t{number:02}")
            write = node.database.write
            noting: Any = node.database
            noting.write = lambda work: write(lambda tx: work(Noting(tx)))
            mine = replace(message("1"), trigger_id="t07")
            assert await node.intake.take([mine, replace(mine, id="2")]) == 2 * [Taken(accepted=1)]
            assert looked_up == ["t07"]
            # It listens to another broker, or is gone: nothing comes of its event.
            other = replace(mine, event=IotBrokerMessage("other", "1", b""), id="3")
            gone = replace(mine, trigger_id="gone", id="4")
            assert await node.intake.take([other, gone]) == 2 * [Taken()]
            assert {origin for origin, _ in await node.calls()} == {"t07"}

    runner.run(check())
