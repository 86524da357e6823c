"""The engine and its triggers on a real database, with a clock that is moved by hand."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from stand.calls import call
from tocsin.api.yandex.triggers.service import TriggerService
from tocsin.composition.composing import events_of, pulling_of
from tocsin.engine.delivering.deliveries import Deliveries
from tocsin.engine.delivering.parking import Parking
from tocsin.engine.events.subscribing import Subscribing
from tocsin.engine.loops import Engine
from tocsin.engine.observer import UNOBSERVED
from tocsin.engine.settings import MisfireSettings
from tocsin.engine.ticks.timers import Timers
from tocsin.outgoing.reach import Reach
from tocsin.plans.plan import Target
from tocsin.schedule import ManualClock
from tocsin.settings import Settings
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.listing import page_of_invocations
from tocsin.store.invocations.rows import Invocation, find_invocation
from tocsin.store.invocations.selecting import Filter
from tocsin.store.schema import invocations as table
from tocsin.store.triggers.timers import earliest_tick
from tocsin.targets.calling import Outcome, Room
from tocsin.targets.dead_letters import DeadLetterQueues
from tocsin.targets.settings import DeadLetterSettings, TargetSettings
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, new_key
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

FOLDER = "b1g0"
PARENT = f"folders/{FOLDER}"
NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        async def patient() -> None:
            async with asyncio.timeout(30):
                await test(*arguments, **named)

        asyncio.run(patient())

    return run


@dataclass
class FakeCaller:
    """Targets that answer at once, or what `answer` does."""

    calls: list[str] = field(default_factory=list)
    answer: Callable[[], Awaitable[Outcome]] | None = None

    async def call(
        self,
        _target: Target,
        _payload: bytes,
        *,
        request_id: str,
        headers: Mapping[str, str],
        **_room: Room,
    ) -> Outcome:
        assert headers["traceparent"]
        self.calls.append(request_id)
        return await self.answer() if self.answer else Outcome(succeeded=True)


@dataclass
class Node:
    """One start of the program, as far as time matters."""

    clock: ManualClock
    database: Database
    caller: FakeCaller
    timers: Timers
    engine: Engine
    service: TriggerService

    async def create(
        self,
        cron: str,
        payload: str = "",
        folder: str = FOLDER,
        labels: Mapping[str, str] | None = None,
    ) -> str:
        request = contract.CreateTriggerRequest(folder_id=folder, labels=labels)
        request.rule.timer.cron_expression = cron
        request.rule.timer.payload = payload
        request.rule.timer.invoke_function.function_id = "f"
        return trigger_id(await self.service.create(request, call()))

    async def change(self, method: str, trigger_id: str) -> None:
        request = getattr(contract, f"{method}TriggerRequest")(trigger_id=trigger_id)
        await getattr(self.service, method.lower())(request, call())

    async def update(self, trigger_id: str, **timer: str) -> None:
        """Changes fields of the timer, or, without any, the description."""
        request = contract.UpdateTriggerRequest(trigger_id=trigger_id, description="new")
        for name, value in timer.items():
            setattr(request.rule.timer, name, value)
        paths = [f"rule.timer.{name}" for name in timer] or ["description"]
        request.update_mask.paths.extend(paths)
        await self.service.update(request, call())

    async def next_tick(self) -> datetime | None:
        return await self.database.read(earliest_tick)

    async def fire_due(self) -> None:
        while (tick := await self.next_tick()) is not None and tick <= self.clock.now():
            await self.timers.run_once()

    async def run_until(self, end: datetime) -> None:
        """Fires each tick at its instant."""
        while (tick := await self.next_tick()) is not None and tick <= end:
            await self.clock.advance_to(max(tick, self.clock.now()))
            await self.fire_due()
        await self.clock.advance_to(end)

    async def fired(self) -> list[Invocation]:
        def read(tx: Transaction) -> list[Invocation]:
            found = page_of_invocations(tx, Filter(), after=None, limit=10_000).rows
            each = (find_invocation(tx, shown.id) for shown in reversed(found))
            return [invocation for invocation in each if invocation is not None]

        return await self.database.read(read)

    async def told(self, invocation: Invocation) -> dict[str, Any]:
        """The one message that the invocation's target is sent."""
        [row] = await self.database.read(
            lambda tx: tx.all(select(table.c.payload).where(table.c.id == invocation.id))
        )
        [message] = json.loads(row[0])["messages"]
        return message

    async def ticks(self) -> list[datetime]:
        return [invocation.scheduled_at for invocation in await self.fired()]


def trigger_id(operation: bytes) -> str:
    metadata = contract.CreateTriggerMetadata()
    Operation.FromString(operation).metadata.Unpack(metadata)
    return metadata.trigger_id


@asynccontextmanager
async def node(
    directory: Path,
    start: datetime,
    concurrency: int = 10,
    misfires: MisfireSettings | None = None,
) -> AsyncIterator[Node]:
    clock = ManualClock(start)
    database = open_database(f"sqlite:///{directory / 'tocsin.db'}")
    caller = FakeCaller()
    deliveries = Deliveries(
        database,
        clock,
        caller,
        DeadLetterQueues(DeadLetterSettings(), Reach()),
        node="node-1",
        limits=TargetSettings(concurrency=concurrency, concurrency_per_target=concurrency),
    )
    ids = Ids(clock)
    timers = Timers(
        database,
        clock,
        new_id=ids.new,
        cloud_id="b1g-cloud",
        misfires=misfires or MisfireSettings(),
    )
    service = TriggerService(database, clock, ids, PageTokens(new_key()))
    try:
        batches, intake = events_of(Settings(), clock, database, ids)
        subscribing = Subscribing(database, clock)
        pulling = pulling_of(database, clock, (), intake, UNOBSERVED)
        parking = Parking(database, clock)
        engine = Engine(database, clock, timers, deliveries, parking, batches, subscribing, pulling)
        yield Node(clock, database, caller, timers, engine, service)
    finally:
        await database.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
