"""Every documented path and verb reaches its method, with the fields where they belong."""

import re

import pytest
from google.longrunning import operations_pb2
from google.protobuf import text_format
from google.protobuf.message import Message

from gateway.fake_upstream import SERVICES
from gateway.rest_client import Rest
from tocsin.contract.routes import routes
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2, integrations_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import (
    integration_versions_pb2 as versions_pb2,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

GATEWAYS = ("envoy", "grpc-gateway")

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
OPERATIONS = "yandex.cloud.operation.OperationService"
INTEGRATIONS = "google.cloud.integrations.v1alpha.Integrations"
VERSIONS = "google.cloud.integrations.v1alpha.IntegrationVersions"
EXECUTIONS = "google.cloud.integrations.v1alpha.Executions"
LONGRUNNING = "google.longrunning.Operations"

PLACE = "projects/p1/locations/eu"
BODY = {"triggerId": "api_trigger/x"}


def schedule(name: str) -> Message:
    return executions_pb2.ScheduleIntegrationsRequest(name=name, trigger_id="api_trigger/x")


# verb, path, body, method, request: as in the vendors' references and in our overlay.
CALLS: list[tuple[str, str, object, str, Message]] = [
    (
        *("GET", "/triggers/v1/triggers/a1s", None, f"{TRIGGERS}.Get"),
        trigger_service_pb2.GetTriggerRequest(trigger_id="a1s"),
    ),
    (
        *("GET", "/triggers/v1/triggers?folderId=f&pageSize=7&pageToken=t&filter=name%3Dx", None),
        f"{TRIGGERS}.List",
        trigger_service_pb2.ListTriggersRequest(
            folder_id="f", page_size=7, page_token="t", filter="name=x"
        ),
    ),
    (
        *("POST", "/triggers/v1/triggers", {"folderId": "f", "name": "n"}, f"{TRIGGERS}.Create"),
        trigger_service_pb2.CreateTriggerRequest(folder_id="f", name="n"),
    ),
    (
        *("PATCH", "/triggers/v1/triggers/a1s", {"name": "n"}, f"{TRIGGERS}.Update"),
        trigger_service_pb2.UpdateTriggerRequest(trigger_id="a1s", name="n"),
    ),
    (
        *("DELETE", "/triggers/v1/triggers/a1s", None, f"{TRIGGERS}.Delete"),
        trigger_service_pb2.DeleteTriggerRequest(trigger_id="a1s"),
    ),
    (
        *("POST", "/triggers/v1/triggers/a1s:pause", None, f"{TRIGGERS}.Pause"),
        trigger_service_pb2.PauseTriggerRequest(trigger_id="a1s"),
    ),
    (
        *("POST", "/triggers/v1/triggers/a1s:resume", {}, f"{TRIGGERS}.Resume"),
        trigger_service_pb2.ResumeTriggerRequest(trigger_id="a1s"),
    ),
    (
        *("GET", "/triggers/v1/triggers/a1s/operations?pageSize=2", None),
        f"{TRIGGERS}.ListOperations",
        trigger_service_pb2.ListTriggerOperationsRequest(trigger_id="a1s", page_size=2),
    ),
    (
        *("GET", "/operations/op1", None, f"{OPERATIONS}.Get"),
        operation_service_pb2.GetOperationRequest(operation_id="op1"),
    ),
    (
        *("GET", "/operations/op1:cancel", None, f"{OPERATIONS}.Cancel"),
        operation_service_pb2.CancelOperationRequest(operation_id="op1"),
    ),
    (
        *("POST", "/operations/op1:cancel", None, f"{OPERATIONS}.Cancel"),
        operation_service_pb2.CancelOperationRequest(operation_id="op1"),
    ),
]
for version in ("v1", "v1alpha"):
    CALLS += [
        (
            *("POST", f"/{version}/{name}:schedule", BODY),
            f"{EXECUTIONS}.ScheduleIntegrations",
            schedule(name),
        )
        for name in (f"{PLACE}/integrations/i", f"{PLACE}/products/p/integrations/i")
    ]
    operation = f"{PLACE}/operations/o1"
    CALLS += [
        (
            *("GET", f"/{version}/{PLACE}/operations?pageSize=3", None),
            f"{LONGRUNNING}.ListOperations",
            operations_pb2.ListOperationsRequest(name=PLACE, page_size=3),
        ),
        (
            *("GET", f"/{version}/{operation}", None, f"{LONGRUNNING}.GetOperation"),
            operations_pb2.GetOperationRequest(name=operation),
        ),
        (
            *("DELETE", f"/{version}/{operation}", None, f"{LONGRUNNING}.DeleteOperation"),
            operations_pb2.DeleteOperationRequest(name=operation),
        ),
        (
            *("POST", f"/{version}/{operation}:cancel", {}, f"{LONGRUNNING}.CancelOperation"),
            operations_pb2.CancelOperationRequest(name=operation),
        ),
        (
            *("POST", f"/{version}/{operation}:wait", {"timeout": "1.5s"}),
            f"{LONGRUNNING}.WaitOperation",
            text_format.Parse(
                f'name: "{operation}" timeout {{ seconds: 1 nanos: 500000000 }}',
                operations_pb2.WaitOperationRequest(),
            ),
        ),
    ]
# Each version of Google's API has the methods of executions that its discovery document has.
ONE, OF_PRODUCT = f"{PLACE}/integrations/i", f"{PLACE}/products/p/integrations/i"
for parent in (f"v1/{ONE}", f"v1/{OF_PRODUCT}", f"v1alpha/{ONE}", f"v1alpha/{OF_PRODUCT}"):
    listed = executions_pb2.ListExecutionsRequest(parent=parent.partition("/")[2], page_size=2)
    path = f"/{parent}/executions?pageSize=2"
    CALLS.append(("GET", path, None, f"{EXECUTIONS}.ListExecutions", listed))
for parent in (f"v1/{ONE}", f"v1/{OF_PRODUCT}", f"v1alpha/{OF_PRODUCT}"):
    name = f"{parent.partition('/')[2]}/executions/e1"
    got = executions_pb2.GetExecutionRequest(name=name)
    CALLS.append(("GET", f"/{parent}/executions/e1", None, f"{EXECUTIONS}.GetExecution", got))
for parent in (f"v1/{ONE}", f"v1/{OF_PRODUCT}"):
    name = f"{parent.partition('/')[2]}/executions/e1"
    got_whole = executions_pb2.DownloadExecutionRequest(name=name)
    path = f"/{parent}/executions/e1:download"
    CALLS.append(("GET", path, None, f"{EXECUTIONS}.DownloadExecution", got_whole))
for parent in (f"v1/{ONE}", f"v1alpha/{OF_PRODUCT}"):
    name = f"{parent.partition('/')[2]}/executions/e1"
    cancelled = executions_pb2.CancelExecutionRequest(name=name, cancel_reason="late")
    path, sent = f"/{parent}/executions/e1:cancel", {"cancelReason": "late"}
    CALLS.append(("POST", path, sent, f"{EXECUTIONS}.CancelExecution", cancelled))
for parent in (f"v1/{ONE}", f"v1/{OF_PRODUCT}", f"v1alpha/{ONE}", f"v1alpha/{OF_PRODUCT}"):
    executed = executions_pb2.ExecuteIntegrationsRequest(
        name=parent.partition("/")[2], trigger_id="api_trigger/x"
    )
    path, sent = f"/{parent}:execute", BODY
    CALLS.append(("POST", path, sent, f"{EXECUTIONS}.ExecuteIntegrations", executed))
for version in ("v1", "v1alpha"):
    came = executions_pb2.ExecuteEventRequest(name=ONE, trigger_id="api_trigger/x")
    came.event.update({"a": 1})
    path = f"/{version}/{ONE}:executeEvent?triggerId=api_trigger%2Fx"
    CALLS.append(("POST", path, {"a": 1}, f"{EXECUTIONS}.ExecuteEvent", came))
packed = versions_pb2.DownloadJsonPackageRequest(name=f"{ONE}/versions/v1", files=["INTEGRATION"])
path = f"/v1/{ONE}/versions/v1:downloadJsonPackage?files=INTEGRATION"
CALLS.append(("GET", path, None, f"{VERSIONS}.DownloadJsonPackage", packed))
for name in (ONE, OF_PRODUCT, f"{ONE}/versions/v1"):
    tested = executions_pb2.TestIntegrationsRequest(name=name, trigger_id="api_trigger/x")
    CALLS.append(("POST", f"/v1/{name}:test", BODY, f"{EXECUTIONS}.TestIntegrations", tested))
replayed = executions_pb2.ReplayExecutionRequest(name=f"{ONE}/executions/e1", replay_reason="r")
path, sent = f"/v1/{ONE}/executions/e1:replay", {"replayReason": "r"}
CALLS.append(("POST", path, sent, f"{EXECUTIONS}.ReplayExecution", replayed))
for parent in (
    *(f"v1/{PLACE}", f"v1/{PLACE}/products/p"),
    *(f"v1alpha/{PLACE}", f"v1alpha/{PLACE}/products/p"),
):
    listed_in = integrations_pb2.ListIntegrationsRequest(
        parent=parent.partition("/")[2], filter="active=true"
    )
    path = f"/{parent}/integrations?filter=active%3Dtrue"
    CALLS.append(("GET", path, None, f"{INTEGRATIONS}.ListIntegrations", listed_in))
searched = integrations_pb2.SearchIntegrationsRequest(parent=PLACE, query="a b")
path = f"/v1/{PLACE}/integrations:search?query=a%20b"
CALLS.append(("GET", path, None, f"{INTEGRATIONS}.SearchIntegrations", searched))
for parent in (f"v1/{ONE}", f"v1alpha/{ONE}", f"v1alpha/{OF_PRODUCT}"):
    deleted = integrations_pb2.DeleteIntegrationRequest(name=parent.partition("/")[2])
    CALLS.append(("DELETE", f"/{parent}", None, f"{INTEGRATIONS}.DeleteIntegration", deleted))
for parent in (f"v1/{ONE}", f"v1/{OF_PRODUCT}", f"v1alpha/{ONE}", f"v1alpha/{OF_PRODUCT}"):
    of, name = parent.partition("/")[2], f"{parent.partition('/')[2]}/versions/v1"
    described = IntegrationVersion(description="d")
    CALLS += [
        (
            *("POST", f"/{parent}/versions?newIntegration=true", {"description": "d"}),
            f"{VERSIONS}.CreateIntegrationVersion",
            versions_pb2.CreateIntegrationVersionRequest(
                parent=of, integration_version=described, new_integration=True
            ),
        ),
        (
            *("GET", f"/{parent}/versions?fieldMask=state", None),
            f"{VERSIONS}.ListIntegrationVersions",
            versions_pb2.ListIntegrationVersionsRequest(parent=of, field_mask={"paths": ["state"]}),
        ),
        (
            *("GET", f"/{parent}/versions/v1", None, f"{VERSIONS}.GetIntegrationVersion"),
            versions_pb2.GetIntegrationVersionRequest(name=name),
        ),
        (
            *("PATCH", f"/{parent}/versions/v1?updateMask=description", {"description": "d"}),
            f"{VERSIONS}.UpdateIntegrationVersion",
            versions_pb2.UpdateIntegrationVersionRequest(
                name=name, integration_version=described, update_mask={"paths": ["description"]}
            ),
        ),
        (
            *("POST", f"/{parent}/versions/v1:publish", {"validateOnly": True}),
            f"{VERSIONS}.PublishIntegrationVersion",
            versions_pb2.PublishIntegrationVersionRequest(name=name, validate_only=True),
        ),
        (
            *("POST", f"/{parent}/versions/v1:unpublish", {}),
            f"{VERSIONS}.UnpublishIntegrationVersion",
            versions_pb2.UnpublishIntegrationVersionRequest(name=name),
        ),
        (
            *("POST", f"/{parent}/versions:upload", {"content": "{}", "fileFormat": "YAML"}),
            f"{VERSIONS}.UploadIntegrationVersion",
            versions_pb2.UploadIntegrationVersionRequest(
                parent=of, content="{}", file_format="YAML"
            ),
        ),
        (
            *("GET", f"/{parent}/versions/v1:download?fileFormat=YAML&files=INTEGRATION", None),
            f"{VERSIONS}.DownloadIntegrationVersion",
            versions_pb2.DownloadIntegrationVersionRequest(
                name=name, file_format="YAML", files=["INTEGRATION"]
            ),
        ),
        (
            *("DELETE", f"/{parent}/versions/v1", None, f"{VERSIONS}.DeleteIntegrationVersion"),
            versions_pb2.DeleteIntegrationVersionRequest(name=name),
        ),
    ]


@pytest.mark.parametrize(
    ("verb", "path", "body", "method", "request_message"),
    CALLS,
    ids=[f"{verb} {path}" for verb, path, *_ in CALLS],
)
def test_a_path_reaches_its_method(
    rest: Rest, verb: str, path: str, body: object, method: str, request_message: Message
) -> None:
    reply = rest.call(verb, path, body)

    assert reply.status == 200, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert [(call.method, call.request) for call in rest.upstream.calls] == [
        (method, request_message)
    ]


def test_the_table_names_every_route_that_is_served() -> None:
    def matches(verb: str, path: str, template: str) -> bool:
        pattern = re.sub(r"\{\w+=([^}]*)\}", r"\1", template)
        pattern = re.sub(r"\{\w+\}|\*", "[^/:]+", pattern)
        return re.fullmatch(pattern, path.partition("?")[0]) is not None

    unnamed = [
        route
        for route in routes(SERVICES)
        if not any(
            (route.method, route.http_verb) == (method, verb)
            and matches(verb, path, route.template)
            for verb, path, _, method, _ in CALLS
        )
    ]
    assert unnamed == []
    assert len(routes(SERVICES)) == len(CALLS)


@pytest.mark.parametrize(
    ("path", "trigger_id"),
    [
        ("/triggers/v1/triggers/a%2Fb", "a/b"),
        ("/triggers/v1/triggers/a%20b", "a b"),
        ("/triggers/v1/triggers/a+b", "a+b"),
        ("/triggers/v1/triggers/%D0%B6", "ж"),
    ],
)
def test_a_single_segment_is_decoded_whole(rest: Rest, path: str, trigger_id: str) -> None:
    assert rest.call("GET", path).status == 200
    assert rest.upstream.calls[0].request.trigger_id == trigger_id


def test_a_slash_in_a_name_of_many_segments_stays_escaped(rest: Rest) -> None:
    assert rest.call("GET", f"/v1/{PLACE}/operations/a%2Fb%20%3Ac").status == 200
    assert rest.upstream.calls[0].request.name == f"{PLACE}/operations/a%2Fb :c"


def test_a_plus_in_a_query_is_a_space(rest: Rest) -> None:
    reply = rest.call("GET", "/triggers/v1/triggers?folder_id=f&filter=name+%3D+%22x%22")

    assert reply.status == 200
    assert rest.upstream.calls[0].request.filter == 'name = "x"'
    assert rest.upstream.calls[0].request.folder_id == "f"  # a proto name


@pytest.mark.parametrize(
    "query",
    [
        "alt=json&prettyPrint=false",
        "$alt=json%3Benum-encoding%3Dint&$prettyPrint=true",
        "%24alt=json&%24.xgafv=2",
        "fields=*&key=k&quotaUser=u&access_token=t&oauth_token=o",
        "$fields=*&$key=k&$quotaUser=u&$.xgafv=1&$ct=x&$apiVersion=1",
        "$outputDefaults=1&$unique=x&uploadType=media&upload_protocol=raw",
    ],
)
def test_googles_system_parameters_are_let_through_on_its_paths(rest: Rest, query: str) -> None:
    assert rest.call("GET", f"/v1/{PLACE}/operations/o?{query}").status == 200
    assert rest.call("POST", f"/v1/{PLACE}/integrations/i:schedule?{query}", BODY).status == 200


def test_googles_system_parameters_mean_nothing_elsewhere(rest: Rest) -> None:
    reply = rest.call("GET", "/triggers/v1/triggers/a1s?alt=json")

    assert reply.status == 400
    assert '"alt"' in reply.json["message"]


@pytest.mark.parametrize("given", ["idempotency-key", "authorization", "x-goog-request-params"])
def test_request_headers_become_metadata(rest: Rest, given: str) -> None:
    rest.call("GET", "/operations/op1", headers={given.title(): "some value"})

    assert rest.upstream.calls[0].metadata[given] == "some value"


def test_a_request_id_is_kept_and_answered(rest: Rest) -> None:
    reply = rest.call("GET", "/operations/op1", headers={"X-Request-Id": "mine"})

    assert reply.headers["x-request-id"] == "mine"
    assert rest.upstream.calls[0].metadata["x-request-id"] == "mine"


def test_a_client_cannot_steer_envoy(rest: Rest) -> None:
    steer = {"x-envoy-upstream-rq-timeout-ms": "1", "x-envoy-original-path": "/forged"}
    reply = rest.call("GET", "/operations/op1", headers=steer)

    assert reply.status == 200
    metadata = rest.upstream.calls[0].metadata
    assert "x-envoy-upstream-rq-timeout-ms" not in metadata
    assert metadata["x-envoy-original-path"] == "/operations/op1"
