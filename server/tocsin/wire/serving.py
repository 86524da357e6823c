"""Parses, checks, answers and logs calls."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from tocsin.contract.routes import Envelope, envelope_of
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import Violation, validator
from tocsin.plans.errors import PlanError
from tocsin.schedule import Clock
from tocsin.store.driver.database import StoreDamaged, StoreError, StoreFull
from tocsin.wire import errors
from tocsin.wire.bounds.messages import Messages
from tocsin.wire.bounds.places import Places
from tocsin.wire.calls import (
    REQUEST_ID,
    Arrival,
    Call,
    Context,
    Watcher,
    refused_trace_id,
    server_trace_id,
)
from tocsin.wire.gate import Admitted, Gate, Guard
from tocsin.wire.rest.legacy_errors import legacy_metadata
from tocsin.wire.rest.requests import Bodies, Cut, Requests
from tocsin.wire.statuses import to_status
from tocsin.wire.streaming.open_streams import OpenStreams
from tocsin.wire.streaming.stream import Stream, Streaming

log = structlog.get_logger(__name__)

# A method returns its response, or the response's bytes as the store keeps them. Methods that need
# only their request do not take the call.
MethodOfRequest: TypeAlias = Callable[[Any], Awaitable[Message | bytes]]
MethodOfCall: TypeAlias = Callable[[Any, Call], Awaitable[Message | bytes]]
Method: TypeAlias = MethodOfRequest | MethodOfCall
PARAMETERS_OF_CALL = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """A method whose requests have rules beyond the options of their contract.

    Violations of both are reported together.
    """

    method: Method
    violations_of: Callable[[Any], Sequence[Violation]]


@dataclass(frozen=True, slots=True)
class SelfChecked:
    """A method that reports errors in parts of its requests by itself.

    `violations_of` returns the violations for which the whole request is refused, instead of those
    of the options of its contract. `check_headers` takes the path and headers of a request whose
    body may never come. It returns whether they prove its sender, and raises an ApiError if they
    can't, whatever the body.
    """

    method: Method
    violations_of: Callable[[Any], Sequence[Violation]]
    check_headers: Callable[[str, Arrival], bool] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A method whose calls wait long for something to happen, and cost little meanwhile."""

    method: Method


Served: TypeAlias = Method | Checked | SelfChecked | Waiting | Streaming


@dataclass(frozen=True, slots=True)
class Room:
    """Bounds what calls hold: their messages, places, those of `Waiting` methods, and streams."""

    messages: Messages
    bodies: Bodies
    calls: Places
    waiting: Places
    streams: OpenStreams
    clock: Clock

    @property
    def calls_under_way(self) -> int:
        """Calls other than streams that are being answered."""
        return self.calls.taken + self.waiting.taken


# Errors of the server, not of the client: they are logged as warnings.
OURS = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN})


def service_handler(
    service: ServiceDescriptor,
    methods: Mapping[str, Served],
    *,
    room: Room,
    machine_clock: Clock,
    watchers: Sequence[Watcher] = (),
    gate: Gate | None = None,
) -> grpc.GenericRpcHandler:
    """Binds each method of a service's contract to the one that serves it.

    Without a gate, all calls are allowed.

    Raises:
        ValueError: `methods` are not just those of the contract.
        UnknownNeed: the permissions of a method are not defined.
    """
    if odd := sorted(methods.keys() ^ {method.name for method in service.methods}):
        raise ValueError(f"the methods of {service.full_name} must match its contract: {odd}")

    def handler(method: MethodDescriptor) -> "grpc.RpcMethodHandler[bytes, bytes]":
        guard = None if gate is None else gate.guard(method)
        served = methods[method.name]
        answering = (
            _streaming(method, served, room, guard)
            if isinstance(served, Streaming)
            else _answering(method, served, room, guard)
        )
        return _handler(answering, method, machine_clock, watchers)

    return grpc.method_handlers_generic_handler(
        service.full_name, {method.name: handler(method) for method in service.methods}
    )


def successes_are_found(watchers: Sequence[Watcher]) -> bool:
    """Returns whether the id of a successful call can be found, in the log or a trace."""
    return log.is_enabled_for(logging.DEBUG) or bool(watchers)


# Reads, parses, checks and calls; raises only when it is cancelled. A stream has sent its messages
# when it returns, and the bytes are empty.
Answering: TypeAlias = Callable[[Arrival], Awaitable[bytes | errors.ApiError]]


def _handler(
    answering: Answering,
    descriptor: MethodDescriptor,
    machine_clock: Clock,
    watchers: Sequence[Watcher],
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    watches = [watcher.watch(descriptor) for watcher in watchers]
    is_google = envelope_of(descriptor.containing_service) is Envelope.GOOGLE
    # A successful call is logged only at this level.
    all_are_logged = log.is_enabled_for(logging.DEBUG)
    all_have_ids = successes_are_found(watchers)

    async def serve(_: object, context: Context) -> bytes:
        began = machine_clock.monotonic()
        arrival = Arrival(context)
        endings = [watch(arrival) for watch in watches]
        code, reason = grpc.StatusCode.CANCELLED, ""
        try:
            answer = await answering(arrival)
            if isinstance(answer, bytes):
                code = grpc.StatusCode.OK
                name = arrival.request_id if all_have_ids else arrival.sent_request_id
                if name is not None:
                    context.set_trailing_metadata(((REQUEST_ID, name), *server_trace_id(arrival)))
                return answer
            code, reason = answer.code, answer.reason
            return await _refuse(arrival, answer, is_google=is_google)
        finally:
            for ended in endings:
                ended(code)
            # When calls are too many, their lines would be too.
            if all_are_logged or (code is not grpc.StatusCode.OK and reason != errors.OVERLOADED):
                _log_call(
                    method=descriptor.full_name,
                    code=code,
                    reason=reason,
                    request_id=arrival.request_id,
                    took_ms=round((machine_clock.monotonic() - began) * 1000, 3),
                )

    # A call of one message looks the same on the wire. So we read its message, after the caller is
    # checked, and parse it, so that a malformed one is the client's error.
    if descriptor.server_streaming:
        return grpc.stream_stream_rpc_method_handler(serve)
    return grpc.stream_unary_rpc_method_handler(serve)


def _answering(
    descriptor: MethodDescriptor,
    served: Method | Checked | SelfChecked | Waiting,
    room: Room,
    guard: Guard | None,
) -> Answering:
    method = served.method if isinstance(served, Checked | SelfChecked | Waiting) else served
    places = room.waiting if isinstance(served, Waiting) else room.calls
    takes_call = len(inspect.signature(method).parameters) == PARAMETERS_OF_CALL
    of_call, of_request = cast("MethodOfCall", method), cast("MethodOfRequest", method)
    requests = Requests(descriptor, room.bodies)
    violations_of = _violations_of(descriptor, served)

    async def answer(arrival: Arrival) -> bytes | errors.ApiError:
        admitted: Admitted | None = None
        outcome: bytes | errors.ApiError | None = None
        cut: Cut | None = None
        try:
            if guard is not None:
                admitted = await guard.admit(arrival)
            received = await room.messages.read(arrival)
            # Without a `with`, whose context manager would cost as much as parsing.
            places.take()
            try:
                if requests.is_message(received):
                    request = requests.of_message(received)
                else:
                    request, received, cut = await requests.read(received, arrival)
                # Callers without permission do not learn what is wrong with the request (AIP-211).
                call = None if admitted is None else await admitted.authorise(request)
                if violations := violations_of(request, received):
                    raise errors.invalid(violations)
                if admitted is not None:
                    await admitted.charge(request)
                if takes_call:
                    response = await of_call(request, call or Call(arrival))
                else:
                    response = await of_request(request)
            finally:
                places.give_back()
            outcome = response if isinstance(response, bytes) else response.SerializeToString()
        except Exception as error:
            outcome = _without_trace(_refusal(error, descriptor, arrival))
        finally:
            if admitted is not None:
                admitted.ended(outcome)
        return cut(outcome) if cut is not None and isinstance(outcome, bytes) else outcome

    return answer


def _streaming(
    descriptor: MethodDescriptor, served: Streaming, room: Room, guard: Guard | None
) -> Answering:
    requests = Requests(descriptor, room.bodies)
    violations_of = _violations_of(descriptor, served)

    async def answer(arrival: Arrival) -> bytes | errors.ApiError:
        admitted: Admitted | None = None
        outcome: bytes | errors.ApiError | None = None
        try:
            if guard is not None:
                admitted = await guard.admit(arrival)
            received = await room.messages.read(arrival)
            if requests.is_message(received):
                request = requests.of_message(received)
            else:
                request, received, _ = await requests.read(received, arrival)
            call = None if admitted is None else await admitted.authorise(request)
            if violations := violations_of(request, received):
                raise errors.invalid(violations)

            async def authorise() -> Call | None:
                if guard is None:
                    return None
                return await (await guard.check_caller(arrival)).authorise(request)

            caller = arrival.peer if arrival.caller is None else arrival.caller.subject
            with room.streams.counted(caller, arrival.peer):
                stream = Stream(call or Call(arrival), authorise, room.streams, room.clock)
                await served.method(request, stream)
            outcome = b""
        except Exception as error:
            outcome = _without_trace(_refusal(error, descriptor, arrival))
        finally:
            if admitted is not None:
                admitted.ended(outcome)
        return outcome

    return answer


def _refusal(error: Exception, descriptor: MethodDescriptor, arrival: Arrival) -> errors.ApiError:
    """Returns the client's error for an exception of a call."""
    match error:
        case errors.ApiError():
            return error
        case PlanError():
            return errors.invalid_field(error.field, error.reason)
        case DecodeError():
            return errors.malformed_request()
    call = {"method": descriptor.full_name, "request_id": arrival.request_id}
    if isinstance(error, StoreError):
        log.warning("could not use the store for a call", error=str(error), **call)
        return _refusal_of_store(error)
    log.error("call failed", exc_info=error, **call)
    return errors.internal()


def _without_trace(error: errors.ApiError) -> errors.ApiError:
    """Takes from an error the frames that it passed, which hold the request.

    gRPC keeps the error of a refused call in a cycle of references, until the collector runs.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _refusal_of_store(error: StoreError) -> errors.ApiError:
    match error:
        case StoreFull():
            return errors.store_full()
        case StoreDamaged():
            return errors.store_damaged()
    return errors.store_unavailable()


def _violations_of(
    descriptor: MethodDescriptor, served: Served
) -> Callable[[Any, bytes], Sequence[Violation]]:
    if isinstance(served, SelfChecked):
        own = served.violations_of
        return lambda request, _: own(request)
    more = served.violations_of if isinstance(served, Checked) else lambda _: ()
    by_contract = validator(descriptor.input_type)

    def violations_of(request: Any, received: bytes) -> list[Violation]:
        return [*nul_violations(request, received), *by_contract(request), *more(request)]

    return violations_of


async def _refuse(arrival: Arrival, error: errors.ApiError, *, is_google: bool) -> bytes:
    request_id = arrival.request_id
    status = rpc_status.to_status(to_status(error, request_id))
    await arrival.context.abort(
        status.code,
        status.details,
        (
            *status.trailing_metadata,
            *error.headers,
            (REQUEST_ID, request_id),
            *refused_trace_id(arrival),
            *(legacy_metadata(arrival, error) if is_google else ()),
        ),
    )


def _log_call(
    *, method: str, code: grpc.StatusCode, reason: str, request_id: str, took_ms: float
) -> None:
    """Logs a call without its request and its error's message, which are the caller's secrets."""
    details = {"reason": reason} if reason else {}
    write = log.debug if code is grpc.StatusCode.OK else log.warning if code in OURS else log.info
    write("rpc", method=method, code=code.name, request_id=request_id, took_ms=took_ms, **details)
