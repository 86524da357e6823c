"""Runs mutations of triggers, once per idempotency key; each answers with an operation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from tocsin.contract.operations import OperationTypes, operation_types
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers import operations
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import IDEMPOTENCY_KEY, Once
from tocsin.wire.ids import Ids
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation


@dataclass(frozen=True, slots=True)
class Change:
    """Holds the result of a mutation: its trigger, and its response as bytes."""

    trigger_id: str
    folder_id: str
    response: bytes


Mutation: TypeAlias = Callable[[Transaction, datetime], Change]


class Mutations:
    """Runs the mutations of one service; its contract says what their operations carry."""

    def __init__(
        self, service: ServiceDescriptor, database: Database, clock: Clock, ids: Ids
    ) -> None:
        self._service = service.full_name
        self._types = {
            method.name: operation_types(method)
            for method in service.methods
            if method.output_type is Operation.DESCRIPTOR
        }
        self._database = database
        self._clock = clock
        self._ids = ids

    async def run(self, method: str, request: Message, call: Call, mutation: Mutation) -> bytes:
        """Runs a mutation once per idempotency key, and returns its operation.

        One transaction writes the mutation, its operation and the key.

        Raises:
            ApiError: the key was used for another request, or the mutation refuses the request.
        """
        types = self._types[method]
        once = Once.of(
            IDEMPOTENCY_KEY,
            call.metadata_value(IDEMPOTENCY_KEY),
            request,
            scope=call.scope(self._service),
            method=method,
        )
        operation_id, created_by = self._ids.new(), call.caller_id

        def run(tx: Transaction) -> bytes:
            now = self._clock.now()
            done = once.answer(tx, now)
            if done is not None and (known := operations.find_operation(tx, done.decode())):
                return known
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
            once.remember(tx, operation_id.encode(), now)
            return message

        return await self._database.write(run)


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
