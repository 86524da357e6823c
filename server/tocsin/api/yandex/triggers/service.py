"""`yandex.cloud.serverless.triggers.v1.TriggerService`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.protobuf import message_factory
from google.protobuf.message import Message

from tocsin.api.yandex.triggers.filters import name_filter
from tocsin.api.yandex.triggers.history import TriggerHistory
from tocsin.api.yandex.triggers.listening import (
    listen,
    listen_elsewhere,
    stop_listening,
    wake_readers,
)
from tocsin.api.yandex.triggers.message import (
    complete,
    is_name,
    plan_of_updated,
    refuse_other_kind,
    update_paths,
    updated,
    violations_of_new,
    violations_of_rule,
)
from tocsin.compilers.triggers_v1 import CONTRACT, compile_trigger
from tocsin.contract.operations import OperationTypes, operation_types
from tocsin.gate.authorising import refuse_other_accounts
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock, Cron
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.events.accepted import unpark_batch
from tocsin.store.invocations import retention
from tocsin.store.triggers import idempotency as requests
from tocsin.store.triggers import operations, timers
from tocsin.store.triggers import rows as triggers
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.paging import page_of, page_size, page_token, position
from tocsin.wire.serving import Checked, Served
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

SERVICE = contract.DESCRIPTOR.services_by_name["TriggerService"]

IDEMPOTENCY_KEY = "idempotency-key"
LONGEST_IDEMPOTENCY_KEY = 128
IDEMPOTENCY_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutation did: its trigger, and its response as bytes."""

    trigger_id: str
    folder_id: str
    response: bytes


Mutation = Callable[[Transaction, datetime], Change]


class TriggerService:
    """Checks a call, asks the store, answers.

    A folder has `most_in_folder` triggers; None: any number.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        most_in_folder: int | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._most_in_folder = most_in_folder
        self._history = TriggerHistory(ids)

    def methods(self) -> dict[str, Served]:
        return {
            "Get": self.get,
            "List": self.list,
            "Create": Checked(self.create, violations_of_new),
            "Update": Checked(self.update, violations_of_rule),
            "Delete": self.delete,
            "Pause": self.pause,
            "Resume": self.resume,
            "ListOperations": self.list_operations,
        }

    async def get(self, request: contract.GetTriggerRequest) -> bytes:
        found = await self._database.read(lambda tx: triggers.find_trigger(tx, request.trigger_id))
        if found is None:
            raise errors.trigger_not_found(request.trigger_id)
        return found.message

    async def list(self, request: contract.ListTriggersRequest) -> contract.ListTriggersResponse:
        arguments = (request.folder_id, request.filter)
        after = position(request.page_token, *arguments) or ""
        names = name_filter(request.filter, is_name)
        size = page_size(request.page_size)
        rows = await self._database.read(
            lambda tx: triggers.page_of_triggers(
                tx, folder_id=request.folder_id, names=names, after=after, limit=size + 1
            )
        )
        page, more = page_of(rows, size, lambda row: len(row.message))
        response = contract.ListTriggersResponse()
        for row in page:
            response.triggers.add().MergeFromString(row.message)
        if more:
            response.next_page_token = page_token(page[-1].id, *arguments)
        return response

    async def create(self, request: contract.CreateTriggerRequest, call: Call) -> bytes:
        trigger = Trigger(
            id=self._ids.new(),
            folder_id=request.folder_id,
            name=request.name,
            description=request.description,
            labels=request.labels,
            rule=request.rule,
            status=Trigger.ACTIVE,
        )
        complete(trigger, before=None)
        plan = compile_trigger(trigger)

        def insert(tx: Transaction, now: datetime) -> Change:
            self._check_room(tx, trigger.folder_id)
            trigger.created_at.CopyFrom(to_timestamp(now))
            message = trigger.SerializeToString()
            try:
                triggers.insert_trigger(
                    tx,
                    trigger_id=trigger.id,
                    folder_id=trigger.folder_id,
                    name=trigger.name,
                    contract=CONTRACT,
                    message=message,
                )
            except UniqueViolation:
                raise errors.name_taken(trigger.name, trigger.folder_id) from None
            listen(tx, plan)
            _arm(tx, plan, now)
            return Change(trigger.id, trigger.folder_id, message)

        return await self._mutate("Create", request, call, insert)

    async def update(self, request: contract.UpdateTriggerRequest, call: Call) -> bytes:
        paths = update_paths(request)

        def replace(tx: Transaction, now: datetime) -> Change:
            before = _find(tx, request.trigger_id)
            plan_before = compile_trigger(before)
            refuse_other_accounts(call.usable_accounts, plan_before)
            after = updated(before, request, paths)
            plan = plan_of_updated(after)
            refuse_other_kind(plan_before, plan)
            message = _replace(tx, after)
            listen_elsewhere(tx, plan_before, plan)
            if _cron(plan) != _cron(plan_before):
                self._history.rule_changed(tx, plan_before, plan, now)
                if after.status == Trigger.ACTIVE:
                    _arm_again(tx, plan, now)
            return Change(after.id, after.folder_id, message)

        return await self._mutate("Update", request, call, replace)

    async def delete(self, request: contract.DeleteTriggerRequest, call: Call) -> bytes:
        def remove(tx: Transaction, now: datetime) -> Change:
            trigger = _find(tx, request.trigger_id)
            self._history.deleted(tx, trigger, now)
            triggers.delete_trigger(tx, request.trigger_id)
            timers.disarm_timer(tx, request.trigger_id)
            retention.forget_swept(tx, request.trigger_id)
            stop_listening(tx, trigger.id, _kind(trigger))
            return Change(trigger.id, trigger.folder_id, b"")

        return await self._mutate("Delete", request, call, remove)

    async def pause(self, request: contract.PauseTriggerRequest, call: Call) -> bytes:
        def stop(tx: Transaction, now: datetime) -> Change:
            trigger = _find(tx, request.trigger_id)
            if trigger.status == Trigger.PAUSED:
                return Change(trigger.id, trigger.folder_id, trigger.SerializeToString())
            trigger.status = Trigger.PAUSED
            self._history.paused(tx, trigger.id, now)
            timers.disarm_timer(tx, trigger.id)
            wake_readers(tx, _kind(trigger))
            return Change(trigger.id, trigger.folder_id, _replace(tx, trigger))

        return await self._mutate("Pause", request, call, stop)

    async def resume(self, request: contract.ResumeTriggerRequest, call: Call) -> bytes:
        def start(tx: Transaction, now: datetime) -> Change:
            trigger = _find(tx, request.trigger_id)
            if trigger.status == Trigger.ACTIVE:
                return Change(trigger.id, trigger.folder_id, trigger.SerializeToString())
            trigger.status = Trigger.ACTIVE
            self._history.resumed(tx, trigger.id, now)
            _arm_again(tx, compile_trigger(trigger), now)
            unpark_batch(tx, trigger.id, now=now)
            wake_readers(tx, _kind(trigger))
            return Change(trigger.id, trigger.folder_id, _replace(tx, trigger))

        return await self._mutate("Resume", request, call, start)

    async def list_operations(
        self, request: contract.ListTriggerOperationsRequest
    ) -> contract.ListTriggerOperationsResponse:
        if request.filter:
            raise errors.invalid_field(
                "filter", "operations have no field to filter by; leave it out"
            )
        trigger_id, size = request.trigger_id, page_size(request.page_size)
        before = position(request.page_token, trigger_id) or operations.NEWEST

        def read(tx: Transaction) -> list[tuple[str, bytes]]:
            rows = operations.page_of_operations(
                tx, trigger_id=trigger_id, before=before, limit=size + 1
            )
            if not rows and triggers.find_trigger(tx, trigger_id) is None:
                raise errors.trigger_not_found(trigger_id)
            return rows

        rows = await self._database.read(read)
        page, more = page_of(rows, size, lambda row: len(row[1]))
        response = contract.ListTriggerOperationsResponse()
        for _id, message in page:
            response.operations.add().MergeFromString(message)
        if more:
            response.next_page_token = page_token(page[-1][0], trigger_id)
        return response

    def _check_room(self, tx: Transaction, folder_id: str) -> None:
        """Nodes that add at the same time may add one more each."""
        most = self._most_in_folder
        if most is not None and triggers.count_triggers(tx, folder_id, limit=most) >= most:
            raise errors.too_many_triggers(folder_id, most)

    async def _mutate(self, method: str, request: Message, call: Call, mutation: Mutation) -> bytes:
        """Runs a mutation once per idempotency key; it and its operation are one transaction."""
        types = OPERATION_TYPES[method]
        key = _request_key(method, request, call)
        operation_id, created_by = self._ids.new(), call.caller_id

        def run(tx: Transaction) -> bytes:
            now = self._clock.now()
            if key is not None and (done := _done_before(tx, key, now)) is not None:
                return done
            change = mutation(tx, now)
            operation = _operation(method, types, operation_id, change, now)
            operation.created_by = created_by
            message = operation.SerializeToString()
            operations.insert_operation(
                tx,
                operation_id=operation_id,
                trigger_id=change.trigger_id,
                folder_id=change.folder_id,
                message=message,
            )
            if key is not None:
                requests.remember_answer(
                    tx, key, operation_id.encode(), expires_at=now + IDEMPOTENCY_KEPT
                )
            return message

        return await self._database.write(run)


OPERATION_TYPES: dict[str, OperationTypes] = {
    name: operation_types(SERVICE.methods_by_name[name])
    for name in ("Create", "Update", "Delete", "Pause", "Resume")
}


def _operation(
    method: str, types: OperationTypes, operation_id: str, change: Change, now: datetime
) -> Operation:
    timestamp = to_timestamp(now)
    operation = Operation(
        id=operation_id,
        description=f"{method} trigger",
        created_at=timestamp,
        modified_at=timestamp,
        done=True,
    )
    metadata: Any = message_factory.GetMessageClass(types.metadata)
    operation.metadata.Pack(metadata(trigger_id=change.trigger_id))
    operation.response.type_url = f"type.googleapis.com/{types.response.full_name}"
    operation.response.value = change.response
    return operation


def _request_key(method: str, request: Message, call: Call) -> requests.RequestKey | None:
    key = call.metadata_value(IDEMPOTENCY_KEY)
    if not key:
        return None
    if len(key) > LONGEST_IDEMPOTENCY_KEY:
        raise errors.invalid_field(
            IDEMPOTENCY_KEY, f"Length must be at most {LONGEST_IDEMPOTENCY_KEY} characters"
        )
    asked = method.encode() + b"\0" + request.SerializeToString(deterministic=True)
    return requests.RequestKey(call.scope(SERVICE.full_name), key, hashlib.sha256(asked).digest())


def _done_before(tx: Transaction, key: requests.RequestKey, now: datetime) -> bytes | None:
    try:
        operation_id = requests.remembered_answer(tx, key, now=now)
    except requests.RequestMismatch:
        raise errors.key_reused(IDEMPOTENCY_KEY) from None
    return None if operation_id is None else operations.find_operation(tx, operation_id.decode())


def _find(tx: Transaction, trigger_id: str) -> Trigger:
    """Finds a trigger that is to be changed."""
    stored = triggers.lock_trigger(tx, trigger_id)
    if stored is None:
        raise errors.trigger_not_found(trigger_id)
    return Trigger.FromString(stored.message)


def _replace(tx: Transaction, trigger: Trigger) -> bytes:
    message = trigger.SerializeToString()
    try:
        triggers.update_trigger(tx, trigger_id=trigger.id, name=trigger.name, message=message)
    except UniqueViolation:
        raise errors.name_taken(trigger.name, trigger.folder_id) from None
    return message


def _kind(trigger: Trigger) -> str:
    return trigger.rule.WhichOneof("rule") or ""


def _cron(plan: Plan) -> Cron | None:
    return plan.source.cron if isinstance(plan.source, TimerSource) else None


def _arm_again(tx: Transaction, plan: Plan, now: datetime) -> None:
    """Arms after what fired before: its invocations may be swept, and the clock set back."""
    fired_until = retention.swept_until(tx, plan.trigger_id)
    _arm(tx, plan, now if fired_until is None else max(now, fired_until))


def _arm(tx: Transaction, plan: Plan, now: datetime) -> None:
    if isinstance(plan.source, TimerSource):
        timers.arm_timer(tx, plan.trigger_id, plan.source.cron.next(now))
