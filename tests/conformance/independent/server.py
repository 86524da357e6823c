"""A server of triggers and operations that shares nothing with Tocsin but the contract's stubs.

It keeps everything in memory, fires nothing, and holds one lock while it answers. That the suite's
profiles pass here shows that they are about the contract.
"""

import re
import secrets
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from conformance.independent.validity import Violation, is_cron, violations
from tocsin_protos.yandex.cloud.operation import operation_service_pb2_grpc
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import (
    trigger_pb2,
    trigger_service_pb2,
    trigger_service_pb2_grpc,
)

Code = grpc.StatusCode
WRITTEN = ("name", "description", "labels", "rule")
READ_ONLY = ("id", "folder_id", "created_at", "status", "rule.mail.email")
NAME = "[a-z][-a-z0-9]{1,61}[a-z0-9]"
ACTIVE, PAUSED = trigger_pb2.Trigger.Status.ACTIVE, trigger_pb2.Trigger.Status.PAUSED


class Refusal(Exception):
    """A call is refused; the text says why."""

    def __init__(self, code: grpc.StatusCode, reason: str, text: str, *found: Violation) -> None:
        super().__init__(text)
        self.code, self.reason, self.found = code, reason, found

    def status(self) -> Any:
        """Returns it as gRPC sends it, with its details."""
        status = Status(code=self.code.value[0], message=str(self))
        details: list[Any] = [ErrorInfo(reason=self.reason, domain="independent.example")]
        details.append(RequestInfo(request_id=str(uuid.uuid4())))
        if self.found:
            faults = [
                BadRequest.FieldViolation(field=path, description=text) for path, text in self.found
            ]
            details.append(BadRequest(field_violations=faults))
        for each in details:
            status.details.add().Pack(each)
        return rpc_status.to_status(status)


def invalid(*found: Violation) -> Refusal:
    lines = "".join(f"\n  - {path}: {text}" for path, text in found)
    return Refusal(Code.INVALID_ARGUMENT, "BAD_FIELDS", f"Validation failed:{lines}", *found)


def not_found(what: str, name: str) -> Refusal:
    # Errors travel in headers, of which a client takes 8 KiB.
    return Refusal(Code.NOT_FOUND, "NOT_FOUND", f"{what} {name[:100]!r} not found")


@dataclass
class Pages:
    """Cuts lists into pages; a token is known here alone, and leads to one place of one list."""

    places: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def page(self, items: list[Any], request: Any, scope: Any) -> tuple[list[Any], str]:
        """Returns the items of a page, and the token of the next one.

        Args:
            items: pairs of a number that grows and what is listed.
            request: with its size and its token.
            scope: what is listed; a token of another scope is refused.
        """
        if request.page_size < 0 or request.page_size > 1000:
            raise invalid(("page_size", "Must be 0-1000"))
        after = 0
        if request.page_token:
            known_scope, after = self.places.get(request.page_token, (None, 0))
            if known_scope != scope:
                raise invalid(("page_token", "Is not a token of this list"))
        rest = [(number, each) for number, each in items if number > after]
        size = request.page_size or 100
        token = ""
        if len(rest) > size:
            place = (scope, rest[size - 1][0])
            known = (token for token, there in self.places.items() if there == place)
            token = next(known, None) or secrets.token_urlsafe(24)
            self.places[token] = place
        return [each for _, each in rest[:size]], token


@dataclass
class Memory:
    """All that the server knows."""

    lock: Lock = field(default_factory=Lock)
    count: int = 0
    triggers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    operations: dict[str, tuple[int, Any]] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, Any]] = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)

    def number(self) -> int:
        self.count += 1
        return self.count

    def trigger(self, trigger_id: str) -> Any:
        if trigger_id not in self.triggers:
            raise not_found("Trigger", trigger_id)
        return self.triggers[trigger_id][1]

    def named(self, folder_id: str, name: str) -> Any:
        return next(
            (
                t
                for _, t in self.triggers.values()
                if name and (t.folder_id, t.name) == (folder_id, name)
            ),
            None,
        )

    def done(self, method: str, trigger_id: str, response: Any) -> Any:
        """Returns the operation of a change that was made."""
        metadata = getattr(trigger_service_pb2, f"{method}TriggerMetadata")(trigger_id=trigger_id)
        operation = Operation(
            id=new_id(), description=f"{method} trigger", created_by="anyone", done=True
        )
        operation.created_at.GetCurrentTime()
        operation.modified_at.CopyFrom(operation.created_at)
        operation.metadata.Pack(metadata)
        operation.response.Pack(response)
        self.operations[operation.id] = (self.number(), operation)
        return operation


def new_id() -> str:
    return f"ind{secrets.token_hex(8)}"


def handled(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Answers a call under the lock, and refuses what breaks the options of its request."""

    def method(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            with self.memory.lock:
                found = [*violations(request)]
                if found and answer.__name__ not in ("Create", "Update"):
                    raise invalid(*found)
                return answer(self, request, context)
        except Refusal as refusal:
            context.abort_with_status(refusal.status())

    return method


def once(change: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a repeat with the same idempotency-key safe."""

    def method(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        sent = dict(context.invocation_metadata())
        key, said = sent.get("idempotency-key"), f"{change.__name__} {request}".encode()
        if key in self.memory.keys:
            before, operation = self.memory.keys[key]
            if before != said:
                raise invalid(("idempotency-key", "Was used for another request"))
            return operation
        operation = change(self, request, context)
        if key:
            self.memory.keys[key] = (said, operation)
        return operation

    method.__name__ = change.__name__
    return method


def faults_of_rule(rule: Any, above: str = "rule.") -> Iterator[Violation]:
    """Yields what is wrong with a rule beside what options say."""
    timer = rule.timer
    if timer.cron_expression and not is_cron(timer.cron_expression):
        yield f"{above}timer.cron_expression", "Is not a cron expression"
    if re.match(r"\$(devices|me)/\+/", rule.iot_message.mqtt_topic):
        yield f"{above}iot_message.mqtt_topic", "Names no device"
    if rule.HasField("cloud_logs") and not rule.cloud_logs.log_group_id:
        yield f"{above}cloud_logs.log_group_id", "Field is required"


def called(rule: Any) -> tuple[str, str]:
    """Returns the kind of a rule, and the type of resource that it calls."""
    kind = rule.WhichOneof("rule") or ""
    action = getattr(rule, kind).WhichOneof("action") if kind else ""
    resource = re.search("function|container|gateway|workflow", action or "")
    return kind, resource[0] if resource else ""


def write(trigger: Any, request: Any, path: str) -> None:
    """Copies what a path of a mask names from a request to a trigger."""
    to, source = trigger, request
    *above, last = path.split(".")
    for name in above:
        oneof = to.DESCRIPTOR.fields_by_name[name].containing_oneof if _has(to, name) else None
        if not _has(to, name) or to.DESCRIPTOR.fields_by_name[name].message_type is None:
            raise invalid(("update_mask", f"{path} does not exist"))
        if oneof is not None and to.WhichOneof(oneof.name) not in (None, name):
            raise invalid(("update_mask", f"{path} leads to what the trigger does not have"))
        to, source = getattr(to, name), getattr(source, name)
    if not _has(to, last):
        raise invalid(("update_mask", f"{path} does not exist"))
    described = to.DESCRIPTOR.fields_by_name[last]
    to.ClearField(last)
    if described.is_repeated or described.message_type is not None:
        if described.is_repeated or source.HasField(last):
            _copy(getattr(to, last), getattr(source, last), described)
    else:
        setattr(to, last, getattr(source, last))


def _has(message: Any, name: str) -> bool:
    return hasattr(message, "DESCRIPTOR") and name in message.DESCRIPTOR.fields_by_name


def _copy(to: Any, source: Any, described: Any) -> None:
    if not described.is_repeated:
        to.CopyFrom(source)
    elif isinstance(source, dict) or hasattr(source, "items"):
        to.update(source)
    else:
        to.extend(source)


class Triggers(trigger_service_pb2_grpc.TriggerServiceServicer):
    """Serves TriggerService."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @handled
    def Get(self, request: Any, _: Any) -> Any:  # noqa: N802
        return self.memory.trigger(request.trigger_id)

    @handled
    def List(self, request: Any, _: Any) -> Any:  # noqa: N802
        named = filtered(request.filter)
        found = [
            (number, trigger)
            for number, trigger in self.memory.triggers.values()
            if trigger.folder_id == request.folder_id and named in (None, trigger.name)
        ]
        scope = ("triggers", request.folder_id, request.filter)
        shown, token = self.memory.pages.page(found, request, scope)
        return trigger_service_pb2.ListTriggersResponse(triggers=shown, next_page_token=token)

    @handled
    @once
    def Create(self, request: Any, _: Any) -> Any:  # noqa: N802
        if found := [*violations(request), *faults_of_rule(request.rule)]:
            raise invalid(*found)
        self._free(request.folder_id, request.name, None)
        trigger = trigger_pb2.Trigger(id=new_id(), status=ACTIVE)
        for name in ("folder_id", *WRITTEN):
            write(trigger, request, name)
        trigger.created_at.GetCurrentTime()
        if trigger.rule.HasField("mail"):
            trigger.rule.mail.email = f"{trigger.id}@independent.example"
        self.memory.triggers[trigger.id] = (self.memory.number(), trigger)
        return self.memory.done("Create", trigger.id, trigger)

    @handled
    @once
    def Update(self, request: Any, _: Any) -> Any:  # noqa: N802
        if not request.trigger_id:
            raise invalid(*violations(request))
        before = self.memory.trigger(request.trigger_id)
        after = trigger_pb2.Trigger()
        after.CopyFrom(before)
        paths = list(request.update_mask.paths)
        if paths in ([], ["*"]):
            paths = list(WRITTEN)
        for path in sorted(set(paths) - set(READ_ONLY)):
            if path.split(".")[0] not in WRITTEN:
                raise invalid(("update_mask", f"{path} does not exist"))
            write(after, request, path)
        self._check(before, after, request, paths)
        self.memory.triggers[after.id] = (self.memory.triggers[after.id][0], after)
        return self.memory.done("Update", after.id, after)

    def _check(self, before: Any, after: Any, request: Any, paths: list[str]) -> None:
        """Refuses an Update whose result is not valid, or of another kind."""
        whole = trigger_service_pb2.CreateTriggerRequest(
            folder_id=after.folder_id,
            name=after.name,
            description=after.description,
            labels=after.labels,
            rule=after.rule if after.HasField("rule") else None,
        )
        found = dict([*violations(whole), *faults_of_rule(after.rule)])
        found |= {path: text for path, text in violations(request) if path.split(".")[0] in paths}
        if found:
            raise invalid(*found.items())
        if called(before.rule) != called(after.rule):
            raise invalid(("rule", "Must be of the same kind, and call the same type of resource"))
        self._free(after.folder_id, after.name, after.id)
        if after.rule.HasField("mail"):
            after.rule.mail.email = before.rule.mail.email

    def _free(self, folder_id: str, name: str, own: str | None) -> None:
        taken = self.memory.named(folder_id, name)
        if taken is not None and taken.id != own:
            raise Refusal(Code.ALREADY_EXISTS, "NAME_TAKEN", f"The name {name!r} is taken")

    @handled
    @once
    def Delete(self, request: Any, _: Any) -> Any:  # noqa: N802
        self.memory.trigger(request.trigger_id)
        del self.memory.triggers[request.trigger_id]
        return self.memory.done("Delete", request.trigger_id, Empty())

    @handled
    @once
    def Pause(self, request: Any, _: Any) -> Any:  # noqa: N802
        return self._with_status("Pause", request.trigger_id, PAUSED)

    @handled
    @once
    def Resume(self, request: Any, _: Any) -> Any:  # noqa: N802
        return self._with_status("Resume", request.trigger_id, ACTIVE)

    def _with_status(self, method: str, trigger_id: str, status: int) -> Any:
        before = self.memory.trigger(trigger_id)
        trigger = trigger_pb2.Trigger()
        trigger.CopyFrom(before)
        trigger.status = status
        self.memory.triggers[trigger_id] = (self.memory.triggers[trigger_id][0], trigger)
        return self.memory.done(method, trigger_id, trigger)

    @handled
    def ListOperations(self, request: Any, _: Any) -> Any:  # noqa: N802
        self.memory.trigger(request.trigger_id)
        if request.filter:
            raise invalid(("filter", "Operations have no field to filter by"))
        found = [
            (number, operation)
            for number, operation in self.memory.operations.values()
            if of_trigger(operation.metadata) == request.trigger_id
        ]
        scope = ("operations", request.trigger_id)
        shown, token = self.memory.pages.page(found, request, scope)
        return trigger_service_pb2.ListTriggerOperationsResponse(
            operations=shown, next_page_token=token
        )


def of_trigger(metadata: Packed) -> str:
    """Returns the id in an operation's metadata; all of them have it in the same place."""
    found = trigger_service_pb2.CreateTriggerMetadata.FromString(metadata.value)
    trigger_id: str = found.trigger_id
    return trigger_id


def filtered(text: str) -> str | None:
    """Returns the name that a filter asks for; None without a filter."""
    if not text.strip():
        return None
    found = re.fullmatch(rf"""\s*name\s*=\s*(?:"({NAME})"|'({NAME})'|({NAME}))\s*""", text)
    if found is None:
        raise invalid(("filter", 'Must be name = "VALUE"'))
    return found[1] or found[2] or found[3]


class Operations(operation_service_pb2_grpc.OperationServiceServicer):
    """Serves OperationService."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @handled
    def Get(self, request: Any, _: Any) -> Any:  # noqa: N802
        if request.operation_id not in self.memory.operations:
            raise not_found("Operation", request.operation_id)
        return self.memory.operations[request.operation_id][1]

    @handled
    def Cancel(self, request: Any, _: Any) -> Any:  # noqa: N802
        if request.operation_id not in self.memory.operations:
            raise not_found("Operation", request.operation_id)
        return self.memory.operations[request.operation_id][1]


@contextmanager
def independent_server() -> Iterator[str]:
    """Runs the server; yields its HOST:PORT."""
    memory = Memory()
    server = grpc.server(ThreadPoolExecutor(16))
    trigger_service_pb2_grpc.add_TriggerServiceServicer_to_server(Triggers(memory), server)
    operation_service_pb2_grpc.add_OperationServiceServicer_to_server(Operations(memory), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
