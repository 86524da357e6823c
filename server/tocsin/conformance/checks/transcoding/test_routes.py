"""Each path that the contracts bind reaches its method, with the fields where they belong."""

from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf import json_format, message_factory

from tocsin.conformance.checks.transcoding.forms import HTTP_RULE, MAY, MUST, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import TRIGGERS, MadeTriggers
from tocsin.conformance.checks.transcoding.scheduled import Scheduled, ids_of
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import expect_ok, expect_rest_ok
from tocsin.conformance.peer import (
    EXECUTIONS,
    GOOGLE_OPERATIONS,
    OPERATIONS,
    Peer,
    described,
    unpacked,
)
from tocsin.conformance.peer import TRIGGERS as TRIGGER_SERVICE
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]


def parsed(answer: RestAnswer, method: str) -> Any:
    """Returns an answer as the method's response; it may have no other members."""
    expect_rest_ok(answer)
    response = message_factory.GetMessageClass(described(method).output_type)()
    try:
        return json_format.Parse(answer.body, response)
    except json_format.ParseError as error:
        name = response.DESCRIPTOR.full_name
        raise AssertionError(f"the answer must be a {name} in JSON: {error}") from None


def bound(name: str, binding: str, *features: str, level: Level = MUST) -> pytest.MarkDecorator:
    """Returns the clause of one binding of a method."""
    return clause(
        f"transcoding.route.{name}",
        level,
        f"`{binding}` {level} call the method that the contract binds it to, "
        "with the fields of the path, the query and the body.",
        source="the method's proto option google.api.http",
        features=("rest", *features),
    )


@bound("triggers.get", "GET /triggers/v1/triggers/{trigger_id}")
def test_get(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    shown = parsed(peer.rest("GET", f"{TRIGGERS}/{trigger.id}"), f"{TRIGGER_SERVICE}/Get")
    assert shown == trigger


@bound("triggers.list", "GET /triggers/v1/triggers")
def test_list(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    query = {"folderId": peer.folder, "pageSize": 1000}
    shown = parsed(peer.rest("GET", TRIGGERS, query=query), f"{TRIGGER_SERVICE}/List")
    assert trigger in shown.triggers


@bound("triggers.create", "POST /triggers/v1/triggers")
def test_create(triggers: MadeTriggers) -> None:
    answer = triggers.send(triggers.body(more='"description": "over REST"'))
    operation = parsed(answer, f"{TRIGGER_SERVICE}/Create")
    assert triggers.get(unpacked(operation.metadata).trigger_id).description == "over REST"


@bound("triggers.update", "PATCH /triggers/v1/triggers/{trigger_id}")
def test_update(triggers: MadeTriggers) -> None:
    trigger = triggers.created()
    answer = triggers.patch(trigger, '{"updateMask": "description", "description": "changed"}')
    parsed(answer, f"{TRIGGER_SERVICE}/Update")
    triggers.settled(answer)
    assert triggers.get(trigger.id).description == "changed"


@bound("triggers.delete", "DELETE /triggers/v1/triggers/{trigger_id}")
def test_delete(triggers: MadeTriggers, peer: Peer) -> None:
    trigger, other = triggers.created(), triggers.created()
    answer = peer.rest("DELETE", f"{TRIGGERS}/{trigger.id}")
    parsed(answer, f"{TRIGGER_SERVICE}/Delete")
    triggers.settled(answer)
    assert peer.rest("GET", f"{TRIGGERS}/{trigger.id}").status == 404
    assert triggers.get(other.id) == other


@bound("triggers.pause", "POST /triggers/v1/triggers/{trigger_id}:pause", "pause")
def test_pause(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("POST", f"{TRIGGERS}/{trigger.id}:pause", json={})
    parsed(answer, f"{TRIGGER_SERVICE}/Pause")
    triggers.settled(answer)
    assert triggers.get(trigger.id).status == trigger_pb2.Trigger.PAUSED


@bound("triggers.resume", "POST /triggers/v1/triggers/{trigger_id}:resume", "pause")
def test_resume(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    for verb in ("pause", "resume"):
        answer = peer.rest("POST", f"{TRIGGERS}/{trigger.id}:{verb}", json={})
        parsed(answer, f"{TRIGGER_SERVICE}/Resume")
        triggers.settled(answer)
    assert triggers.get(trigger.id).status == trigger_pb2.Trigger.ACTIVE


@bound(
    "triggers.list-operations",
    "GET /triggers/v1/triggers/{trigger_id}/operations",
    "operation-list",
)
def test_list_operations(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("GET", f"{TRIGGERS}/{trigger.id}/operations", query={"pageSize": 10})
    shown = parsed(answer, f"{TRIGGER_SERVICE}/ListOperations")
    named = {unpacked(each.metadata).trigger_id for each in shown.operations}
    assert named == {trigger.id}


def made_operation(triggers: MadeTriggers) -> str:
    operation = expect_rest_ok(triggers.send(triggers.body()))
    found = operation.get("id")
    assert isinstance(found, str)
    return found


@bound("operations.get", "GET /operations/{operation_id}")
def test_get_operation(triggers: MadeTriggers, peer: Peer) -> None:
    operation_id = made_operation(triggers)
    shown = parsed(peer.rest("GET", f"/operations/{operation_id}"), f"{OPERATIONS}/Get")
    request = operation_service_pb2.GetOperationRequest(operation_id=operation_id)
    assert shown == expect_ok(peer.operations.Get(request))


@bound("operations.cancel", "GET /operations/{operation_id}:cancel", "operation-cancel")
def test_cancel_operation(triggers: MadeTriggers, peer: Peer) -> None:
    operation_id = made_operation(triggers)
    answer = peer.rest("GET", f"/operations/{operation_id}:cancel")
    assert parsed(answer, f"{OPERATIONS}/Cancel").id == operation_id


@clause(
    "transcoding.route.operations.cancel-by-post",
    MAY,
    "`POST /operations/{operation_id}:cancel` MAY call OperationService.Cancel: the proto binds "
    "GET, the vendor's guide shows POST; known answers are the operation, and 404, 405 or 501.",
    source="docs: api-design-guide, 'Operation'; proto option google.api.http of the method",
    features=("rest", "operation-cancel"),
    unimplemented=True,
)
def test_cancel_operation_by_post(triggers: MadeTriggers, peer: Peer) -> None:
    operation_id = made_operation(triggers)
    answer = peer.rest("POST", f"/operations/{operation_id}:cancel", json={})
    if answer.ok:
        assert parsed(answer, f"{OPERATIONS}/Cancel").id == operation_id
    assert answer.status in (200, 404, 405, 501)


SCHEDULE_PATHS = {
    "v1": "/v1/{name=projects/*/locations/*/integrations/*}:schedule",
    "v1-products": "/v1/{name=projects/*/locations/*/products/*/integrations/*}:schedule",
    "v1alpha": "/v1alpha/{name=projects/*/locations/*/integrations/*}:schedule",
    "v1alpha-products": "/v1alpha/{name=projects/*/locations/*/products/*/integrations/*}:schedule",
}


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(
            version,
            marks=bound(
                f"executions.schedule.{version}",
                f"POST {path}",
                *(("products",) if "products" in version else ()),
                *(("v1alpha",) if "v1alpha" in version else ()),
            ),
        )
        for version, path in SCHEDULE_PATHS.items()
    ],
)
def test_schedule(schedules: Scheduled, version: str) -> None:
    name = schedules.peer.integration
    if "products" in version:
        name = name.replace("/integrations/", "/products/apigee/integrations/")
    path = f"/{version.partition('-')[0]}/{name}:schedule"
    answer = schedules.send(schedules.body(), path=path)
    assert list(parsed(answer, f"{EXECUTIONS}/ScheduleIntegrations").execution_info_ids)


LONG_RUNNING = "google-operations"
PROJECT_SCOPED = (
    "proto google/api/http.proto: a service config overrides the paths of an annotation; "
    "operations of a location are at {name=projects/*/locations/*}/operations in Google's APIs"
)


def scoped(name: str, binding: str, level: Level = SHOULD) -> pytest.MarkDecorator:
    return clause(
        f"transcoding.route.google-operations.{name}",
        level,
        f"`{binding}` {level} call the method of google.longrunning.Operations.",
        source=PROJECT_SCOPED,
        features=("rest", LONG_RUNNING),
    )


def waiting(schedules: Scheduled) -> str:
    [execution_id] = schedules.accepted(schedules.body())
    return f"{schedules.peer.location}/operations/{execution_id}"


@scoped("get", "GET /v1/{name=projects/*/locations/*/operations/*}")
def test_get_google_operation(schedules: Scheduled) -> None:
    name = waiting(schedules)
    answer = schedules.peer.rest("GET", f"/v1/{name}")
    assert parsed(answer, f"{GOOGLE_OPERATIONS}/GetOperation").name == name


@scoped("list", "GET /v1/{name=projects/*/locations/*}/operations")
def test_list_google_operations(schedules: Scheduled) -> None:
    waiting(schedules)
    answer = schedules.peer.rest("GET", f"/v1/{schedules.peer.location}/operations?pageSize=1")
    assert len(parsed(answer, f"{GOOGLE_OPERATIONS}/ListOperations").operations) == 1


@scoped("cancel", "POST /v1/{name=projects/*/locations/*/operations/*}:cancel")
def test_cancel_google_operation(schedules: Scheduled) -> None:
    name = waiting(schedules)
    answer = schedules.peer.rest("POST", f"/v1/{name}:cancel", json={})
    assert expect_rest_ok(answer) == {}
    request = operations_pb2.GetOperationRequest(name=name)
    assert expect_ok(schedules.peer.google_operations.GetOperation(request)).error.code == 1


@scoped("delete", "DELETE /v1/{name=projects/*/locations/*/operations/*}")
def test_delete_google_operation(schedules: Scheduled) -> None:
    [execution_id] = schedules.accepted(schedules.body())
    name = f"{schedules.peer.location}/operations/{execution_id}"
    expect_rest_ok(schedules.peer.rest("POST", f"/v1/{name}:cancel", json={}))
    assert expect_rest_ok(schedules.peer.rest("DELETE", f"/v1/{name}")) == {}
    assert schedules.peer.rest("GET", f"/v1/{name}").status == 404


@scoped("wait", "POST /v1/{name=projects/*/locations/*/operations/*}:wait", MAY)
def test_wait_for_google_operation(schedules: Scheduled) -> None:
    name = waiting(schedules)
    answer = schedules.peer.rest("POST", f"/v1/{name}:wait", json={"timeout": "0.1s"})
    assert parsed(answer, f"{GOOGLE_OPERATIONS}/WaitOperation").name == name


@clause(
    "transcoding.route.bindings-agree",
    MUST,
    "Every binding of one method MUST do the same: an execution that one path made is an "
    "execution of every other path.",
    source=HTTP_RULE + ": additional_bindings 'define multiple HTTP methods for one RPC'",
    features=("rest", "v1alpha"),
)
def test_bindings_agree(schedules: Scheduled) -> None:
    more = f'"requestId": "{schedules.peer.name("c")[:36]}"'
    name = schedules.peer.integration
    answers = [
        schedules.send(schedules.body(more), path=f"/{version}/{name}:schedule")
        for version in ("v1", "v1alpha")
    ]
    assert ids_of(answers[0]) == ids_of(answers[1]) != []
