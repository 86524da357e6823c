"""A valid call of each method, for callers who may not make it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.conformance.expecting import Code, expect_ok
from tocsin.conformance.made import Made, create_request
from tocsin.conformance.peer import Answer, Peer
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

NEVER = Timestamp(seconds=4_039_372_800)
_GONE = (Code.OK, Code.NOT_FOUND, Code.FAILED_PRECONDITION)


@dataclass(eq=False)
class Owned:
    """Holds what the run's caller made, which others may not touch."""

    peer: Peer
    trigger: Any
    operation_id: str
    made: Made

    def unchanged(self) -> None:
        """Asks that the trigger is as it was.

        Raises:
            AssertionError: it is not.
        """
        request = trigger_service_pb2.GetTriggerRequest(trigger_id=self.trigger.id)
        now = expect_ok(self.peer.triggers.Get(request))
        assert now == self.trigger, "a call that was refused has changed the trigger"


@dataclass(frozen=True, slots=True)
class Call:
    """Holds a call of a method, over gRPC and, where a path is documented, over REST."""

    request: Callable[[Owned], Any]
    stubs: str
    rest: Callable[[Owned], tuple[str, str, Any]] | None = None
    """The verb, the path and the body."""
    features: tuple[str, ...] = ()

    def over_grpc(self, method: str, owned: Owned, caller: Peer) -> Answer:
        """Makes the call over gRPC."""
        answer: Answer = getattr(getattr(caller, self.stubs), method)(self.request(owned))
        if answer.ok and method == "Create":
            owned.made.maybe_trigger(answer)
        return answer

    def over_rest(self, owned: Owned, caller: Peer, **more: Any) -> RestAnswer:
        """Makes the call over REST."""
        assert self.rest is not None
        verb, path, body = self.rest(owned)
        answer = caller.rest(verb, path, json=body, **more)
        if answer.ok and (verb, path) == ("POST", "/triggers/v1/triggers"):
            owned.made.maybe_trigger_json(answer.body)
        return answer


def owned_by(peer: Peer, made: Made) -> Owned:
    """Makes a trigger of the run's caller."""
    answer = peer.triggers.Create(create_request(peer))
    trigger = made.trigger(answer)
    return Owned(peer, trigger, answer.message.id, made)


def _trigger_path(owned: Owned, rest: str = "") -> str:
    return f"/triggers/v1/triggers/{owned.trigger.id}{rest}"


def _execution(owned: Owned) -> str:
    """Returns the name of the operation of an execution that waits."""
    request = schedule_request(owned.peer, user_generated_execution_id=owned.peer.name("e"))
    [execution_id] = expect_ok(
        owned.peer.executions.ScheduleIntegrations(request)
    ).execution_info_ids
    name = f"{owned.peer.location}/operations/{execution_id}"

    def cancel() -> str | None:
        request = operations_pb2.CancelOperationRequest(name=name)
        answer = owned.peer.google_operations.CancelOperation(request)
        return None if answer.code in _GONE else f"{name}: {answer}"

    owned.made.later(cancel)
    return name


def schedule_request(peer: Peer, **fields: Any) -> Any:
    """Returns a valid request for an execution that no run lives to see."""
    usual = {"name": peer.integration, "trigger_id": peer.trigger_id, "schedule_time": NEVER}
    return executions_pb2.ScheduleIntegrationsRequest(**{**usual, **fields})


def schedule_body(peer: Peer) -> dict[str, str]:
    """Returns the body of such a request over REST."""
    return {"triggerId": peer.trigger_id, "scheduleTime": "2098-01-01T00:00:00Z"}


contract = trigger_service_pb2
LONG = ("google-operations",)
CALLS: dict[str, Call] = {
    "triggers.Get": Call(
        lambda it: contract.GetTriggerRequest(trigger_id=it.trigger.id),
        "triggers",
        lambda it: ("GET", _trigger_path(it), None),
    ),
    "triggers.List": Call(
        lambda it: contract.ListTriggersRequest(folder_id=it.peer.folder),
        "triggers",
        lambda it: ("GET", f"/triggers/v1/triggers?folderId={it.peer.folder}", None),
    ),
    "triggers.Create": Call(
        lambda it: create_request(it.peer),
        "triggers",
        lambda it: (
            "POST",
            "/triggers/v1/triggers",
            {
                "folderId": it.peer.folder,
                "name": it.peer.name(),
                "rule": {
                    "timer": {
                        "cronExpression": "0 0 1 1 ? 2099",
                        "invokeFunction": {"functionId": "f"},
                    }
                },
            },
        ),
    ),
    "triggers.Update": Call(
        lambda it: contract.UpdateTriggerRequest(
            trigger_id=it.trigger.id,
            update_mask=FieldMask(paths=["description"]),
            description="changed by nobody",
        ),
        "triggers",
        lambda it: (
            "PATCH",
            _trigger_path(it),
            {"updateMask": "description", "description": "changed by nobody"},
        ),
    ),
    "triggers.Delete": Call(
        lambda it: contract.DeleteTriggerRequest(trigger_id=it.trigger.id),
        "triggers",
        lambda it: ("DELETE", _trigger_path(it), None),
    ),
    "triggers.Pause": Call(
        lambda it: contract.PauseTriggerRequest(trigger_id=it.trigger.id),
        "triggers",
        lambda it: ("POST", _trigger_path(it, ":pause"), {}),
        ("pause",),
    ),
    "triggers.Resume": Call(
        lambda it: contract.ResumeTriggerRequest(trigger_id=it.trigger.id),
        "triggers",
        lambda it: ("POST", _trigger_path(it, ":resume"), {}),
        ("pause",),
    ),
    "triggers.ListOperations": Call(
        lambda it: contract.ListTriggerOperationsRequest(trigger_id=it.trigger.id),
        "triggers",
        lambda it: ("GET", _trigger_path(it, "/operations"), None),
        ("operation-list",),
    ),
    "operations.Get": Call(
        lambda it: operation_service_pb2.GetOperationRequest(operation_id=it.operation_id),
        "operations",
        lambda it: ("GET", f"/operations/{it.operation_id}", None),
    ),
    "operations.Cancel": Call(
        lambda it: operation_service_pb2.CancelOperationRequest(operation_id=it.operation_id),
        "operations",
        lambda it: ("GET", f"/operations/{it.operation_id}:cancel", None),
        ("operation-cancel",),
    ),
    "executions.ScheduleIntegrations": Call(
        lambda it: schedule_request(it.peer),
        "executions",
        lambda it: ("POST", f"/v1/{it.peer.integration}:schedule", schedule_body(it.peer)),
        ("schedule",),
    ),
    "google_operations.GetOperation": Call(
        lambda it: operations_pb2.GetOperationRequest(name=_execution(it)),
        "google_operations",
        lambda it: ("GET", f"/v1/{_execution(it)}", None),
        features=("schedule", *LONG),
    ),
    "google_operations.ListOperations": Call(
        lambda it: operations_pb2.ListOperationsRequest(name=it.peer.location),
        "google_operations",
        lambda it: ("GET", f"/v1/{it.peer.location}/operations", None),
        features=LONG,
    ),
    "google_operations.CancelOperation": Call(
        lambda it: operations_pb2.CancelOperationRequest(name=_execution(it)),
        "google_operations",
        lambda it: ("POST", f"/v1/{_execution(it)}:cancel", {}),
        features=("schedule", *LONG),
    ),
    "google_operations.DeleteOperation": Call(
        lambda it: operations_pb2.DeleteOperationRequest(name=_execution(it)),
        "google_operations",
        lambda it: ("DELETE", f"/v1/{_execution(it)}", None),
        features=("schedule", *LONG),
    ),
    "google_operations.WaitOperation": Call(
        lambda it: operations_pb2.WaitOperationRequest(
            name=_execution(it), timeout=Duration(nanos=1)
        ),
        "google_operations",
        features=("schedule", "wait-operation", *LONG),
    ),
}
