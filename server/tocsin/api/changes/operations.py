"""Runs mutations of triggers: each answers with an operation, and once per idempotency key."""

import hashlib
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
from tocsin.store.triggers import idempotency as requests
from tocsin.store.triggers import operations
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation

IDEMPOTENCY_KEY = "idempotency-key"
LONGEST_IDEMPOTENCY_KEY = 128
IDEMPOTENCY_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutation did: its trigger, and its response as bytes."""

    trigger_id: str
    folder_id: str
    response: bytes


Mutation: TypeAlias = Callable[[Transaction, datetime], Change]


class Mutations:
    """Runs the mutations of one service, whose operations carry what its contract says."""

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
        """Runs a mutation once per idempotency key; returns its operation.

        The mutation, its operation and the key are written in one transaction.

        Raises:
            ApiError: the key was used for another request, or the mutation refuses the request.
        """
        types = self._types[method]
        key = self._request_key(method, request, call)
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

    def _request_key(self, method: str, request: Message, call: Call) -> requests.RequestKey | None:
        key = call.metadata_value(IDEMPOTENCY_KEY)
        if not key:
            return None
        if len(key) > LONGEST_IDEMPOTENCY_KEY:
            raise errors.invalid_field(
                IDEMPOTENCY_KEY, f"Length must be at most {LONGEST_IDEMPOTENCY_KEY} characters"
            )
        asked = method.encode() + b"\0" + request.SerializeToString(deterministic=True)
        return requests.RequestKey(call.scope(self._service), key, hashlib.sha256(asked).digest())


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


def _done_before(tx: Transaction, key: requests.RequestKey, now: datetime) -> bytes | None:
    try:
        operation_id = requests.remembered_answer(tx, key, now=now)
    except requests.RequestMismatch:
        raise errors.key_reused(IDEMPOTENCY_KEY) from None
    return None if operation_id is None else operations.find_operation(tx, operation_id.decode())
