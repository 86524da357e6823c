"""Schedules many executions in one transaction, each request with an outcome of its own."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias, TypeVar

from tocsin.api.google.executions.orders import (
    Integrations,
    Order,
    further,
    input_for,
    integration_of,
    matching,
    refuse_large,
)
from tocsin.api.google.executions.scheduling import SERVICE as EXECUTIONS
from tocsin.api.google.executions.scheduling import method_of, order_of, store_once
from tocsin.compilers.declared_parameters import Input
from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.integrations import PayloadForm, payload_form
from tocsin.compilers.parameters import plain_values
from tocsin.compilers.schedules import LARGEST_INPUT
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import Violation, validator
from tocsin.plans.errors import PlanError
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.alike import Alike, Own, insert_alike
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.errors import ApiError
from tocsin.wire.idempotency import Once, OnceEach
from tocsin.wire.ids import Ids
from tocsin.wire.json_text import Json
from tocsin.wire.resource_names import LOCATION_FORM, IntegrationName, is_location
from tocsin.wire.serving import SelfChecked, Served
from tocsin.wire.statuses import to_status
from tocsin.wire.timestamps import from_timestamp
from tocsin_protos.google.cloud.integrations.v1alpha.event_parameter_pb2 import EventParameter
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
    ScheduleIntegrationsRequest,
    ScheduleIntegrationsResponse,
)
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["ScheduleService"]

T = TypeVar("T")

MOST_REQUESTS = 1000
# A batch keeps the event loop for tens of milliseconds, and others wait for all in one commit. With
# two, one is read while the other is synced.
BATCHES_AT_ONCE = 2
# Parameters that are read before other calls have their turn, which takes some ten milliseconds.
READ_TOGETHER = 1000

_violations_of_one = validator(ScheduleIntegrationsRequest.DESCRIPTOR)


class BatchingService:
    """Schedules batches.

    Args:
        database: the store.
        clock: the clock.
        ids: makes the ids of executions.
        integrations: returns those that can be run.
        request_ids_age: how long the ids of requests are remembered.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        integrations: Integrations,
        request_ids_age: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._integrations = integrations
        self._kept = request_ids_age
        self._under_way = asyncio.Semaphore(BATCHES_AT_ONCE)

    def methods(self) -> dict[str, Served]:
        return {"BatchSchedule": SelfChecked(self.batch_schedule, _violations_of)}

    async def batch_schedule(
        self, request: contract.BatchScheduleRequest, call: Call
    ) -> contract.BatchScheduleResponse:
        """Stores an execution for each request that is right, and returns what became of each."""
        async with self._under_way:
            batch = _Batch(request, call, self._clock.now())
            read = await read_in_turns(request.requests, batch.read)
            offers = await self._integrations(request.parent)
            await call.bring(_further(read, offers))
            return await self._database.write(
                lambda tx: contract.BatchScheduleResponse(
                    results=_Storing(tx, batch, self._ids, offers, self._kept).results(read)
                )
            )


async def read_in_turns(
    requests: Iterable[ScheduleIntegrationsRequest],
    read: Callable[[ScheduleIntegrationsRequest], T],
) -> list[T]:
    """Reads the requests of a batch; other calls have a turn after so many parameters."""
    results, parameters = [], 0
    for request in requests:
        results.append(read(request))
        parameters += len(request.input_parameters)
        if parameters >= READ_TOGETHER:
            await asyncio.sleep(0)
            parameters = 0
    return results


class _Given(NamedTuple):
    """The parameters of a request, as they came and as plain JSON."""

    typed: Mapping[str, ValueType]
    plain: Mapping[str, Json]


class _Plain(NamedTuple):
    """A request in the usual form: its executions are written together with those of others.

    `kind` is its integration's name, its trigger and its method.
    """

    kind: "_KindKey"
    due_us: int
    given: _Given
    once: Once


class _Special(NamedTuple):
    """A request in an older form, or with an execution id of its client's."""

    order: Order
    once: Once


_KindKey: TypeAlias = tuple[IntegrationName, str, ExecutionInfo.ExecutionMethod]
_Read: TypeAlias = _Plain | _Special | ApiError


class _Batch:
    """Reads the requests of one batch."""

    def __init__(self, request: contract.BatchScheduleRequest, call: Call, now: datetime) -> None:
        self.now = now
        self.request_id = call.request_id
        self.traceparent = call.traceparent
        self._now_us = to_micros(now)
        self._parent = request.parent
        self._scope = call.scope(f"{EXECUTIONS.full_name}/{request.parent}")
        self._names: dict[str, IntegrationName] = {}
        # The bytes are searched by C; only if they hold a NUL, each request is.
        self._has_nul = b"\0" in request.SerializeToString()
        self._may_be_large = request.ByteSize() > LARGEST_INPUT

    def read(self, request: ScheduleIntegrationsRequest) -> _Read:
        """Returns what a request asks for, or what is wrong with it."""
        try:
            return self._read(request)
        except ApiError as error:
            return error
        except PlanError as error:
            return errors.invalid_field(error.field, error.reason)

    def _read(self, request: ScheduleIntegrationsRequest) -> _Read:
        violations = _violations_of_one(request)
        if self._has_nul:
            violations = [*nul_violations(request, b"\0"), *violations]
        if violations:
            raise errors.invalid(violations)
        if self._may_be_large:
            refuse_large(request, "input_parameters")
        name = self._name(request.name)
        once = Once.of("request_id", request.request_id, request, scope=self._scope)
        if (
            request.user_generated_execution_id
            or request.parameter_entries
            or request.HasField("parameters")
        ):
            return _Special(order_of(request, name, self.now, self.traceparent), once)
        sent = request.input_parameters
        # Walking a map of protobuf by its items costs several times as much.
        values = {key: sent[key] for key in sent}
        given = _Given(values, plain_values("input_parameters", values))
        due_us = self._now_us
        if request.HasField("schedule_time"):
            due_us = max(due_us, to_micros(from_timestamp(request.schedule_time)))
        return _Plain((name, request.trigger_id, method_of(request)), due_us, given, once)

    def _name(self, name: str) -> IntegrationName:
        known = self._names.get(name)
        if known is None:
            known = integration_of(name)
            if known.location != self._parent:
                raise errors.invalid_field("name", f"must be of {self._parent}, the parent")
            self._names[name] = known
        return known


@dataclass(frozen=True, slots=True)
class _Kind:
    """Executions of one integration, trigger and method; what they share is written once."""

    offer: Offer
    alike: Alike
    form: PayloadForm
    info: bytes

    def input_of(self, given: _Given) -> Input | None:
        """Returns input as the integration declares it; None if it takes any.

        Raises:
            ApiError: it is not as it was declared.
        """
        if self.offer.declared is None:
            return None
        shown = {key: EventParameter(key=key, value=each) for key, each in given.typed.items()}
        fields = {key: f"input_parameters[{key[:64]}]" for key in given.plain}
        return input_for(self.offer, Input(shown, given.plain, fields))

    def add(self, execution_id: str, due_us: int, given: _Given, declared: Input | None) -> str:
        """Adds an execution; returns its id."""
        own = ExecutionInfo(execution_id=execution_id)
        if declared is None:
            for key, value in given.typed.items():
                parameter = own.request_params[key]
                parameter.key = key
                parameter.value.CopyFrom(value)
        else:
            for key, shown in declared.shown.items():
                own.request_params[key].CopyFrom(shown)
        plain = given.plain if declared is None else declared.plain
        payload = self.form.payload(execution_id, from_micros(due_us), plain)
        # The bytes of two messages, one after the other, are those of both merged.
        message = self.info + own.SerializeToString()
        self.alike.each.append(Own(execution_id, due_us, payload, message))
        return execution_id


class _Storing:
    """Stores the executions of one batch in a transaction."""

    def __init__(
        self,
        tx: Transaction,
        batch: _Batch,
        ids: Ids,
        offers: Mapping[str, Offer],
        kept: timedelta,
    ) -> None:
        self._tx = tx
        self._batch = batch
        self._ids = ids
        self._offers = offers
        self._kept = kept
        self._kinds: dict[_KindKey, list[_Kind]] = {}

    def results(self, read: Sequence[_Read]) -> list[contract.BatchScheduleResult]:
        """Stores all executions; returns what became of each request, in their order."""
        plain = [each.once for each in read if isinstance(each, _Plain)]
        once_each = OnceEach(self._tx, plain, self._batch.now, self._kept)
        results = [self._result(each, once_each) for each in read]
        insert_alike(self._tx, [kind.alike for kinds in self._kinds.values() for kind in kinds])
        once_each.store()
        return results

    def _result(self, read: _Read, once_each: OnceEach) -> contract.BatchScheduleResult:
        try:
            if isinstance(read, _Plain):
                return contract.BatchScheduleResult(
                    execution_info_ids=self._ids_of(read, once_each)
                )
            if isinstance(read, ApiError):
                raise read
            stored = store_once(
                self._tx, read.order, read.once, self._offers, self._ids.new_uuid, self._kept
            )
        except ApiError as error:
            status = to_status(error, self._batch.request_id)
            return contract.BatchScheduleResult(error=status)
        ids = ScheduleIntegrationsResponse.FromString(stored).execution_info_ids
        return contract.BatchScheduleResult(execution_info_ids=ids)

    def _ids_of(self, plain: _Plain, once_each: OnceEach) -> Sequence[str]:
        if plain.once.key is None:
            return self._made(plain)
        if (known := once_each.answer(plain.once)) is not None:
            return ScheduleIntegrationsResponse.FromString(known).execution_info_ids
        made = self._made(plain)
        answer = ScheduleIntegrationsResponse(execution_info_ids=made).SerializeToString()
        once_each.remember(plain.once, answer)
        return made

    def _made(self, plain: _Plain) -> list[str]:
        kinds = self._kinds.get(plain.kind)
        if kinds is None:
            kinds = self._kinds[plain.kind] = self._kinds_of(*plain.kind)
        # All are checked before the first is added.
        inputs = [kind.input_of(plain.given) for kind in kinds]
        return [
            kind.add(self._ids.new_uuid(), plain.due_us, plain.given, declared)
            for kind, declared in zip(kinds, inputs, strict=True)
        ]

    def _kinds_of(
        self, name: IntegrationName, trigger_id: str, method: ExecutionInfo.ExecutionMethod
    ) -> list[_Kind]:
        """Returns what is to run: one integration, or all that have the trigger."""
        now, traceparent = self._batch.now, self._batch.traceparent
        order = Order(name, trigger_id, method, now, now, Input({}, {}), traceparent=traceparent)
        return [
            _Kind(
                offer,
                Alike(order.execution(replace(offer, declared=None), str)),
                payload_form(offer.name, trigger_id),
                ExecutionInfo(
                    integration=offer.name,
                    integration_snapshot_number=offer.snapshot_number,
                    project_id=name.project,
                    trigger_id=trigger_id,
                    execution_method=method,
                ).SerializeToString(),
            )
            for offer in matching(self._offers, name, trigger_id)
        ]


def _further(read: Sequence[_Read], offers: Mapping[str, Offer]) -> int:
    """Returns how many executions there are beside one for each request."""
    total = 0
    for each in read:
        if isinstance(each, _Plain):
            name, trigger_id, _ = each.kind
            total += further(offers, name, trigger_id)
        elif isinstance(each, _Special):
            total += further(offers, each.order.name, each.order.trigger_id)
    return total


def _violations_of(request: contract.BatchScheduleRequest) -> Sequence[Violation]:
    violations = []
    if not is_location(request.parent):
        violations.append(Violation("parent", f"must be {LOCATION_FORM}"))
    if not 1 <= (count := len(request.requests)) <= MOST_REQUESTS:
        violations.append(
            Violation("requests", f"must have 1 to {MOST_REQUESTS} requests, but has {count}")
        )
    return violations
