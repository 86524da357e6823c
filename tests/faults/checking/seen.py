"""Waits until a server has nothing left to do, then gathers all that can be seen of it."""

import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import grpc
from google.longrunning import operations_pb2

from faults.checking.checker import check
from faults.checking.evidence import Delivery, Evidence, Intake, Report, Row, Shown
from faults.checking.journal import Journal, Rewind, Trigger
from faults.load.clients import FOLDER, LOCATION, now
from faults.load.events import id_in, rule_of
from stand.recording_target import Received, RecordingTarget
from stand.services.postgres_server import PostgresServer
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.operation.operation_service_pb2_grpc import OperationServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger as TriggerMessage
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

CALLED_AGAIN = "made again on a new one"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE = 60
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, sqlite3.OperationalError)
# Executions by the ids that their clients chose, which the API and the payloads show.
ROWS = (
    "SELECT COALESCE(execution_id, id), origin, scheduled_at, created_at, state, attempts,"
    " history, last_error, parked_due_at"
    " FROM invocations"
)
LEFT = (
    "SELECT (SELECT count(*) FROM armed_timers WHERE next_at <= {now})"
    " + (SELECT count(*) FROM invocations WHERE next_at IS NOT NULL AND NOT ({parked}))"
    " + (SELECT count(*) FROM events) + (SELECT count(*) FROM batches)"
)
# What may wait until its trigger is resumed.
PARKED = "parked_due_at IS NOT NULL"
PARKED_BY_A_PAUSE = (
    f"{PARKED} AND EXISTS (SELECT 1 FROM decisions"
    " WHERE trigger_id = origin AND kind = 'pause' AND last_at IS NULL)"
)


class Store(Protocol):
    """The server's own store, looked into beside the server."""

    def execute(self, statement: str) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class SqliteFile:
    path: Path

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


@dataclass(frozen=True)
class PostgresDatabase:
    server: PostgresServer
    name: str

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.execute(self.name, statement)


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def rewind(store: Store, trigger: Trigger, to: datetime) -> None:
    """Sets a trigger's tick back, if it is armed.

    Raises:
        OSError, asyncpg.PostgresError: the store is away.
    """
    began = now()
    try:
        armed = store.execute(
            f"UPDATE armed_timers SET next_at = {micros(to)} "
            f"WHERE trigger_id = '{trigger.id}' AND next_at > {micros(began)} RETURNING trigger_id"
        )
    except AWAY:
        trigger.rewinds.append(Rewind(began, now(), to, certain=False))
        raise
    if armed:
        trigger.rewinds.append(Rewind(began, now(), to))


@contextmanager
def ticking(store: Store, journal: Journal, chance: random.Random) -> Iterator[None]:
    """Makes minutes happen now: all the time the next tick of some timers is put into the past."""
    stopped = threading.Event()
    mine = random.Random(chance.random())

    def run() -> None:
        while not stopped.wait(0.2):
            known = [each for each in timers(journal) if each.id is not None]
            for trigger in mine.sample(known, min(3, len(known))):
                with suppress(*AWAY):
                    tick_now(store, trigger, minutes=mine.randrange(3, 10))

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(run)
        try:
            yield
        finally:
            stopped.set()
    under_way.result()


def timers(journal: Journal) -> list[Trigger]:
    """Those that are known by now."""
    return [each for each in list(journal.triggers) if each.calls and not each.listens]


def tick_now(store: Store, trigger: Trigger, minutes: int) -> None:
    since = now() - timedelta(minutes=minutes)
    rewind(store, trigger, next(trigger.cron.instants(since, now().date())))


def settle(
    store: Store,
    look_again: Callable[[], object] = lambda: None,
    *,
    parked: str = PARKED_BY_A_PAUSE,
) -> datetime:
    """Waits until nothing is due but what is `parked`; returns an instant up to which all was."""
    give_up = time.monotonic() + PATIENCE
    while True:
        at = datetime.now(UTC)
        [(left,)] = store.execute(LEFT.format(now=micros(at), parked=parked))
        if not left:
            return at
        assert time.monotonic() < give_up, undone(store, at)
        time.sleep(0.1)
        look_again()


def undone(store: Store, at: datetime) -> str:
    timers = store.execute(f"SELECT * FROM armed_timers WHERE next_at <= {micros(at)}")
    rows = store.execute(f"{ROWS} WHERE next_at IS NOT NULL")
    batches = store.execute("SELECT * FROM batches")
    return f"not done at {micros(at)}: {timers[:10]} {rows[:10]} {batches[:10]}"


def gather(
    journal: Journal, store: Store, target: RecordingTarget, address: str, settled_at: datetime
) -> Evidence:
    evidence = Evidence(settled_at)
    evidence.rows = [
        Row(
            each[0],
            each[1],
            instant(each[2]),
            instant(each[3]),
            each[4],
            each[5],
            called_again(each[5], each[6], each[7]),
            parked=each[8] is not None,
        )
        for each in store.execute(ROWS)
    ]
    evidence.deliveries = [delivery(call) for call in target.all(lambda _: True)]
    with grpc.insecure_channel(address) as channel:
        for each in listed(TriggerServiceStub(channel)):
            active, rule = each.status == TriggerMessage.ACTIVE, rule_of(each.rule)
            shown = Shown(each.id, active, each.rule.timer.cron_expression, rule)
            evidence.triggers.setdefault(each.name, []).append(shown)
            if rule is not None:
                evidence.intakes[each.name] = intake_of(channel, each.id)
        evidence.operations = done_operations(journal, OperationServiceStub(channel))
        evidence.executions = {each.id: state_of(channel, each.id) for each in journal.executions}
    return evidence


def called_again(attempts: int, history: str | None, last_error: str | None) -> frozenset[int]:
    """The attempts that say that their call was made a second time."""
    errors = [(each["attempt"], each["error"]) for each in json.loads(history or "[]")]
    errors.append((attempts, last_error))
    return frozenset(attempt for attempt, error in errors if CALLED_AGAIN in (error or ""))


def delivery(call: Received, *, by_its_clock: bool = False) -> Delivery:
    """`by_its_clock`: at the time that the server told, whose clock is moved by hand."""
    made, attempt = call.headers["x-request-id"], int(call.headers["x-attempt"])
    at = datetime.fromisoformat(call.headers["x-started-at"]) if by_its_clock else call.at
    if not call.path.startswith("/functions/"):
        return Delivery(call.json["executionId"], attempt, at)
    messages = call.json["messages"]
    name = call.path.removeprefix("/functions/")
    if name.startswith("l-"):
        events = tuple(id_in(each) for each in messages)
        return Delivery(made, attempt, at, listener=name, events=events)
    [event] = messages
    tick = datetime.fromisoformat(event["event_metadata"]["created_at"])
    return Delivery(made, attempt, at, event["details"]["trigger_id"], tick)


def intake_of(channel: grpc.Channel, trigger_id: str) -> Intake:
    request = event_service_pb2.EventServiceGetIntakeRequest(trigger_id=trigger_id)
    told = EventServiceStub(channel).GetIntake(request)
    return Intake(told.waiting_events, told.lost_events)


def listed(triggers: TriggerServiceStub, folder: str = FOLDER) -> list[TriggerMessage]:
    request = contract.ListTriggersRequest(folder_id=folder, page_size=1000)
    found: list[TriggerMessage] = []
    while True:
        page = triggers.List(request)
        found.extend(page.triggers)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def done_operations(journal: Journal, operations: OperationServiceStub) -> set[str]:
    done = set()
    for call in journal.calls():
        if call.operation is not None:
            request = operation_service_pb2.GetOperationRequest(operation_id=call.operation)
            try:
                if operations.Get(request).done:
                    done.add(call.operation)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:  # type: ignore[attr-defined]
                    raise
    return done


def state_of(channel: grpc.Channel, execution: str) -> str:
    get = channel.unary_unary(
        "/google.longrunning.Operations/GetOperation",
        request_serializer=operations_pb2.GetOperationRequest.SerializeToString,
        response_deserializer=operations_pb2.Operation.FromString,
    )
    try:
        shown = get(operations_pb2.GetOperationRequest(name=f"{LOCATION}/operations/{execution}"))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:  # type: ignore[attr-defined]
            raise
        return "missing"
    return shown.WhichOneof("result") or "running"


def judge(
    journal: Journal,
    store: Store,
    target: RecordingTarget,
    address: str,
    *,
    tolerance: timedelta,
    endings: Sequence[str] = ("succeeded",),
    look_again: Callable[[], object] = lambda: None,
) -> Report:
    """The end of every fault test: nothing may be left, lost, doubled or unexplained."""
    settled_at = settle(store, look_again)
    evidence = gather(journal, store, target, address, settled_at)
    return check(journal, evidence, tolerance=tolerance, endings=endings)
