"""What is refused, in which words, and that nothing is half done then."""

import http.client
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from stand.apis.rules import LEAST
from stand.apis.triggers import CRON, TIMER, RestApi, TriggerApi
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

SERVICE = "/yandex.cloud.serverless.triggers.v1.TriggerService"
CREATE = f"{SERVICE}/Create"
REQUIRED = "Field is required"


def timer(**fields: Any) -> Json:
    return {"rule": {"timer": {**TIMER["timer"], **fields}}}


def function(**fields: Any) -> Json:
    return timer(invokeFunctionWithRetry={"functionId": "f", **fields})


def least(kind: str, **fields: Any) -> Json:
    merged = {**LEAST[kind], **fields}
    return {"rule": {kind: {name: value for name, value in merged.items() if value is not None}}}


INVOKE = "rule.timer.invoke_function_with_retry"

# What is sent beside a folder and, unless it says otherwise, a good rule; the fields to blame.
BAD_TRIGGERS: dict[str, tuple[Json, dict[str, str]]] = {
    "a rule": ({"rule": None}, {"rule": REQUIRED}),
    "a kind": (
        {"rule": {}},
        {"rule.rule": "Exactly one of timer, message_queue, iot_message, iot_broker_message"},
    ),
    "a cron": (timer(cronExpression=""), {"rule.timer.cron_expression": REQUIRED}),
    "an action": (
        {"rule": {"timer": {"cronExpression": CRON}}},
        {"rule.timer.action": "Exactly one of invoke_function, invoke_function_with_retry"},
    ),
    "a function": (
        timer(invokeFunctionWithRetry={}),
        {f"{INVOKE}.function_id": REQUIRED},
    ),
    "a short function id": (
        function(functionId="f" * 51),
        {f"{INVOKE}.function_id": "Length must be at most 50 characters, but was 51"},
    ),
    "a short cron": (
        timer(cronExpression="*" * 101),
        {"rule.timer.cron_expression": "Length must be at most 100 characters, but was 101"},
    ),
    "a short payload": (
        timer(payload="я" * 4097),
        {"rule.timer.payload": "Length must be at most 4096 characters, but was 4097"},
    ),
    "an interval": (
        function(retrySettings={"retryAttempts": 1}),
        {f"{INVOKE}.retry_settings.interval": REQUIRED},
    ),
    "a longer interval": (
        function(retrySettings={"retryAttempts": 1, "interval": "9s"}),
        {f"{INVOKE}.retry_settings.interval": "from 10s to 1m, but was 9s"},
    ),
    "few attempts": (
        function(retrySettings={"retryAttempts": 6, "interval": "10s"}),
        {f"{INVOKE}.retry_settings.retry_attempts": "from 1 to 5, but was 6"},
    ),
    "an account for the dead letters": (
        function(deadLetterQueue={"queueId": "q"}),
        {f"{INVOKE}.dead_letter_queue.service_account_id": REQUIRED},
    ),
    "a queue": (least("messageQueue", queueId=None), {"rule.message_queue.queue_id": REQUIRED}),
    "an account for the queue": (
        least("messageQueue", serviceAccountId=None),
        {"rule.message_queue.service_account_id": REQUIRED},
    ),
    "batch settings": (
        least("messageQueue", batchSettings=None),
        {"rule.message_queue.batch_settings": REQUIRED},
    ),
    "a cutoff": (
        least("iotMessage", batchSettings={"size": 1}),
        {"rule.iot_message.batch_settings.cutoff": REQUIRED},
    ),
    "a small batch": (
        least("mail", batchSettings={"size": 1001, "cutoff": "1s"}),
        {"rule.mail.batch_settings.size": "from 0 to 1000, but was 1001"},
    ),
    "a short cutoff": (
        least("logging", batchSettings={"size": 1, "cutoff": "61s"}),
        {"rule.logging.batch_settings.cutoff": "from 1s to 1m"},
    ),
    "a short visibility": (
        least("messageQueue", visibilityTimeout="43200.000000001s"),
        {"rule.message_queue.visibility_timeout": "at most 12h, but was 43200.000000001s"},
    ),
    "a registry": (
        least("iotMessage", registryId=None),
        {"rule.iot_message.registry_id": REQUIRED},
    ),
    "a broker": (
        least("iotBrokerMessage", brokerId=None),
        {"rule.iot_broker_message.broker_id": REQUIRED},
    ),
    "event types": (
        least("objectStorage", eventType=[]),
        {"rule.object_storage.event_type": "more than 0"},
    ),
    "image event types": (
        least("containerRegistry", eventType=None),
        {"rule.container_registry.event_type": "more than 0"},
    ),
    "a log group": (
        least("logging", logGroupId="g" * 51),
        {"rule.logging.log_group_id": "Length must be at most 50 characters, but was 51"},
    ),
    "good streams": (
        least("logging", streamName=["good", "Bad"]),
        {"rule.logging.stream_name[1]": "Field does not match the pattern"},
    ),
    "ten levels": (
        least("logging", levels=["WARN"] * 11),
        {"rule.logging.levels": "at most 10, but was 11"},
    ),
    "a billing account": (
        least("billingBudget", billingAccountId=None),
        {"rule.billing_budget.billing_account_id": REQUIRED},
    ),
    "a bucket's name": (
        least("mail", attachmentsBucket={"bucketId": "ab", "serviceAccountId": "a"}),
        {"rule.mail.attachments_bucket.bucket_id": "from 3 to 63 characters, but was 2"},
    ),
    "a folder": ({"folderId": ""}, {"folder_id": REQUIRED}),
    "a short folder id": ({"folderId": "f" * 51}, {"folder_id": "at most 50"}),
    "a short description": ({"description": "d" * 501}, {"description": "at most 500"}),
    "64 labels": (
        {"labels": {f"k{number}": "" for number in range(65)}},
        {"labels": "at most 64, but was 65"},
    ),
    "good keys": ({"labels": {"Bad": "v"}}, {"labels[Bad]": "Key does not match the pattern"}),
    "short keys": ({"labels": {"k" * 64: "v"}}, {f"labels[{'k' * 64}]": "63"}),
    "good values": ({"labels": {"k": "Bad"}}, {"labels[k]": "Field does not match the pattern"}),
    "several things": (
        {"name": "Bad", "description": "d" * 501, **timer(cronExpression="")},
        {
            "name": "Field does not match the pattern",
            "description": "at most 500",
            "rule.timer.cron_expression": REQUIRED,
        },
    ),
}


@pytest.mark.parametrize("needed", BAD_TRIGGERS)
def test_a_trigger_needs(api: TriggerApi, folder: str, needed: str) -> None:
    sent, blamed = BAD_TRIGGERS[needed]
    request = {"folderId": folder, **TIMER_RULE, **sent}
    with pytest.raises(Refused) as refused:
        api.call("Create", {name: value for name, value in request.items() if value is not None})

    told = refused.value
    assert (told.code, told.http) in (("INVALID_ARGUMENT", None), ("INVALID_ARGUMENT", 400))
    assert list(told.fields) == list(blamed)
    for field, words in blamed.items():
        assert words in told.fields[field]
    lines = [f"  - {name}: {description}" for name, description in told.fields.items()]
    assert told.message == "\n".join(["Validation failed:", *lines])
    assert not api.call("List", {"folderId": folder}).get("triggers")


TIMER_RULE: Json = {"rule": TIMER}

BAD_CRONS = {
    "* * * * *": "Support for specifying both a day-of-week AND a day-of-month",
    "* * ? * ? *": "'?' can only be specified for Day-of-Month -OR- Day-of-Week",
    "0 0 * ? * *": "'?' can only be specified for Day-of-Month or Day-of-Week",
    "60 * * * ? *": "minutes",
    "* 24 * * ? *": "hours",
    "* * 32 * ? *": "day-of-month",
    "* * * 13 ? *": "month",
    "* * ? * 8 *": "day-of-week",
    "* * * * ? 2100": "year",
    "* * * FOO ? *": "FOO",
    "0 0 12 * * ? *": "fields",
    "* * *": "fields",
    "nonsense": "fields",
    "@daily": "fields",
    "*/0 * * * ? *": "minutes",
    "я * * * ? *": "not ASCII",
}


@pytest.mark.parametrize(("cron", "told"), BAD_CRONS.items())
def test_a_bad_cron_is_refused_with_what_is_wrong(
    api: TriggerApi, folder: str, cron: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        api.call("Create", {"folderId": folder, **timer(cronExpression=cron)})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["rule.timer.cron_expression"]
    assert told.lower() in refused.value.fields["rule.timer.cron_expression"].lower()
    assert not api.call("List", {"folderId": folder}).get("triggers")


def test_an_error_tells_its_reason_and_the_requests_id(api: TriggerApi) -> None:
    with pytest.raises(Refused) as refused:
        api.call("Create", {})
    types = [detail["@type"].rpartition(".")[2] for detail in refused.value.details]
    assert types == ["BadRequest", "ErrorInfo", "RequestInfo"]
    assert refused.value.details[1]["domain"] == "tocsin"
    assert refused.value.details[1]["reason"] == "INVALID_FIELDS"
    assert refused.value.details[2]["requestId"]


def test_a_request_id_that_was_sent_comes_back(rest_api: RestApi) -> None:
    headers = {"X-Request-Id": "11111111-2222-4333-8444-555555555555"}
    reply = rest_api.send("GET", "/triggers/v1/triggers/nowhere", headers=headers)
    assert reply.status == 404
    assert reply.json["details"][1]["requestId"] == headers["X-Request-Id"]
    assert reply.headers["x-request-id"] == headers["X-Request-Id"]


@pytest.mark.parametrize("request_id", ["\xe9\xe8", "x" * 500, "a\tb"])
def test_a_request_id_that_cannot_come_back_harms_nothing(
    rest_api: RestApi, request_id: str
) -> None:
    reply = rest_api.send(
        "GET", "/triggers/v1/triggers/nowhere", headers={"X-Request-Id": request_id}
    )
    assert reply.status == 404
    assert 0 < len(reply.json["details"][1]["requestId"]) <= 64
    assert reply.headers["x-request-id"] == reply.json["details"][1]["requestId"]


MANY_LABELS = {"labels": {f"Я{number:02}" + "я" * 60: "Ю" * 63 for number in range(64)}}
MANY_ITEMS = least("logging", resourceType=["ю" * 5000] * 100, resourceId=["!"] * 100)
MANY_FIELDS: Json = {"folderId": "f" * 500, "name": "я" * 500, "description": "я" * 5000}


@pytest.mark.parametrize(
    "sent",
    [MANY_LABELS, MANY_ITEMS, MANY_FIELDS | MANY_LABELS | MANY_ITEMS],
    ids=["labels", "items", "everything"],
)
def test_any_number_of_violations_can_be_read(api: TriggerApi, folder: str, sent: Json) -> None:
    with pytest.raises(Refused) as refused:
        api.call("Create", {"folderId": folder, **TIMER_RULE, **sent})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert refused.value.message.startswith("Validation failed:\n  - ")
    assert " more" in refused.value.message.splitlines()[-1]
    assert refused.value.fields


def test_any_number_of_unknown_paths_can_be_read(server: Tocsin) -> None:
    request = contract.UpdateTriggerRequest(trigger_id="t")
    request.update_mask.paths.extend(f"{'я' * 100}{number}" for number in range(10_000))
    with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        TriggerServiceStub(channel).Update(request)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_the_text_and_the_details_of_an_error_agree(server: Tocsin) -> None:
    with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        TriggerServiceStub(channel).Create(contract.CreateTriggerRequest())
    status = rpc_status.from_call(refused.value)
    assert status is not None
    assert status.code == refused.value.code().value[0] == 3
    assert status.message == refused.value.details()
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad)
    assert [violation.field for violation in bad.field_violations] == ["folder_id", "rule"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff\xff",
        b"\x0a\x05abc",
        b"\x0a\x02\xff\xfe",
        contract.CreateTriggerRequest(folder_id="f").SerializeToString()[:-1] + b"\xff",
    ],
    ids=["no field", "cut short", "no UTF-8", "no UTF-8 in a good message"],
)
def test_bytes_that_are_no_request_are_the_clients_error(server: Tocsin, garbage: bytes) -> None:
    with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(CREATE)(garbage)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "not a message of this method" in refused.value.details()


@pytest.mark.parametrize(
    "method", [f"{SERVICE}/NoSuch", "/yandex.cloud.serverless.triggers.v9.TriggerService/Get"]
)
def test_a_method_that_is_not_there_is_unimplemented(server: Tocsin, method: str) -> None:
    with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(method)(b"", metadata=[("x-request-id", "mine")])
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert method[1:] in refused.value.details()
    status = rpc_status.from_call(refused.value)
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.RequestInfo()
    assert [status.details[0].Unpack(info), status.details[1].Unpack(request)] == [True, True]
    assert (info.reason, request.request_id) == ("METHOD_UNKNOWN", "mine")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"text"', b'{"rule": 1}', b'{"folderId": {}}', b'{"labels": ["a"]}'],
    ids=bytes.decode,
)
def test_a_body_that_is_no_request_is_the_clients_error(rest_api: RestApi, body: bytes) -> None:
    reply = rest_api.send("POST", "/triggers/v1/triggers", body)
    assert reply.status == 400
    assert reply.json["code"] == 3
    assert reply.json["message"]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/nothing"),
        ("POST", "/"),
        ("GET", "/triggers/v1/nothing"),
        ("PUT", "/triggers/v1/triggers/x"),
        ("POST", "/triggers/v1/triggers/x:explode"),
    ],
)
def test_a_path_that_is_not_served_is_not_found(rest_api: RestApi, verb: str, path: str) -> None:
    reply = rest_api.send(verb, path, b"{}" if verb != "GET" else None)
    assert reply.status == 404
    assert reply.json["code"] == 5


def test_a_query_parameter_that_is_not_known_is_refused(rest_api: RestApi, folder: str) -> None:
    reply = rest_api.send("GET", f"/triggers/v1/triggers?folderId={folder}&nonsense=1")
    assert reply.status == 400
    assert reply.json["code"] == 3


def test_a_body_without_a_content_type_is_read_as_json(server: Tocsin, folder: str) -> None:
    connection = http.client.HTTPConnection(server.http_address, timeout=30)
    try:
        connection.request("POST", "/triggers/v1/triggers", b'{"folderId": "x"}')
        answer = connection.getresponse()
        assert (answer.status, b"rule: Field is required" in answer.read()) == (400, True)
    finally:
        connection.close()
