"""Callers who may not make a call learn nothing of what is wrong with it (AIP-211)."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from stand.access.guarded import METHODS, Caller, Guarded, guarded
from stand.access.methods import (
    CONFIG,
    EVENTS,
    EXECUTIONS,
    FIRING,
    LINES,
    TRIGGERS,
    World,
    new_world,
)
from stand.apis.triggers import TIMER
from stand.apis.wire import Json, send
from tocsin.access.permissions.needs import NEEDS, Audience
from tocsin.gate.authorising import MOST_NAMED

PERMITTED = [name for name in LINES if NEEDS[name].audience is Audience.PERMITTED]
NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: -1,
    FieldDescriptor.CPPTYPE_INT64: -1,
    FieldDescriptor.CPPTYPE_UINT32: 2**32 - 1,
    FieldDescriptor.CPPTYPE_UINT64: 2**64 - 1,
    FieldDescriptor.CPPTYPE_ENUM: 9999,
    FieldDescriptor.CPPTYPE_DOUBLE: float("nan"),
    FieldDescriptor.CPPTYPE_FLOAT: float("nan"),
    FieldDescriptor.CPPTYPE_BOOL: True,
}
BAD_TEXTS = {"nul": "a\0b", "odd": "\x7f ../ %2f \u202e", "long": "x" * 5000}


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory() as made, guarded(Path(made), CONFIG) as running:
        yield running


@pytest.fixture
def world(server: Guarded) -> World:
    return new_world(server)


def spoilt(message: Message, text: str, depth: int = 3) -> Any:
    """Fills all fields that are not set with what no rule allows, or few do."""
    set_before = {field.name for field, _ in message.ListFields()}
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        taken = oneof is not None and message.WhichOneof(oneof.name) is not None
        if field.name in set_before or taken or _is_map(field):
            continue
        if field.message_type is None:
            value: Any = _bad_value(field, text)
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif depth and not field.message_type.full_name.startswith("google.protobuf.Struct"):
            inner = getattr(message, field.name)
            inner = inner.add() if field.is_repeated else inner
            inner.SetInParent()
            spoilt(inner, text, depth - 1)
    return message


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _bad_value(field: FieldDescriptor, text: str) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    return NUMBERS[field.cpp_type]


def ask(caller: Caller, method: str, message: Message) -> str:
    described = METHODS[method]
    channel = caller.server.channel
    kind: Any = channel.unary_stream if described.server_streaming else channel.unary_unary
    rpc = kind(f"/{described.containing_service.full_name}/{described.name}")
    credential = [] if caller.credential is None else [("authorization", caller.credential)]
    try:
        answered = rpc(message.SerializeToString(), timeout=30, metadata=credential)
        if described.server_streaming:
            next(answered)
            answered.cancel()
    except grpc.RpcError as error:
        code: Any = error.code()  # type: ignore[attr-defined]
        return str(code.name)
    return "OK"


def empty(method: str) -> Message:
    return message_factory.GetMessageClass(METHODS[method].input_type)()


def named_well(world: World, method: str) -> Message:
    """A request with the names of things that exist, and nothing else of what is needed."""
    message = empty(method)
    whole = json_format.ParseDict(LINES[method].request(world), empty(method))
    for named in NEEDS[method].named:
        first = named.field.partition(".")[0]
        part = type(whole)()
        part.CopyFrom(whole)
        for field, _ in whole.ListFields():
            if field.name != first:
                part.ClearField(field.name)
        message.MergeFrom(part)
    return message


@pytest.mark.parametrize("method", PERMITTED)
def test_a_bad_request_of_a_caller_without_a_role_is_denied(world: World, method: str) -> None:
    stranger = world.server.caller()
    # A role elsewhere is none here.
    neighbour = world.server.caller_with(
        [("admin", "folders/b1gsomewhereelse0000"), ("admin", "projects/elsewhere")]
    )
    bad = [spoilt(empty(method), text) for text in BAD_TEXTS.values()]
    bad += [spoilt(named_well(world, method), text) for text in BAD_TEXTS.values()]
    for message in (empty(method), *bad):
        if method == f"{FIRING}.NextFireTimes" and not message.trigger_id:  # type: ignore[attr-defined]
            continue  # needs no role
        assert ask(stranger, method, message) == "PERMISSION_DENIED"
        assert ask(neighbour, method, message) in ("PERMISSION_DENIED", *_of_lists(method, message))


def _of_lists(method: str, message: Any) -> tuple[str, ...]:
    """A list that names nothing shows callers what they may see, so they may be told."""
    shows_some = NEEDS[method].unnamed.name == "SHOWN"
    names_some = any(getattr(message, each.field.partition(".")[0]) for each in NEEDS[method].named)
    return ("OK", "INVALID_ARGUMENT") if shows_some and not names_some else ()


@pytest.mark.parametrize("method", PERMITTED)
def test_who_may_is_told_what_is_wrong(world: World, method: str) -> None:
    if not METHODS[method].input_type.fields:
        return  # nothing can be wrong
    for text in BAD_TEXTS.values():
        code = ask(world.server.admin, method, spoilt(empty(method), text))
        assert code in ("INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "OK"), (method, text)


@pytest.mark.parametrize("method", [name for name in LINES if LINES[name].role == "sender"])
def test_a_bad_webhook_without_a_proof_is_refused_as_a_good_one(world: World, method: str) -> None:
    for text in BAD_TEXTS.values():
        assert ask(world.server.nobody, method, spoilt(empty(method), text)) == "UNAUTHENTICATED"


def with_role(world: World) -> tuple[Caller, Caller]:
    here = f"folders/{world.folder}"
    return world.server.caller(viewer=here), world.server.caller(editor=here)


ONE_FAULT: dict[str, tuple[str, Callable[[World], Json]]] = {
    "mask": (f"{TRIGGERS}.Update", lambda w: {"triggerId": w.trigger(), "updateMask": "nope"}),
    "rule": (
        f"{TRIGGERS}.Create",
        lambda w: {"folderId": w.folder, "rule": {"timer": {"cronExpression": "nope"}}},
    ),
    "filter": (
        f"{TRIGGERS}.Create",
        lambda w: {
            "folderId": w.folder,
            "rule": {
                "iotMessage": {
                    "registryId": "r",
                    "mqttTopic": "a/#/b",
                    "invokeFunction": {"functionId": "f"},
                }
            },
        },
    ),
    "taken name": (
        f"{TRIGGERS}.Create",
        lambda w: {"folderId": w.folder, "name": w.named_trigger(), "rule": TIMER},
    ),
    "too large": (
        f"{FIRING}.FireTrigger",
        lambda w: {"triggerId": w.trigger(), "payload": "x" * 4_000_000},
    ),
}


@pytest.mark.parametrize("fault", ONE_FAULT)
def test_one_fault_is_told_to_those_who_may_alone(world: World, fault: str) -> None:
    method, request = ONE_FAULT[fault]
    viewer, editor = with_role(world)
    asked = request(world)
    assert viewer.code(method, asked) == "PERMISSION_DENIED"
    assert editor.code(method, asked) in ("INVALID_ARGUMENT", "ALREADY_EXISTS")


def test_a_page_token_is_not_looked_at_for_one_who_may_not(world: World) -> None:
    asked = {"folderId": world.folder, "pageToken": "nope"}
    viewer, _ = with_role(world)
    for method in (f"{TRIGGERS}.List", f"{EVENTS}.ListIntakes"):
        assert world.server.caller().code(method, asked) == "PERMISSION_DENIED"
        assert viewer.code(method, asked) == "INVALID_ARGUMENT"


def test_a_key_that_was_used_is_not_told_to_one_who_may_not(world: World) -> None:
    key = "6f6b7a4e-0000-4000-8000-000000000001"
    asked = {**world.schedule_request(), "requestId": key}
    other = {**asked, "scheduleTime": "2098-01-01T00:00:00Z"}
    invoker = world.server.caller(editor=world.project)
    method = f"{EXECUTIONS}.ScheduleIntegrations"
    assert invoker.code(method, asked) == "OK"
    assert invoker.code(method, other) == "INVALID_ARGUMENT"
    assert world.server.caller(viewer=world.project).code(method, other) == "PERMISSION_DENIED"


def test_no_more_is_looked_up_than_was_allowed(world: World) -> None:
    mine = world.trigger()
    caller = world.server.caller(viewer=f"folders/{world.folder}")
    many = [f"a1s{number:017}" for number in range(MOST_NAMED + 1)]
    asked = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    refused = caller.refusal(f"{FIRING}.Preview", {**asked, "triggerIds": [mine, *many]})
    assert refused.code == "PERMISSION_DENIED"
    assert many[0] in refused.message
    admin = world.server.admin
    assert admin.code(f"{FIRING}.Preview", {**asked, "triggerIds": many}) == "INVALID_ARGUMENT"


def test_over_rest_a_bad_body_is_forbidden_as_a_good_one(world: World) -> None:
    caller = world.server.caller()
    sent = {"Authorization": str(caller.credential), "Content-Type": "application/json"}
    address = world.server.tocsin.http_address
    for body in ({}, {"folderId": world.folder}, {"folderId": world.folder, "rule": TIMER}):
        reply = send(address, "POST", "/triggers/v1/triggers", json.dumps(body).encode(), sent)
        assert (reply.status, reply.json["code"]) == (403, 7)
        assert "violations" not in str(reply.json)
