"""Runs mutations of triggers, once per idempotency key; each answers with an operation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from tocsin.contract.operations import OperationTypes, operation_types
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers import operations
from tocsin.store.triggers.rows import StoredTrigger, lock_trigger
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import IDEMPOTENCY_KEY, Once
from tocsin.wire.ids import Ids
from tocsin.wire.timestamps import from_timestamp, to_timestamp
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation

# Nodes measure the store's clock to milliseconds.
CLOCKS_DIFFER = timedelta(seconds=1)
# Without access control nobody has an id, but an operation must say who asked for it (Yandex Cloud
# API design guide, Operation object).
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Change:
    """Holds the result of a mutation: its trigger, and its response as bytes."""

    trigger_id: str
    folder_id: str
    response: bytes


# Makes a trigger, at an instant.
Making: TypeAlias = Callable[[Transaction, datetime], Change]
# Changes a stored trigger, which is locked, at an instant.
Changing: TypeAlias = Callable[[Transaction, StoredTrigger, datetime], Change]


class Mutations:
    """Runs the mutations of one service; its contract says what their operations carry."""

    def __init__(
        self,
        service: ServiceDescriptor,
        contract: str,
        database: Database,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Takes the service, and the contract that the triggers it changes are stored with."""
        self._service = service.full_name
        self._contract = contract
        self._types = {
            method.name: operation_types(method)
            for method in service.methods
            if method.output_type is Operation.DESCRIPTOR
        }
        self._database = database
        self._clock = clock
        self._ids = ids

    async def make(self, method: str, request: Message, call: Call, making: Making) -> bytes:
        """Makes a trigger once per idempotency key, and returns the operation.

        One transaction writes the trigger, the operation and the key.

        Raises:
            ApiError: the key was used for another request, or `making` refuses the request.
        """

        def run(tx: Transaction) -> tuple[Change, str, datetime]:
            now = self._clock.now()
            return making(tx, now), self._ids.new(), now

        return await self._run_once(method, request, call, run)

    async def change(
        self, method: str, request: Message, call: Call, trigger_id: str, changing: Changing
    ) -> bytes:
        """Changes a trigger once per idempotency key, and returns the operation.

        Changes of one trigger come one after the other, on all nodes, and their ids and instants
        are in this order: they are chosen when the trigger is locked.

        Raises:
            ApiError: as above, or the contract has no such trigger.
        """

        def run(tx: Transaction) -> tuple[Change, str, datetime]:
            stored = lock_trigger(tx, trigger_id)
            if stored is None or stored.contract != self._contract:
                raise errors.trigger_not_found(trigger_id)
            operation_id, now = self._following(tx, trigger_id)
            return changing(tx, stored, now), operation_id, now

        return await self._run_once(method, request, call, run)

    async def _run_once(
        self,
        method: str,
        request: Message,
        call: Call,
        run: Callable[[Transaction], tuple[Change, str, datetime]],
    ) -> bytes:
        types = self._types[method]
        once = Once.of(
            IDEMPOTENCY_KEY,
            call.metadata_value(IDEMPOTENCY_KEY),
            request,
            scope=call.scope(self._service),
            method=method,
        )
        created_by = call.caller_id or ANONYMOUS

        def work(tx: Transaction) -> bytes:
            done = None if once.key is None else once.answer(tx, self._clock.now())
            if done is not None and (known := operations.find_operation(tx, done.decode())):
                return known
            change, operation_id, now = run(tx)
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
            once.remember(tx, operation_id.encode(), now)
            return message

        return await self._database.write(work)

    def _following(self, tx: Transaction, trigger_id: str) -> tuple[str, datetime]:
        """Returns the id and the instant of a change that follows all changes of a trigger.

        The clock of the node that made the last change may have been ahead of ours by as much as
        they differ; a clock that is behind by more was set back, and is believed.
        """
        now = self._clock.now()
        newest = operations.page_of_operations(
            tx, trigger_id=trigger_id, before=operations.NEWEST, limit=1
        )
        if not newest:
            return self._ids.new(), now
        [(newest_id, message)] = newest
        last = from_timestamp(Operation.FromString(message).created_at)
        if now < last <= now + CLOCKS_DIFFER:
            now = last
        return self._ids.new_after(newest_id), now


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
