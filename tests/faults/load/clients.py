"""Clients that call whatever server there is, at random from a seed, and write down the answers."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from faults.checking.journal import Call, Execution, Journal, Kind, Trigger
from faults.load.events import (
    KINDS,
    Event,
    EventRule,
    Sending,
    event_message,
    rule_message,
    some_event,
    some_rule,
)
from schedule.cron_model import (
    HOURS,
    MINUTES,
    MONTH_DAYS,
    MONTHS,
    ByNumber,
    Every,
    From,
    Model,
    Range,
    Value,
)
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2_grpc import ExecutionsStub
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

FOLDER = "b1g0"
LOCATION = "projects/p/locations/l"
CALL_SECONDS = 10.0
NO_SERVER_SECONDS = 60.0
# Words of a server that is away, or whose store is: the same call is made again.
AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED")
CHANGES = (Kind.UPDATE, Kind.UPDATE, Kind.PAUSE, Kind.PAUSE, Kind.DELETE)
# What waits for a trigger goes with it, so most that listen are there to the end.
CHANGES_OF_LISTENERS = (*CHANGES[:4] * 4, Kind.DELETE)
LISTENERS = 3
EVENTS_IN_A_CALL = 4

MINUTE_FIELDS: tuple[Value, ...] = (
    Every(MINUTES),
    Every(MINUTES, "*/2", 2),
    From(1, 3),
    Range(MINUTES, "10-50", 10, 50),
    Range(MINUTES, "50-9/4", 50, 9, 4),
)


def cron_of(minute: Value) -> Model:
    days = [ByNumber(Every(MONTH_DAYS))]
    return Model([minute], [Every(HOURS)], days, False, [Every(MONTHS)], None)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Clients:
    """`addresses` tells which servers there are at the moment; any of them is called."""

    journal: Journal
    addresses: Callable[[], Sequence[str]]
    seed: int
    pause_seconds: float = 0.02
    integrations: Sequence[str] = ("nightly",)
    hurry: threading.Event = field(default_factory=threading.Event)
    """While it is set clients make no pause: a server that dies now has calls under way."""
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def calling(self, count: int) -> Iterator[None]:
        """Runs that many clients; those under way at the end repeat their last call until it is
        answered."""
        with ThreadPoolExecutor(count) as pool:
            under_way: list[Future[None]] = [
                pool.submit(Client(self, number).run) for number in range(count)
            ]
            try:
                yield
            finally:
                self.stopped.set()
        for each in under_way:
            each.result()


def schedule(
    journal: Journal, channel: grpc.Channel, integration: str, made: str, due: datetime
) -> None:
    """Schedules once and writes it down; what the server refuses is raised."""
    request = executions_pb2.ScheduleIntegrationsRequest(
        name=f"{LOCATION}/integrations/{integration}",
        trigger_id=f"api_trigger/{integration}",
        user_generated_execution_id=made,
    )
    request.schedule_time.FromDatetime(due)
    execution = Execution(made, due, now())
    journal.new_execution(execution)
    ExecutionsStub(channel).ScheduleIntegrations(request, timeout=CALL_SECONDS)
    execution.answered = now()


class Client:
    """Has triggers of its own, so that their calls don't cross."""

    def __init__(self, clients: Clients, number: int) -> None:
        self._all = clients
        self._number = number
        self._chance = random.Random(f"{clients.seed}/{number}")
        self._mine: list[Trigger] = []
        self._listeners: list[Trigger] = []
        self._events: list[Event] = []
        self._channels: dict[str, grpc.Channel] = {}

    def run(self) -> None:
        try:
            while not self._all.stopped.is_set():
                self._do_something()
                pause = self._chance.uniform(0, 2 * self._all.pause_seconds)
                time.sleep(0 if self._all.hurry.is_set() else pause)
            self._resume_listeners()
        finally:
            for channel in self._channels.values():
                channel.close()

    def _do_something(self) -> None:
        what = self._chance.random()
        if what < 0.35:
            self._schedule()
        elif what < 0.6:
            self._publish()
        elif what < 0.7:
            self._change_listeners()
        elif len(self._mine) < 5 or self._chance.random() < 0.3:
            self._create()
        else:
            self._change(self._chance.choice(self._mine), CHANGES)

    def _schedule(self) -> None:
        made = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        integration = self._chance.choice(self._all.integrations)
        due = now() + timedelta(milliseconds=self._chance.randrange(2000))
        request = executions_pb2.ScheduleIntegrationsRequest(
            name=f"{LOCATION}/integrations/{integration}",
            trigger_id=f"api_trigger/{integration}",
            user_generated_execution_id=made,
        )
        request.schedule_time.FromDatetime(due)
        execution = Execution(made, due, now())
        self._all.journal.new_execution(execution)

        def call(channel: grpc.Channel, **options: Any) -> object:
            return ExecutionsStub(channel).ScheduleIntegrations(request, **options)

        # That it exists is an answer: it is what an earlier try made.
        self._until_answered(call, answers=("ALREADY_EXISTS",))
        execution.answered = now()

    def _publish(self) -> None:
        """Publishes new events, and now and then one that it has published before."""
        count = self._chance.randint(1, EVENTS_IN_A_CALL)
        events = [self._new_event() for _ in range(count)]
        if len(self._events) > count and self._chance.random() < 0.1:
            again = self._chance.choice(self._events[:-count])
            again.sendings.append(Sending(now()))
            events.append(again)
        request = event_service_pb2.EventServicePublishRequest(
            events=[event_message(each) for each in events]
        )

        def call(channel: grpc.Channel, **options: Any) -> Any:
            for each in events:
                each.sendings[-1].tries += 1
            return EventServiceStub(channel).Publish(request, **options)

        answer = self._until_answered(call)
        for event, told in zip(events, answer.events, strict=True):
            sending = event.sendings[-1]
            sending.taken, sending.lost = told.accepted + told.repeated, told.lost
            sending.answered = now()

    def _new_event(self) -> Event:
        name = f"e-{self._all.seed}-{self._number}-{len(self._events)}"
        event = some_event(name, self._chance)
        event.sendings.append(Sending(now()))
        self._events.append(event)
        self._all.journal.new_event(event)
        return event

    def _change_listeners(self) -> None:
        live = [each for each in self._listeners if each.calls[-1].kind is not Kind.DELETE]
        if len(live) == LISTENERS:
            self._change(self._chance.choice(live), CHANGES_OF_LISTENERS)
            return
        number = len(self._listeners)
        trigger = self._all.journal.new_trigger(f"l-{self._all.seed}-{self._number}-{number}")
        self._listeners.append(trigger)
        rule = some_rule(KINDS[number % len(KINDS)], self._chance)
        request = contract.CreateTriggerRequest(folder_id=FOLDER, name=trigger.name)
        request.rule.CopyFrom(rule_message(rule, trigger.name))
        self._call(trigger, Kind.CREATE, request, rule=rule)

    def _resume_listeners(self) -> None:
        """Lets what waits while its trigger is paused come out in the end."""
        for trigger in self._listeners:
            if trigger.calls[-1].kind is Kind.PAUSE:
                self._call(
                    trigger, Kind.RESUME, contract.ResumeTriggerRequest(trigger_id=trigger.id)
                )

    def _create(self) -> None:
        trigger = self._all.journal.new_trigger(
            f"t-{self._all.seed}-{self._number}-{len(self._mine)}"
        )
        self._mine.append(trigger)
        cron = cron_of(self._chance.choice(MINUTE_FIELDS))
        request = contract.CreateTriggerRequest(folder_id=FOLDER, name=trigger.name)
        request.rule.timer.cron_expression = cron.expression
        request.rule.timer.invoke_function.function_id = "f"
        self._call(trigger, Kind.CREATE, request, cron=cron)

    def _change(self, trigger: Trigger, changes: Sequence[Kind]) -> None:
        kind = trigger.calls[-1].kind
        if kind is Kind.DELETE:
            return
        if kind is Kind.PAUSE:
            self._call(trigger, Kind.RESUME, contract.ResumeTriggerRequest(trigger_id=trigger.id))
            return
        kind = self._chance.choice(changes)
        if kind is Kind.UPDATE:
            self._update(trigger)
        elif kind is Kind.PAUSE:
            self._call(trigger, kind, contract.PauseTriggerRequest(trigger_id=trigger.id))
        else:
            self._call(trigger, kind, contract.DeleteTriggerRequest(trigger_id=trigger.id))

    def _update(self, trigger: Trigger) -> None:
        update = contract.UpdateTriggerRequest(trigger_id=trigger.id)
        update.update_mask.paths.append("rule")
        before = trigger.calls[0].rule
        if before is not None:
            rule = some_rule(before.kind, self._chance)
            update.rule.CopyFrom(rule_message(rule, trigger.name))
            self._call(trigger, Kind.UPDATE, update, rule=rule)
            return
        cron = cron_of(self._chance.choice(MINUTE_FIELDS))
        update.rule.timer.cron_expression = cron.expression
        update.rule.timer.invoke_function.function_id = "f"
        self._call(trigger, Kind.UPDATE, update, cron=cron)

    def _call(
        self,
        trigger: Trigger,
        kind: Kind,
        request: Any,
        *,
        cron: Model | None = None,
        rule: EventRule | None = None,
    ) -> None:
        key = [("idempotency-key", str(uuid.UUID(int=self._chance.getrandbits(128), version=4)))]
        call = Call(kind, now(), cron=cron, rule=rule)
        trigger.calls.append(call)
        method = kind.value.capitalize()

        def send(channel: grpc.Channel, **options: Any) -> Any:
            return getattr(TriggerServiceStub(channel), method)(request, metadata=key, **options)

        operation = self._until_answered(send)
        metadata = getattr(contract, f"{method}TriggerMetadata")()
        operation.metadata.Unpack(metadata)
        trigger.id = metadata.trigger_id
        call.operation, call.answered = operation.id, now()

    def _until_answered(self, call: Callable[..., Any], answers: Sequence[str] = ()) -> Any:
        """Calls any server, again after words of one that is away. Raises what else it says."""
        while True:
            address = self._address()
            channel = self._channels.get(address)
            if channel is None:
                channel = self._channels[address] = grpc.insecure_channel(address)
            try:
                return call(channel, timeout=CALL_SECONDS)
            except grpc.RpcError as error:
                code, details = error.code().name, error.details()  # type: ignore[attr-defined]
                if code in answers:
                    return None
                if code not in AWAY:
                    raise
                # The words of gRPC itself name ports and times.
                ours = "store" in details
                self._all.journal.refused(f"{code}: {details}" if ours else code)
                self._channels.pop(address).close()
                time.sleep(0.05)

    def _address(self) -> str:
        """Waits until there is a server. A test whose servers don't start again must end."""
        give_up = time.monotonic() + NO_SERVER_SECONDS
        while not (addresses := self._all.addresses()):
            assert time.monotonic() < give_up, f"no server for {NO_SERVER_SECONDS:g} s"
            time.sleep(0.02)
        return self._chance.choice(addresses)
