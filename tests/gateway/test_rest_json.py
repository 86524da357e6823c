"""How messages look as JSON, going in and coming out."""

import gzip
import json

import pytest
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from gateway.rest_client import Rest
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.yandex.cloud.operation import operation_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

GATEWAYS = ("envoy", "grpc-gateway")

TRIGGERS = "yandex.cloud.serverless.triggers.v1"
QUEUE = {"queueId": "q", "serviceAccountId": "s", "invokeFunction": {"functionId": "f"}}


@pytest.mark.parametrize("size", [5, "5"])
def test_int64_is_taken_as_number_and_as_string(rest: Rest, size: int | str) -> None:
    batch = {"size": size, "cutoff": "10s"}
    rule = {"messageQueue": {**QUEUE, "batchSettings": batch, "visibilityTimeout": "1.5s"}}
    assert rest.call("POST", "/triggers/v1/triggers", {"rule": rule}).status == 200

    sent = rest.upstream.calls[0].request.rule.message_queue
    assert sent.batch_settings.size == 5
    assert sent.batch_settings.cutoff.seconds == 10
    assert sent.visibility_timeout.nanos == 500_000_000


def test_proto_names_are_taken_as_well(rest: Rest) -> None:
    body = {"folder_id": "f", "rule": {"message_queue": {"queue_id": "q"}}}
    assert rest.call("POST", "/triggers/v1/triggers", body).status == 200

    sent = rest.upstream.calls[0].request
    assert sent.folder_id == "f"
    assert sent.rule.message_queue.queue_id == "q"


def test_a_mask_is_one_string_of_names_joined_by_commas(rest: Rest) -> None:
    body = {"updateMask": "name,folderId,rule.messageQueue", "name": "n"}
    assert rest.call("PATCH", "/triggers/v1/triggers/a1s", body).status == 200

    paths = list(rest.upstream.calls[0].request.update_mask.paths)
    assert paths == ["name", "folder_id", "rule.message_queue"]


@pytest.mark.parametrize("value", ["INT_VALUE", 2])
def test_an_enum_is_taken_by_name_and_by_number(rest: Rest, value: str | int) -> None:
    body = {"triggerId": "t", "parameterEntries": [{"key": "k", "dataType": value}]}
    path = "/v1/projects/p/locations/l/integrations/i:schedule"
    assert rest.call("POST", path, body).status == 200

    assert rest.upstream.calls[0].request.parameter_entries[0].data_type == 2


def test_an_unknown_field_of_a_body_is_dropped(rest: Rest) -> None:
    body = {"folderId": "f", "nope": {"a": [1]}}
    assert rest.call("POST", "/triggers/v1/triggers", body).status == 200

    expected = trigger_service_pb2.CreateTriggerRequest(folder_id="f")
    assert rest.upstream.calls[0].request == expected


@pytest.mark.parametrize("text", ["ж" * 50_000, "}", '"{', "\\", '\\"[', "\\\\"])
def test_a_body_may_be_compressed(rest: Rest, text: str) -> None:
    body = json.dumps({"folderId": "f", "description": text}, ensure_ascii=False)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    reply = rest.call("POST", "/triggers/v1/triggers", gzip.compress(body.encode()), headers)
    assert reply.status == 200, reply.text

    expected = trigger_service_pb2.CreateTriggerRequest(folder_id="f", description=text)
    assert rest.upstream.calls[0].request == expected
    assert "content-encoding" not in rest.upstream.calls[0].metadata


def test_presence_of_an_empty_message_is_kept(rest: Rest) -> None:
    body = {"rule": {"timer": {"invokeFunction": {}}}}
    assert rest.call("POST", "/triggers/v1/triggers", body).status == 200

    timer = rest.upstream.calls[0].request.rule.timer
    assert timer.HasField("invoke_function")
    assert not rest.upstream.calls[0].request.rule.HasField("mail")


def test_an_operation_that_is_not_done_says_so_and_prints_no_unset_message(rest: Rest) -> None:
    operation = operation_pb2.Operation(id="op1", description="Create trigger")
    operation.metadata.Pack(trigger_service_pb2.CreateTriggerMetadata(trigger_id="a1s"))
    rest.upstream.answer = operation

    assert rest.call("POST", "/triggers/v1/triggers", {}).json == {
        "id": "op1",
        "description": "Create trigger",
        "createdBy": "",
        "done": False,
        "metadata": {
            "@type": f"type.googleapis.com/{TRIGGERS}.CreateTriggerMetadata",
            "triggerId": "a1s",
        },
    }


def test_a_trigger_inside_an_operation_is_printed(rest: Rest) -> None:
    trigger = trigger_pb2.Trigger(id="a1s", status=trigger_pb2.Trigger.ACTIVE)
    trigger.rule.timer.cron_expression = "* * * * ? *"
    trigger.rule.timer.invoke_function_with_retry.retry_settings.retry_attempts = 3
    trigger.rule.timer.invoke_function_with_retry.retry_settings.interval.seconds = 10
    trigger.created_at.FromJsonString("2026-11-21T10:00:00.5Z")
    operation = operation_pb2.Operation(id="op1", done=True)
    operation.response.Pack(trigger)
    rest.upstream.answer = operation

    response = rest.call("GET", "/operations/op1").json["response"]

    assert response["@type"].endswith("/yandex.cloud.serverless.triggers.v1.Trigger")
    assert response["status"] == "ACTIVE"
    assert response["createdAt"] == "2026-11-21T10:00:00.500Z"
    assert response["labels"] == {}
    assert set(response["rule"]) == {"timer"}
    assert "invokeFunction" not in response["rule"]["timer"]
    retried = response["rule"]["timer"]["invokeFunctionWithRetry"]
    assert retried["retrySettings"] == {"retryAttempts": "3", "interval": "10s"}
    assert "deadLetterQueue" not in retried


def test_a_deletion_answers_with_an_empty_message(rest: Rest) -> None:
    operation = operation_pb2.Operation(id="op1", done=True)
    operation.response.Pack(empty_pb2.Empty())
    rest.upstream.answer = operation

    response = rest.call("DELETE", "/triggers/v1/triggers/a1s").json["response"]
    assert response["@type"] == "type.googleapis.com/google.protobuf.Empty"


def test_googles_answers_leave_defaults_out(rest: Rest) -> None:
    operation = operations_pb2.Operation(name="projects/p/locations/l/operations/o")
    rest.upstream.answer = operation
    reply = rest.call("GET", f"/v1/{operation.name}")
    assert reply.json == {"name": operation.name}

    rest.upstream.answer = executions_pb2.ScheduleIntegrationsResponse(execution_info_ids=["e"])
    reply = rest.call("POST", "/v1/projects/p/locations/l/integrations/i:schedule", {})
    assert reply.json == {"executionInfoIds": ["e"]}


def test_a_large_answer_comes_whole(rest: Rest) -> None:
    triggers = [trigger_pb2.Trigger(id=str(n), description="d" * 10_000) for n in range(300)]
    rest.upstream.answer = trigger_service_pb2.ListTriggersResponse(triggers=triggers)

    found = rest.call("GET", "/triggers/v1/triggers").json["triggers"]
    assert [trigger["id"] for trigger in found] == [str(n) for n in range(300)]


@pytest.mark.parametrize("name", ["trigger_id", "triggerId"])
def test_the_path_and_the_body_may_not_name_different_things(rest: Rest, name: str) -> None:
    reply = rest.call("PATCH", "/triggers/v1/triggers/a1s", {name: "other"})
    assert (reply.status, reply.json["code"]) == (400, 3)
    assert rest.upstream.calls == []
