"""Deliveries on a real store, to real targets and a real queue, with a clock moved by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer
from sqlalchemy import bindparam, update

from tocsin.engine.delivering.deliveries import Deliveries
from tocsin.outgoing.reach import Reach
from tocsin.plans.plan import Action, DeadLetter, Function, Retry, action_to_json, target_key
from tocsin.schedule import ManualClock
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.rows import (
    Invocation,
    State,
    find_invocation,
    insert_invocation,
    insert_invocations,
)
from tocsin.store.schema import invocations as table
from tocsin.targets.addresses import Addresses
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetterQueues
from tocsin.targets.settings import DeadLetterSettings, TargetSettings

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEN_SECONDS = timedelta(seconds=10)
REGION = "us-east-1"
QUEUE = "yrn:yc:ymq:ru-central1:b1g1:dead"
EVENTS = [{"event_metadata": {"event_id": str(number)}, "details": {}} for number in range(3)]
PAYLOAD = json.dumps({"messages": EVENTS}).encode()
TAKE_OVER = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(node=bindparam("by"), state=bindparam("outcome"))
)


@dataclass
class Target:
    """A function that does what the test wants, and remembers its calls."""

    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.calls.append((request.path, {k.lower(): v for k, v in request.headers.items()}))
        return await self.answer(request)


def answering(*statuses: int) -> Target:
    """Answers each call with the next status, the last one for ever."""
    left = list(statuses)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=left.pop(0) if len(left) > 1 else left[0])

    return Target(answer)


@dataclass
class Node:
    database: Database
    clock: ManualClock
    deliveries: Deliveries

    async def invoke(self, action: Action, name: str = "i1", payload: bytes = PAYLOAD) -> None:
        now = self.clock.now()
        invocation = invocation_of(action, now)._replace(id=name, payload=payload)
        await self.database.write(lambda tx: insert_invocation(tx, invocation, due_at=now))
        self.deliveries.look()

    async def found(self, name: str = "i1") -> Invocation:
        found = await self.database.read(lambda tx: find_invocation(tx, name))
        assert found is not None
        return found

    async def until(self, state: State, name: str = "i1") -> Invocation:
        while (found := await self.found(name)).state is not state:
            await asyncio.sleep(0.005)
        return found

    async def until_error(self, text: str) -> Invocation:
        while text not in ((found := await self.found()).last_error or ""):
            await asyncio.sleep(0.005)
        return found


def invocation_of(action: Action, now: datetime) -> Invocation:
    return Invocation(
        id="i1",
        parent="folders/b1g1",
        origin="a1s1",
        scheduled_at=now,
        action=action_to_json(action),
        target=target_key(action.target),
        created_at=now,
        payload=PAYLOAD,
    )


@asynccontextmanager
async def serving(target: Target) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/{function}", target.serve)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/{{function_id}}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def delivering(
    directory: Path, target: Target, *, per_target: int = 10, queues: str | None = None
) -> AsyncIterator[Node]:
    clock, database = ManualClock(NOON), open_database(f"sqlite:///{directory}/t.db")
    async with serving(target) as url:
        caller = TargetCaller(
            Addresses(TargetSettings(function=url), {}),
            timeout_seconds=20,
            user_agent="test",
            largest_payload=10_000,
        )
        deliveries = Deliveries(
            database,
            clock,
            caller,
            DeadLetterQueues(
                DeadLetterSettings(
                    endpoint=queues, region=REGION, access_key_id="id", secret_access_key="key"
                ),
                Reach(),
            ),
            node="node-1",
            limits=TargetSettings(concurrency=100, concurrency_per_target=per_target),
            chance=lambda: 0.0,
        )

        async def loop() -> None:
            while True:
                await deliveries.run_once()

        running = asyncio.create_task(loop())
        try:
            async with asyncio.timeout(30):
                yield Node(database, clock, deliveries)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await deliveries.drain(0)
            await caller.close()
            await database.close()


@pytest.fixture(scope="module")
def queue_service() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Queue:
    """A queue of the SQS protocol, as its owner sees it."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._client = boto3.client(
            "sqs",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="id",
            aws_secret_access_key="key",
        )
        self._url = self._client.create_queue(QueueName=name)["QueueUrl"]

    def messages(self) -> list[dict[str, Any]]:
        received = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages


def test_each_try_has_the_same_id_and_trace_and_its_own_number(tmp_path: Path) -> None:
    target = answering(500, 500, 200)

    async def scenario() -> Invocation:
        async with delivering(tmp_path, target) as node:
            await node.invoke(Action(Function("f"), Retry(3, TEN_SECONDS)))
            for failures in (1, 2):
                while (await node.until(State.RETRYING)).failures < failures:
                    await asyncio.sleep(0.005)
                await node.clock.advance(TEN_SECONDS)
            return await node.until(State.SUCCEEDED)

    invocation = asyncio.run(scenario())
    told = [headers for _, headers in target.calls]
    assert [each["x-attempt"] for each in told] == ["1", "2", "3"]
    assert {each["x-request-id"] for each in told} == {"i1"}
    assert len({each["traceparent"].split("-")[1] for each in told}) == 1
    assert len({each["traceparent"].split("-")[2] for each in told}) == 3
    assert {each["x-scheduled-at"] for each in told} == {"2026-11-21T12:00:00Z"}
    assert told[-1]["x-started-at"] == "2026-11-21T12:00:20Z"
    assert (invocation.attempts, invocation.failures) == (3, 2)


def test_a_retry_waits_for_its_interval(tmp_path: Path) -> None:
    target = answering(500, 200)

    async def scenario() -> int:
        async with delivering(tmp_path, target) as node:
            await node.invoke(Action(Function("f"), Retry(1, TEN_SECONDS)))
            await node.until(State.RETRYING)
            await node.clock.advance(timedelta(seconds=9.9))
            early = len(target.calls)
            await node.clock.advance(timedelta(seconds=0.1))
            await node.until(State.SUCCEEDED)
            return early

    assert asyncio.run(scenario()) == 1


def test_a_hanging_target_holds_up_no_other(tmp_path: Path) -> None:
    released = asyncio.Event()

    async def hang_or_answer(request: web.Request) -> web.Response:
        if request.path == "/hangs":
            await released.wait()
        return web.Response()

    target = Target(hang_or_answer)

    async def scenario() -> int:
        async with delivering(tmp_path, target, per_target=3) as node:
            for number in range(400):
                await node.invoke(Action(Function("hangs")), f"hanging {number:03}")
            await node.invoke(Action(Function("quick")), "quick")
            await node.until(State.SUCCEEDED, "quick")
            hanging = sum(path == "/hangs" for path, _ in target.calls)
            released.set()
            return hanging

    assert asyncio.run(scenario()) == 3


def test_what_is_due_is_called_in_the_order_of_its_instants(tmp_path: Path) -> None:
    target = answering(200)
    names = [f"i{number:03}" for number in range(300)]
    # Two at each instant, and written from the last to the first.
    instants = {name: NOON + timedelta(seconds=place // 2) for place, name in enumerate(names)}

    async def scenario() -> None:
        async with delivering(tmp_path, target, per_target=1) as node:
            made = [
                (invocation_of(Action(Function("f")), NOON)._replace(id=name), instants[name])
                for name in reversed(names)
            ]
            await node.database.write(lambda tx: insert_invocations(tx, made))
            node.clock.set_wall(NOON + timedelta(hours=1))
            node.deliveries.look()
            await node.until(State.SUCCEEDED, names[-1])

    asyncio.run(scenario())
    assert [headers["x-request-id"] for _, headers in target.calls] == names


def test_many_busy_targets_hold_up_none_that_has_a_place(tmp_path: Path) -> None:
    released = asyncio.Event()

    async def hang_or_answer(request: web.Request) -> web.Response:
        if request.path.startswith("/hangs"):
            await released.wait()
        return web.Response()

    target = Target(hang_or_answer)

    async def scenario() -> None:
        async with delivering(tmp_path, target, per_target=1) as node:
            # More of them than are looked at in one step.
            for number in range(70):
                for again in range(2):
                    await node.invoke(Action(Function(f"hangs{number}")), f"h{number} {again}")
            for number in range(3):
                await node.invoke(Action(Function("quick")), f"quick {number}")
            for number in range(3):
                await node.until(State.SUCCEEDED, f"quick {number}")
            released.set()
            await node.until(State.SUCCEEDED, "h69 1")

    asyncio.run(scenario())


def test_a_busy_target_is_no_reason_to_look_at_all_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()
    walks: list[int] = []
    walk = deliveries.waiting_targets

    def counted(tx: Transaction, *, but: Collection[str]) -> list[tuple[str, datetime]]:
        walks.append(len(but))
        return walk(tx, but=but)

    monkeypatch.setattr(deliveries, "waiting_targets", counted)

    async def hang_or_answer(request: web.Request) -> web.Response:
        if request.path == "/hangs":
            await released.wait()
        return web.Response()

    async def scenario() -> None:
        async with delivering(tmp_path, Target(hang_or_answer), per_target=2) as node:
            made = [
                invocation_of(
                    Action(Function("hangs" if number < 9 else f"f{number}")), NOON
                )._replace(id=f"i{number:03}")
                for number in range(400)
            ]
            await node.database.write(
                lambda tx: insert_invocations(tx, [(each, NOON) for each in made])
            )
            node.deliveries.look()
            await node.until(State.SUCCEEDED, "i399")
            released.set()
            await node.until(State.SUCCEEDED, "i008")

    asyncio.run(scenario())
    assert walks == []


def test_an_invocation_that_cant_be_read_holds_up_no_other(tmp_path: Path) -> None:
    target = answering(200)

    async def scenario() -> None:
        async with delivering(tmp_path, target) as node:
            good = invocation_of(Action(Function("f")), NOON)
            # Such as one of a newer version, for a kind of target that this one does not know.
            odd = good._replace(id="i0", action='{"target": {"kind": "of tomorrow"}}')
            await node.database.write(
                lambda tx: insert_invocations(tx, [(odd, NOON), (good, NOON)])
            )
            node.deliveries.look()
            await node.until(State.SUCCEEDED)
            async with asyncio.timeout(30):
                while node.deliveries.under_way:
                    await asyncio.sleep(0.005)

    asyncio.run(scenario())
    assert [headers["x-request-id"] for _, headers in target.calls] == ["i1"]


def test_a_zero_byte_in_an_answer_is_no_reason_to_lose_its_failure(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=500, body=b"a\0b")

    async def scenario() -> Invocation:
        async with delivering(tmp_path, Target(answer)) as node:
            await node.invoke(Action(Function("f")))
            return await node.until(State.FAILED)

    assert (asyncio.run(scenario()).last_error or "").endswith("answered 500: a\ufffdb")


def test_a_dead_letter_is_one_message_for_each_event(tmp_path: Path, queue_service: str) -> None:
    queue = Queue(queue_service, "dead")

    async def scenario() -> Invocation:
        async with delivering(tmp_path, answering(500), queues=queue_service) as node:
            await node.invoke(Action(Function("f"), None, DeadLetter(QUEUE, "aje1")))
            return await node.until(State.DEAD_LETTERED)

    invocation = asyncio.run(scenario())
    assert (invocation.last_error or "").endswith("answered 500")
    messages = queue.messages()
    assert [json.loads(each["Body"]) for each in messages] == EVENTS
    attributes = messages[0]["MessageAttributes"]
    values = {name: value["StringValue"] for name, value in attributes.items()}
    assert values.pop("last_error").endswith("answered 500")
    assert values == {"trigger_id": "a1s1", "invocation_id": "i1", "attempts": "1"}


def test_a_dead_letter_whose_queue_is_not_there_waits_for_it_and_says_why(
    tmp_path: Path, queue_service: str
) -> None:
    async def scenario() -> Invocation:
        async with delivering(tmp_path, answering(500), queues=queue_service) as node:
            letter = DeadLetter("yrn:yc:ymq:r:f:later", "aje1")
            await node.invoke(Action(Function("f"), None, letter))
            waiting = await node.until_error("dead letter queue yrn:yc:ymq:r:f:later")
            assert waiting.state is State.DEAD_LETTERING
            Queue(queue_service, "later")
            await node.clock.advance(timedelta(seconds=5))
            return await node.until(State.DEAD_LETTERED)

    assert (asyncio.run(scenario()).last_error or "").endswith("answered 500")


def test_a_queue_given_as_a_url_that_nobody_configured_is_not_called(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with delivering(tmp_path, answering(500), queues="http://127.0.0.1:1") as node:
            letter = DeadLetter("http://169.254.169.254/x", "aje1")
            await node.invoke(Action(Function("f"), None, letter))
            await node.until_error("a URL in a rule must be listed in [dead_letters.queues]")

    asyncio.run(scenario())


def test_a_payload_over_the_limit_is_not_sent_but_dead_lettered_as_a_pointer(
    tmp_path: Path, queue_service: str
) -> None:
    queue, target = Queue(queue_service, "large"), answering(200)
    event = {"event_metadata": {"event_id": "big"}, "details": {"text": "x" * 300_000}}
    payload = json.dumps({"messages": [event]}).encode()

    async def scenario() -> Invocation:
        async with delivering(tmp_path, target, queues=queue_service) as node:
            letter = DeadLetter("yrn:yc:ymq:r:f:large", "aje1")
            await node.invoke(Action(Function("f"), Retry(5, TEN_SECONDS), letter), "i1", payload)
            return await node.until(State.DEAD_LETTERED)

    assert "was not sent: at most 10000 bytes are allowed" in (
        asyncio.run(scenario()).last_error or ""
    )
    assert target.calls == []
    [message] = queue.messages()
    pointer = json.loads(message["Body"])
    assert pointer["invocation_id"] == "i1"
    assert pointer["event_metadata"] == {"event_id": "big"}


def test_what_another_node_took_over_is_not_overwritten(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response(status=500)

    async def scenario() -> Invocation:
        target = Target(hang)
        async with delivering(tmp_path, target) as node:
            await node.invoke(Action(Function("f")))
            while not target.calls:
                await asyncio.sleep(0.005)
            values = {"of_id": "i1", "by": "node-2", "outcome": "succeeded"}
            await node.database.write(lambda tx: tx.run(TAKE_OVER, **values))
            release.set()
            while node.deliveries.under_way:
                await asyncio.sleep(0.005)
            return await node.found()

    assert asyncio.run(scenario()).state is State.SUCCEEDED
