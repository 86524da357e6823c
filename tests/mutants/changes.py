"""Makes wrong servers of gRPC out of one small change each."""

from collections.abc import Callable
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest

from mutants.declaring import Mutant, mutant
from mutants.proxies.calls import Call, Forward, Reply, refused
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

Code = grpc.StatusCode
NOBODYS = "a1snobodyhasthisid00"

When = Callable[[Call], Any]


def always(_: Call) -> bool:
    """Fits every call."""
    return True


def made(wrong: Callable[..., Any], does: str, breaks: str, at: str, family: str = "") -> Mutant:
    """Declares a function that has no docstring of its own."""
    wrong.__doc__ = does
    return mutant(breaks, at=at, family=family)(wrong)


def asks(
    breaks: str, at: str, does: str, change: Callable[[Call], Any], *, family: str = ""
) -> Mutant:
    """A server that reads a request as another one: `change` writes to `call.request`."""

    def wrong(call: Call, forward: Forward) -> Reply:
        change(call)
        return forward(call.request)

    return made(wrong, does, breaks, at, family)


def shows(
    breaks: str, at: str, does: str, change: Callable[[Any, Call], Any], *, family: str = ""
) -> Mutant:
    """A server that answers otherwise: `change` writes to the message of a success."""

    def wrong(call: Call, forward: Forward) -> Reply:
        reply = forward(call.request)
        if reply.ok:
            change(reply.message, call)
        return reply

    return made(wrong, does, breaks, at, family)


def does_more(
    breaks: str, at: str, does: str, more: Callable[[Call, Reply], Any], *, family: str = ""
) -> Mutant:
    """A server that does something else too, after a call that succeeded."""

    def wrong(call: Call, forward: Forward) -> Reply:
        reply = forward(call.request)
        if reply.ok:
            more(call, reply)
        return reply

    return made(wrong, does, breaks, at, family)


def refuses(
    breaks: str,
    at: str,
    does: str,
    when: When = always,
    code: grpc.StatusCode = Code.INVALID_ARGUMENT,
    *,
    family: str = "",
) -> Mutant:
    """A server that refuses what it has to take."""

    def wrong(call: Call, forward: Forward) -> Reply:
        return refused(code) if when(call) else forward(call.request)

    return made(wrong, does, breaks, at, family)


def takes(
    breaks: str,
    at: str,
    does: str,
    when: When = always,
    *,
    of: grpc.StatusCode = Code.INVALID_ARGUMENT,
    field: str = "",
    family: str = "",
) -> Mutant:
    """A server that takes what it has to refuse: with that code, for that field if one is named."""

    def wrong(call: Call, forward: Forward) -> Reply:
        fits = when(call)
        reply = forward(call.request)
        if reply.code is not of or not fits or not names(reply, field):
            return reply
        return Reply(message=a_success(call))

    return made(wrong, does, breaks, at, family)


def says(
    breaks: str,
    at: str,
    does: str,
    code: grpc.StatusCode,
    *,
    instead_of: grpc.StatusCode,
    family: str = "",
) -> Mutant:
    """A server that refuses with another code."""

    def wrong(call: Call, forward: Forward) -> Reply:
        reply = forward(call.request)
        return reply.but(code=code, details=()) if reply.code is instead_of else reply

    return made(wrong, does, breaks, at, family)


def names(reply: Reply, field: str) -> bool:
    """Returns whether BadRequest in an answer names a field, or something within it."""
    found = [
        each.field
        for detail in reply.details
        if isinstance(detail, BadRequest)
        for each in detail.field_violations
    ]
    return not field or any(same_field(each, field) for each in found)


def same_field(one: str, other: str) -> bool:
    """Compares two paths without their indices and keys."""
    return one.partition("[")[0] == other or one == other


def a_success(call: Call) -> Any:
    """Returns an answer as a call of that method has when it succeeds."""
    if call.answers is not Operation:
        return call.answers()
    operation = Operation(id="a1osuccess0000000000", done=True, created_by="someone")
    name = call.method.rpartition("/")[2]
    metadata = getattr(trigger_service_pb2, f"{name}TriggerMetadata")
    operation.metadata.Pack(metadata(trigger_id=getattr(call.request, "trigger_id", NOBODYS)))
    operation.response.Pack(trigger_pb2.Trigger(id=NOBODYS))
    return operation


def trigger_of(call: Call, trigger_id: str = "") -> Any:
    """Returns a trigger as the honest server shows it; an empty one if it has none."""
    asked = trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id or call.request.trigger_id)
    reply = call.ask("TriggerService/Get", asked)
    return reply.message if reply.ok else trigger_pb2.Trigger()


def in_response(operation: Any, change: Callable[[Any], Any]) -> None:
    """Changes the trigger in an operation's response."""
    trigger = trigger_pb2.Trigger()
    if operation.response.Unpack(trigger):
        change(trigger)
        operation.response.Pack(trigger)


def set_to(message: Any, **fields: Any) -> None:
    """Sets fields of a message, in a lambda."""
    for name, value in fields.items():
        setattr(message, name, value)
