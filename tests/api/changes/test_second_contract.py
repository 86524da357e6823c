"""A second contract of triggers is one more compiler and one more servicer.

Here its messages are JSON, and its servicer is the few lines of `Servicer`.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from stand.calls import call
from stand.engine_node import FOLDER, NOON, Node, in_loop, node
from tocsin.api.changes.listening import each_id_one_queue
from tocsin.api.changes.triggers import TriggerChanges
from tocsin.api.tocsin.firing.evidence import gather
from tocsin.compilers import loading
from tocsin.plans.plan import Action, Function, Plan
from tocsin.schedule import Cron
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire.errors import ApiError
from tocsin.wire.ids import Ids
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as v1

CONTRACT = "example.triggers.v2"
EVERY_10 = "0/10 * * * ? *"
TEN_PAST = NOON.replace(minute=10, second=0)


def compile_message(message: bytes) -> Plan:
    told: dict[str, Any] = json.loads(message)
    return Plan(
        trigger_id=told["id"],
        folder_id=FOLDER,
        kind="timer",
        source=TimerSource(Cron(told["cron"]), "hello"),
        batching=None,
        # Unlike v1's, its rules may name several targets.
        actions=tuple(Action(Function(function)) for function in told["functions"]),
        active=not told.get("paused", False),
        created_at=datetime.fromisoformat(told["created_at"]),
    )


class Servicer:
    """Writes triggers of the second contract."""

    def __init__(self, it: Node) -> None:
        self.it = it
        self.changes = TriggerChanges(
            Ids(it.clock), most_in_folder=None, sole_queue=each_id_one_queue
        )

    async def create(self, name: str, **fields: Any) -> None:
        created_at = self.it.clock.now().astimezone(UTC).isoformat()
        told = {"id": name, "cron": EVERY_10, "functions": ["f1"], "created_at": created_at}
        stored = StoredTrigger(name, name, CONTRACT, json.dumps(told | fields).encode())
        plan = compile_message(stored.message)

        def work(tx: Transaction) -> None:
            self.changes.create(tx, stored, plan, self.it.clock.now())

        await self.it.database.write(work)

    async def delete(self, name: str) -> None:
        def work(tx: Transaction) -> None:
            self.changes.delete(tx, name, "timer", None, NOON, self.it.clock.now())

        await self.it.database.write(work)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loading.COMPILERS, CONTRACT, compile_message)


@in_loop
async def test_its_timers_tick_once_for_each_target(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await Servicer(it).create("a", functions=["f1", "f2"])
        await it.run_until(TEN_PAST)
        fired = await it.fired()
        assert sorted(each.target for each in fired) == ["function/f1", "function/f2"]
        assert {each.scheduled_at for each in fired} == {TEN_PAST}
        assert await it.next_tick() == TEN_PAST + timedelta(minutes=10)


@in_loop
async def test_a_deleted_one_is_silent(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        servicer = Servicer(it)
        await servicer.create("a")
        await servicer.delete("a")
        assert await it.next_tick() is None


@in_loop
async def test_its_ticks_are_explained(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await Servicer(it).create("a")
        await it.run_until(TEN_PAST)
        evidence = await it.database.read(lambda tx: gather(tx, "a", TEN_PAST, it.clock.now()))
        assert (evidence.is_tick, evidence.created_at, len(evidence.invocations)) == (True, NOON, 1)


@in_loop
async def test_the_first_contract_does_not_show_it(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await Servicer(it).create("a")
        own = await it.create(EVERY_10)
        listed = await it.service.list(v1.ListTriggersRequest(folder_id=FOLDER), call())
        assert [each.id for each in listed.triggers] == [own]
        with pytest.raises(ApiError) as refused:
            await it.service.get(v1.GetTriggerRequest(trigger_id="a"))
        assert refused.value.code is grpc.StatusCode.NOT_FOUND
        with pytest.raises(ApiError) as refused:
            await it.change("Pause", "a")
        assert refused.value.code is grpc.StatusCode.NOT_FOUND


@in_loop
async def test_a_name_is_taken_whichever_contract_has_it(tmp_path: Path) -> None:
    async with node(tmp_path, NOON) as it:
        await Servicer(it).create("a")
        request = v1.CreateTriggerRequest(folder_id=FOLDER, name="a")
        request.rule.timer.cron_expression = EVERY_10
        request.rule.timer.invoke_function.function_id = "f"
        with pytest.raises(ApiError) as refused:
            await it.service.create(request, call())
        assert refused.value.code is grpc.StatusCode.ALREADY_EXISTS
