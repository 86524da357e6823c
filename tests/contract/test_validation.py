"""What a request must hold to be accepted, rule by rule, as the contract's options say.

BOUNDARIES states each rule of each request that is served: a value just inside, one just outside,
and what the client is then told. The limits are written out here on purpose, so that a rule
changed in a .proto makes a test fail; a rule added there without a row here does, too.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from google.api import field_behavior_pb2
from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.contract import ContractError
from tocsin.contract.validation import MOST_REPORTED, Violation, message, validator
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha import (
    integration_version_pb2 as version_pb2,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2 as operations
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as service

SERVED: list[FileDescriptor] = [
    service.DESCRIPTOR,
    operations.DESCRIPTOR,
    executions_pb2.DESCRIPTOR,
    operations_pb2.DESCRIPTOR,
]
REQUESTS: list[Descriptor] = [
    method.input_type
    for file in SERVED
    for name in sorted(file.services_by_name)
    for method in file.services_by_name[name].methods
]

Create = service.CreateTriggerRequest
Update = service.UpdateTriggerRequest
ListOperations = service.ListTriggerOperationsRequest
Schedule = executions_pb2.ScheduleIntegrationsRequest
ListExecutions = executions_pb2.ListExecutionsRequest
Execute = executions_pb2.ExecuteIntegrationsRequest
ExecuteEvent = executions_pb2.ExecuteEventRequest
Tried = executions_pb2.TestIntegrationsRequest
Replay = executions_pb2.ReplayExecutionRequest
CancelExecution = executions_pb2.CancelExecutionRequest


def broken(request: Message) -> list[tuple[str, str]]:
    """What the validator says, as plain pairs."""
    return [(v.field, v.description) for v in validator(request.DESCRIPTOR)(request)]


# --- Building requests: the least that is valid, but for one place ----------------------------

ACTION = {"invoke_function": {"function_id": "f"}}
CUTOFF = {"batch_settings": {"cutoff": "10s"}}
LEAST: dict[str, dict[str, Any]] = {
    "GetTriggerRequest": {"trigger_id": "t"},
    "ListTriggersRequest": {"folder_id": "f"},
    "CreateTriggerRequest": {
        "folder_id": "f",
        "rule": {"timer": {"cron_expression": "* * * * ? *", **ACTION}},
    },
    "UpdateTriggerRequest": {"trigger_id": "t"},
    "DeleteTriggerRequest": {"trigger_id": "t"},
    "PauseTriggerRequest": {"trigger_id": "t"},
    "ResumeTriggerRequest": {"trigger_id": "t"},
    "ListTriggerOperationsRequest": {"trigger_id": "t"},
    "GetOperationRequest": {"operation_id": "o"},
    "CancelOperationRequest": {"operation_id": "o"},
    "ScheduleIntegrationsRequest": {"name": "n", "trigger_id": "t"},
    "ListExecutionsRequest": {"parent": "p"},
    "GetExecutionRequest": {"name": "n"},
    "DownloadExecutionRequest": {"name": "n"},
    "CancelExecutionRequest": {"name": "n"},
    "ExecuteIntegrationsRequest": {"name": "n", "trigger_id": "t"},
    "ExecuteEventRequest": {"name": "n", "trigger_id": "t"},
    "TestIntegrationsRequest": {"name": "n", "trigger_id": "t"},
    "ReplayExecutionRequest": {"name": "n", "replay_reason": "r"},
    "Timer": {"cron_expression": "* * * * ? *", **ACTION},
    "MessageQueue": {"queue_id": "q", "service_account_id": "a", **CUTOFF, **ACTION},
    "IoTMessage": {"registry_id": "r", **ACTION},
    "IoTBrokerMessage": {"broker_id": "b", **ACTION},
    "ObjectStorage": {"event_type": [1], **ACTION},
    "ContainerRegistry": {"event_type": [1], **ACTION},
    "CloudLogs": {"batch_settings": {}, **ACTION},
    "Logging": {"batch_settings": {}, **ACTION},
    "BillingBudget": {"billing_account_id": "b", **ACTION},
    "DataStream": ACTION,
    "Mail": ACTION,
    "InvokeFunctionOnce": {"function_id": "f"},
    "InvokeFunctionWithRetry": {"function_id": "f"},
    "InvokeContainerOnce": {"container_id": "c"},
    "InvokeContainerWithRetry": {"container_id": "c"},
    "GatewayWebsocketBroadcast": {"gateway_id": "g", "path": "/", "service_account_id": "a"},
    "StartWorkflowOnce": {"workflow_id": "w"},
    "StartWorkflowWithRetry": {"workflow_id": "w"},
    "RetrySettings": {"interval": "10s"},
    "PutQueueMessage": {"service_account_id": "a"},
    "BatchSettings": {"cutoff": "10s"},
    "ObjectStorageBucketSettings": {"service_account_id": "a"},
}


def least(kind: type[Message]) -> Any:
    return ParseDict(LEAST[kind.DESCRIPTOR.name], kind())


def holding(kind: type[Message], path: str, value: Any) -> Any:
    """The least valid request, with this value at the path; None takes away what is there."""
    request = least(kind)
    place: Any = request
    *outer, last = path.split(".")
    for name in outer:
        entered, place = place.HasField(name), getattr(place, name)
        if not entered:
            place.SetInParent()
            ParseDict(LEAST.get(place.DESCRIPTOR.name, {}), place)
    if value is None:
        place.ClearField(last)
    else:
        place.ClearField(last)
        ParseDict({last: value}, place)
    return request


# --- The rules --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Boundary:
    """One side of one rule; `says` is what is told of the outside value, at the path or below."""

    kind: type[Message]
    path: str
    option: str
    inside: Any
    outside: Any
    says: list[tuple[str, str]]

    @property
    def rule(self) -> tuple[str, str]:
        """Where in the contract the rule stands: `Message.field` and the option."""
        *outer, last = self.path.split(".")
        place: Any = self.kind.DESCRIPTOR
        for name in outer:
            place = place.fields_by_name[name].message_type
        return f"{place.full_name}.{last}", self.option

    def __str__(self) -> str:
        return f"{self.kind.DESCRIPTOR.name}-{self.path}-{self.option}"


def says(
    kind: type[Message], path: str, option: str, inside: Any, outside: Any, text: str
) -> Boundary:
    return Boundary(kind, path, option, inside, outside, [(path, text)])


def required(kind: type[Message], path: str, inside: Any, option: str = "required") -> Boundary:
    return says(kind, path, option, inside, None, "Field is required")


def at_most(kind: type[Message], path: str, limit: int) -> Boundary:
    text = f"Length must be at most {limit} characters, but was {limit + 1}"
    return says(kind, path, "length", "x" * limit, "x" * (limit + 1), text)


def from_to(kind: type[Message], path: str, low: int, high: int) -> list[Boundary]:
    # Just below 1 is 0, and 0 counts as left out: then -1 is the nearest that breaks the rule.
    below = min(low - 1, -1)
    text = f"Value must be from {low} to {high}, but was"
    return [
        says(kind, path, "value", low, below, f"{text} {below}"),
        says(kind, path, "value", high, high + 1, f"{text} {high + 1}"),
    ]


def cutoff(path: str) -> list[Boundary]:
    text = "Value must be from 1s to 1m, but was"
    return [
        says(Create, path, "value", "1s", "0.999999999s", f"{text} 0.999999999s"),
        says(Create, path, "value", "60s", "60.000000001s", f"{text} 60.000000001s"),
    ]


def pattern(kind: type[Message], path: str, inside: Any, outside: Any, regex: str) -> Boundary:
    text = f"Field does not match the pattern /{regex}/"
    return says(kind, path, "pattern", inside, outside, text)


def items(path: str, inside: list[Any], outside: list[Any], must: str) -> Boundary:
    text = f"Number of items must be {must}, but was {len(outside)}"
    return says(Create, path, "size", inside, outside, text)


def one_action(kind: str, *choices: str) -> Boundary:
    path = f"rule.{kind}"
    text = f"Exactly one of {', '.join(choices)} must be set"
    found = [(f"{path}.action", text)]
    # What stands outside is the whole rule without its action.
    return Boundary(Create, f"{path}.action", "exactly_one", None, None, found)


NAME = "|[a-z][-a-z0-9]{1,61}[a-z0-9]"
KEY, LABEL = r"[a-z][-_./\@0-9a-z]*", r"[-_./\@0-9a-z]*"
SOURCE = "[a-zA-Z][-a-zA-Z0-9_.]{1,62}"


def names(kind: type[Message], path: str) -> list[Boundary]:
    return [
        pattern(kind, path, "", "a", NAME),
        pattern(kind, path, "abc", "ab", NAME),
        pattern(kind, path, "x" * 63, "x" * 64, NAME),
        pattern(kind, path, "a-1", "1-a", NAME),
        pattern(kind, path, "a--b", "ab-", NAME),
        pattern(kind, path, "abc", "aBc", NAME),
        pattern(kind, path, "abc", "abc\n", NAME),
    ]


def labels(kind: type[Message]) -> list[Boundary]:
    def entry(option: str, inside: dict[str, str], key: str, value: str, *texts: str) -> Boundary:
        shown = key if len(key) <= 64 else key[:64] + "…"
        found = [(f"labels[{shown}]", text) for text in texts]
        return Boundary(kind, "labels", option, inside, {key: value}, found)

    def many(count: int) -> dict[str, str]:
        return {f"k{number}": "" for number in range(count)}

    bad_key, bad_value = f"Key does not match the pattern /{KEY}/", "Field does not match the"
    bad_value += f" pattern /{LABEL}/"
    key_length = "Key length must be from 1 to 63 characters, but was"
    too_many = [("labels", "Number of items must be at most 64, but was 65")]
    return [
        Boundary(kind, "labels", "size", many(64), many(65), too_many),
        entry("map_key.length", {"a": ""}, "", "", f"{key_length} 0", bad_key),
        entry("map_key.length", {"a" * 63: ""}, "a" * 64, "", f"{key_length} 64"),
        entry("map_key.length", {"a" * 63: ""}, "a" * 65, "", f"{key_length} 65"),
        entry("map_key.pattern", {"a-_./@0": ""}, "0a", "", bad_key),
        entry("map_key.pattern", {"ab": ""}, "aB", "", bad_key),
        entry("map_key.pattern", {"ab": ""}, "a b", "", bad_key),
        entry("map_key.pattern", {"ab": ""}, "a\\b", "", bad_key),
        entry("pattern", {"a": "-_./@0a"}, "a", "A", bad_value),
        entry("pattern", {"a": ""}, "a", " ", bad_value),
        entry("pattern", {"a": "a"}, "a", "\\", bad_value),
        entry(
            "length",
            {"a": "x" * 63},
            *("a", "x" * 64, "Length must be at most 63 characters, but was 64"),
        ),
    ]


WITH_RETRY = "rule.timer.invoke_function_with_retry"
GATEWAY = "rule.timer.gateway_websocket_broadcast"

BOUNDARIES: list[Boundary] = [
    required(service.GetTriggerRequest, "trigger_id", "t"),
    required(service.ListTriggersRequest, "folder_id", "f"),
    required(service.DeleteTriggerRequest, "trigger_id", "t"),
    required(service.PauseTriggerRequest, "trigger_id", "t"),
    required(service.ResumeTriggerRequest, "trigger_id", "t"),
    required(operations.GetOperationRequest, "operation_id", "o"),
    required(operations.CancelOperationRequest, "operation_id", "o"),
    required(ListOperations, "trigger_id", "t"),
    *from_to(ListOperations, "page_size", 0, 1000),
    at_most(ListOperations, "page_token", 100),
    at_most(ListOperations, "filter", 1000),
    # Create
    required(Create, "folder_id", "f"),
    *names(Create, "name"),
    at_most(Create, "description", 500),
    *labels(Create),
    required(Create, "rule", LEAST["CreateTriggerRequest"]["rule"]),
    # Update
    required(Update, "trigger_id", "t"),
    *names(Update, "name"),
    at_most(Update, "description", 500),
    *labels(Update),
    # The eleven rules
    says(
        *(Create, "rule.rule", "exactly_one", None, None),
        "Exactly one of timer, message_queue, iot_message, iot_broker_message, object_storage, "
        "container_registry, cloud_logs, logging, billing_budget, data_stream, mail must be set",
    ),
    required(Create, "rule.timer.cron_expression", "* * * * ? *"),
    at_most(Create, "rule.timer.cron_expression", 100),
    at_most(Create, "rule.timer.payload", 4096),
    one_action(
        "timer",
        *("invoke_function", "invoke_function_with_retry", "invoke_container_with_retry"),
        *("gateway_websocket_broadcast", "start_workflow"),
    ),
    required(Create, "rule.message_queue.queue_id", "q"),
    required(Create, "rule.message_queue.service_account_id", "a"),
    at_most(Create, "rule.message_queue.service_account_id", 50),
    required(Create, "rule.message_queue.batch_settings", {"cutoff": "0s"}),
    says(
        *(Create, "rule.message_queue.visibility_timeout", "value"),
        *("43200s", "43200.000000001s", "Value must be at most 12h, but was 43200.000000001s"),
    ),
    one_action(
        "message_queue",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    required(Create, "rule.iot_message.registry_id", "r"),
    one_action("iot_message", "invoke_function", "invoke_container", "gateway_websocket_broadcast"),
    required(Create, "rule.iot_broker_message.broker_id", "b"),
    one_action(
        "iot_broker_message", "invoke_function", "invoke_container", "gateway_websocket_broadcast"
    ),
    items("rule.object_storage.event_type", [3], [], "more than 0"),
    one_action(
        "object_storage",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    items("rule.container_registry.event_type", [4], [], "more than 0"),
    one_action(
        "container_registry",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    required(Create, "rule.cloud_logs.batch_settings", {}),
    one_action("cloud_logs", "invoke_function", "invoke_container"),
    at_most(Create, "rule.logging.log_group_id", 50),
    items("rule.logging.resource_type", ["ab"] * 100, ["ab"] * 101, "at most 100"),
    items("rule.logging.resource_id", ["ab"] * 100, ["ab"] * 101, "at most 100"),
    items("rule.logging.stream_name", [""] * 100, [""] * 101, "at most 100"),
    items("rule.logging.levels", [3] * 10, [3] * 11, "at most 10"),
    required(Create, "rule.logging.batch_settings", {}),
    one_action(
        "logging",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    required(Create, "rule.billing_budget.billing_account_id", "b"),
    at_most(Create, "rule.billing_budget.billing_account_id", 50),
    at_most(Create, "rule.billing_budget.budget_id", 50),
    one_action(
        "billing_budget",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    one_action(
        "data_stream",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    pattern(
        *(Create, "rule.mail.attachments_bucket.bucket_id", "a-.Z", "a_b", "[-.0-9a-zA-Z]*"),
    ),
    says(
        *(Create, "rule.mail.attachments_bucket.bucket_id", "length", "abc", "ab"),
        "Length must be from 3 to 63 characters, but was 2",
    ),
    says(
        *(Create, "rule.mail.attachments_bucket.bucket_id", "length", "x" * 63, "x" * 64),
        "Length must be from 3 to 63 characters, but was 64",
    ),
    required(Create, "rule.mail.attachments_bucket.service_account_id", "a"),
    at_most(Create, "rule.mail.attachments_bucket.service_account_id", 50),
    one_action(
        "mail",
        *("invoke_function", "invoke_container", "gateway_websocket_broadcast", "start_workflow"),
    ),
    # What they share
    required(Create, "rule.timer.invoke_function.function_id", "f"),
    at_most(Create, "rule.timer.invoke_function.function_id", 50),
    required(Create, f"{WITH_RETRY}.function_id", "f"),
    at_most(Create, f"{WITH_RETRY}.function_id", 50),
    required(Create, "rule.message_queue.invoke_container.container_id", "c"),
    at_most(Create, "rule.message_queue.invoke_container.container_id", 50),
    required(Create, "rule.timer.invoke_container_with_retry.container_id", "c"),
    at_most(Create, "rule.timer.invoke_container_with_retry.container_id", 50),
    required(Create, "rule.message_queue.start_workflow.workflow_id", "w"),
    at_most(Create, "rule.message_queue.start_workflow.workflow_id", 50),
    required(Create, "rule.timer.start_workflow.workflow_id", "w"),
    at_most(Create, "rule.timer.start_workflow.workflow_id", 50),
    required(Create, f"{GATEWAY}.gateway_id", "g"),
    at_most(Create, f"{GATEWAY}.gateway_id", 50),
    required(Create, f"{GATEWAY}.path", "/"),
    required(Create, f"{GATEWAY}.service_account_id", "a"),
    at_most(Create, f"{GATEWAY}.service_account_id", 50),
    *from_to(Create, f"{WITH_RETRY}.retry_settings.retry_attempts", 1, 5),
    required(Create, f"{WITH_RETRY}.retry_settings.interval", "10s"),
    says(
        *(Create, f"{WITH_RETRY}.retry_settings.interval", "value", "10s", "9.999999999s"),
        "Value must be from 10s to 1m, but was 9.999999999s",
    ),
    says(
        *(Create, f"{WITH_RETRY}.retry_settings.interval", "value", "60s", "60.000000001s"),
        "Value must be from 10s to 1m, but was 60.000000001s",
    ),
    required(Create, f"{WITH_RETRY}.dead_letter_queue.service_account_id", "a"),
    at_most(Create, f"{WITH_RETRY}.dead_letter_queue.service_account_id", 50),
    *from_to(Create, "rule.mail.batch_settings.size", 0, 1000),
    required(Create, "rule.mail.batch_settings.cutoff", "0s"),
    *from_to(Create, "rule.cloud_logs.batch_settings.size", 0, 100),
    *cutoff("rule.cloud_logs.batch_settings.cutoff"),
    *from_to(Create, "rule.logging.batch_settings.size", 1, 1000),
    *cutoff("rule.logging.batch_settings.cutoff"),
    *from_to(Create, "rule.data_stream.batch_settings.size", 1, 65536),
    *cutoff("rule.data_stream.batch_settings.cutoff"),
    # Executions
    required(ListExecutions, "parent", "p", "field_behavior"),
    at_most(ListExecutions, "filter", 1000),
    at_most(ListExecutions, "filter_params.custom_filter", 1000),
    required(executions_pb2.GetExecutionRequest, "name", "n", "field_behavior"),
    required(executions_pb2.DownloadExecutionRequest, "name", "n", "field_behavior"),
    required(CancelExecution, "name", "n", "field_behavior"),
    at_most(CancelExecution, "cancel_reason", 1024),
    required(Execute, "name", "n", "field_behavior"),
    required(Execute, "trigger_id", "t", "field_behavior"),
    at_most(Execute, "request_id", 36),
    pattern(Execute, "request_id", "aZ-09", "a_b", "[A-Za-z0-9-]*"),
    at_most(Execute, "execution_id", 36),
    required(ExecuteEvent, "name", "n", "field_behavior"),
    required(ExecuteEvent, "trigger_id", "t", "field_behavior"),
    required(Tried, "name", "n", "field_behavior"),
    required(Tried, "trigger_id", "t", "field_behavior"),
    required(Replay, "name", "n", "field_behavior"),
    required(Replay, "replay_reason", "r", "field_behavior"),
    at_most(Replay, "replay_reason", 1024),
    # Schedules
    required(Schedule, "name", "n", "field_behavior"),
    required(Schedule, "trigger_id", "t", "field_behavior"),
    *(
        boundary
        for path in ("request_id", "user_generated_execution_id")
        for boundary in (
            at_most(Schedule, path, 36),
            pattern(Schedule, path, "aZ-09", "a_b", "[A-Za-z0-9-]*"),
            pattern(Schedule, path, "ab", "a b", "[A-Za-z0-9-]*"),
        )
    ),
]
for path in ("resource_type", "resource_id", "stream_name"):
    regex = NAME if path == "stream_name" else SOURCE
    pairs = [("abc", "1bc"), ("x" * 63, "x" * 64), ("ab" if regex == SOURCE else "abc", "a")]
    pairs += [("a-c", "a c"), ("a0c", "жaa"), ("", "A_") if regex == NAME else ("A_.", "")]
    BOUNDARIES += [
        Boundary(
            *(Create, f"rule.logging.{path}", "pattern", ["abc", inside], ["abc", outside]),
            [(f"rule.logging.{path}[1]", f"Field does not match the pattern /{regex}/")],
        )
        for inside, outside in pairs
    ]


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
def test_each_rule_accepts_the_value_just_inside(boundary: Boundary) -> None:
    if boundary.option == "exactly_one":
        request = least(boundary.kind)
    else:
        request = holding(boundary.kind, boundary.path, boundary.inside)

    assert broken(request) == []


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
def test_each_rule_refuses_the_value_just_outside(boundary: Boundary) -> None:
    request = holding(boundary.kind, boundary.path, boundary.outside)

    assert broken(request) == boundary.says


def rules_of(root: Descriptor, seen: set[str]) -> Iterator[tuple[tuple[str, str], Any]]:
    """Each option that stands on a field or oneof reachable from the message, with its text."""
    if root.full_name in seen:
        return
    seen.add(root.full_name)
    for oneof in root.oneofs:
        of_oneof: Any = oneof.GetOptions()
        if of_oneof.Extensions[validation_pb2.exactly_one]:
            yield (f"{root.full_name}.{oneof.name}", "exactly_one"), True
    for described in root.fields:
        options: Any = described.GetOptions()
        if field_behavior_pb2.REQUIRED in options.Extensions[field_behavior_pb2.field_behavior]:
            yield (described.full_name, "field_behavior"), True
        for option, says in options.ListFields():
            if option.full_name == "yandex.cloud.map_key":
                for part, text in says.ListFields():
                    yield (described.full_name, f"map_key.{part.name}"), text
            elif option.full_name.startswith("yandex.cloud."):
                yield (described.full_name, option.name), says
        # Those of a version have a test of their own.
        if described.message_type not in (None, IntegrationVersion.DESCRIPTOR):
            yield from rules_of(described.message_type, seen)


@pytest.mark.parametrize(
    "kind",
    [
        IntegrationVersion,
        version_pb2.TriggerConfig,
        version_pb2.CloudSchedulerConfig,
        version_pb2.IntegrationParameter,
    ],
    ids=lambda kind: kind.__name__,
)
def test_each_length_and_size_of_a_version_is_kept(kind: Any) -> None:
    kept = 0
    for described in kind.DESCRIPTOR.fields:
        options = described.GetOptions()
        length = options.Extensions[validation_pb2.length]
        size = options.Extensions[validation_pb2.size]
        if not length and not size:
            continue
        most = int((length or size).removeprefix("<="))
        for number, wrong in ((most, []), (most + 1, [described.name])):
            value: Any = "x" * number if length else [{}] * number
            message = json_format.ParseDict({described.json_name: value}, kind())
            assert [path for path, _ in broken(message)] == wrong
        kept += 1
    assert kept > 0


def test_every_rule_that_a_served_request_reaches_has_its_boundaries_above() -> None:
    seen: set[str] = set()
    contract = {rule: says for request in REQUESTS for rule, says in rules_of(request, seen)}
    stated = [boundary.rule for boundary in BOUNDARIES]

    assert set(stated) - set(contract) == set()
    for rule, text in contract.items():
        sides = 2 if rule[1] in ("value", "length", "map_key.length") and "-" in text else 1
        assert stated.count(rule) >= sides, f"{rule} says {text!r}: add its boundaries"


# --- What the rules mean ----------------------------------------------------------------------


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_contract() -> None:
    request = least(Create)
    request.folder_id = ""
    request.name = "Nightly"
    request.labels.update({"b": "B", "a": "A" * 64, "C": ""})
    request.rule.timer.cron_expression = ""
    request.rule.timer.invoke_function.function_id = "f" * 51

    assert broken(request) == [
        ("folder_id", "Field is required"),
        ("name", f"Field does not match the pattern /{NAME}/"),
        ("labels[C]", f"Key does not match the pattern /{KEY}/"),
        ("labels[a]", "Length must be at most 63 characters, but was 64"),
        ("labels[a]", f"Field does not match the pattern /{LABEL}/"),
        ("labels[b]", f"Field does not match the pattern /{LABEL}/"),
        ("rule.timer.cron_expression", "Field is required"),
        (
            "rule.timer.invoke_function.function_id",
            "Length must be at most 50 characters, but was 51",
        ),
    ]


def test_the_error_text_has_the_form_that_the_vendors_clients_know() -> None:
    violations = [
        Violation("name", "Field is required"),
        Violation("rule.timer.invoke_function.function_id", "Field is required"),
    ]

    assert message(violations) == (
        "Validation failed:\n"
        "  - name: Field is required\n"
        "  - rule.timer.invoke_function.function_id: Field is required"
    )


@pytest.mark.parametrize(
    "path",
    [
        f"{WITH_RETRY}.retry_settings.retry_attempts",
        "rule.logging.batch_settings.size",
        "rule.data_stream.batch_settings.size",
        "rule.mail.attachments_bucket.bucket_id",
    ],
)
def test_a_zero_counts_as_left_out_where_the_contract_says_1_to_n(path: str) -> None:
    zero: Any = "" if path.endswith("_id") else 0

    assert broken(holding(Create, path, zero)) == []


def test_a_zero_duration_is_a_value_as_a_message_says_whether_it_is_there() -> None:
    assert broken(holding(Create, f"{WITH_RETRY}.retry_settings.interval", "0s")) == [
        (f"{WITH_RETRY}.retry_settings.interval", "Value must be from 10s to 1m, but was 0s")
    ]


def test_what_is_absent_asks_nothing_of_its_fields() -> None:
    assert broken(Update(trigger_id="t")) == []
    assert broken(holding(Create, "rule.mail.batch_settings", None)) == []


def test_what_is_present_is_looked_into_even_when_empty() -> None:
    request = Update(trigger_id="t")
    request.rule.SetInParent()
    assert [field for field, _ in broken(request)] == ["rule.rule"]
    request.rule.mail.batch_settings.SetInParent()
    assert [field for field, _ in broken(request)] == [
        "rule.mail.batch_settings.cutoff",
        "rule.mail.action",
    ]


def test_length_counts_characters_not_bytes() -> None:
    assert broken(holding(Create, "description", "я" * 500)) == []
    assert broken(holding(Create, "description", "😀" * 501)) == [
        ("description", "Length must be at most 500 characters, but was 501")
    ]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("rule.object_storage.event_type", "rule.object_storage.event_type[1]"),
        ("rule.container_registry.event_type", "rule.container_registry.event_type[1]"),
        ("rule.logging.levels", "rule.logging.levels[1]"),
    ],
)
def test_an_enum_number_that_the_contract_does_not_know_is_refused(path: str, place: str) -> None:
    assert broken(holding(Create, path, [1, 99])) == [(place, "Unknown value 99")]
    assert broken(holding(Create, path, [1, 0])) == []


def test_an_unknown_enum_number_is_refused_outside_of_lists_too() -> None:
    request = least(Schedule)
    request.parameter_entries.add(key="a", data_type=1)
    request.parameter_entries.add(key="b", data_type=99)

    assert broken(request) == [("parameter_entries[1].data_type", "Unknown value 99")]


@pytest.mark.parametrize(
    ("seconds", "nanos", "fine"),
    [
        (315_576_000_000, 999_999_999, True),
        (-315_576_000_000, -999_999_999, True),
        (315_576_000_001, 0, False),
        (-315_576_000_001, 0, False),
        (1, 1_000_000_000, False),
        (1, -1, False),
        (-1, 1, False),
        (0, -1, True),
    ],
)
def test_a_duration_that_protobuf_calls_invalid_is_refused(
    seconds: int, nanos: int, fine: bool
) -> None:
    request = holding(Create, "rule.mail.batch_settings.cutoff", "1s")
    request.rule.mail.batch_settings.cutoff.seconds = seconds
    request.rule.mail.batch_settings.cutoff.nanos = nanos

    told = [] if fine else [("rule.mail.batch_settings.cutoff", f"{seconds} seconds and {nanos}")]
    assert [field for field, _ in broken(request)] == [field for field, _ in told]
    assert all(part in text for (_, text), (_, part) in zip(broken(request), told, strict=True))


def test_a_duration_that_protobuf_calls_invalid_is_told_once_though_it_has_a_range() -> None:
    request = holding(Create, f"{WITH_RETRY}.retry_settings.interval", "10s")
    request.rule.timer.invoke_function_with_retry.retry_settings.interval.nanos = -1

    (wrong,) = broken(request)
    assert wrong[1].endswith("but was 10 seconds and -1 nanos")


@pytest.mark.parametrize(
    ("seconds", "nanos", "fine"),
    [
        (-62_135_596_800, 0, True),
        (-62_135_596_801, 0, False),
        (253_402_300_799, 999_999_999, True),
        (253_402_300_800, 0, False),
        (0, -1, False),
        (0, 1_000_000_000, False),
    ],
)
def test_a_timestamp_that_protobuf_calls_invalid_is_refused(
    seconds: int, nanos: int, fine: bool
) -> None:
    request = least(Schedule)
    request.schedule_time.seconds = seconds
    request.schedule_time.nanos = nanos

    assert [field for field, _ in broken(request)] == ([] if fine else ["schedule_time"])
    if fine:
        request.schedule_time.ToJsonString()


def test_a_key_is_shown_short_and_on_one_line() -> None:
    request = least(Create)
    request.labels.update({"a\n  - name: forged": "", "k" * 1000: "", "Ключ": ""})

    assert [field for field, _ in broken(request)] == [
        r"labels[a\n  - name: forged]",
        f"labels[{'k' * 64}…]",
        "labels[Ключ]",
    ]


def test_a_map_over_its_size_is_told_by_its_size_alone() -> None:
    request = least(Create)
    request.labels.update({f"BAD {number}": "BAD" for number in range(65)})

    assert broken(request) == [("labels", "Number of items must be at most 64, but was 65")]


def test_no_more_is_told_of_a_list_than_a_person_can_use() -> None:
    request = holding(Create, "rule.object_storage.event_type", [99] * (MOST_REPORTED * 3))

    assert len(broken(request)) == MOST_REPORTED


# --- Rules that the contract could hold: grammar and meaning ----------------------------------


@cache
def compiled(source: str) -> DescriptorPool:
    """Compiles a .proto of package `test` that may use the options, into a pool of its own."""
    root = Path(__file__).parents[2] / "protos"
    folders = [str(root), *(_folder("google.api").parent.parent, _folder("grpc_tools") / "_proto")]
    with tempfile.TemporaryDirectory() as scratch:
        proto, result = Path(scratch, "test.proto"), Path(scratch, "set.binpb")
        proto.write_text(PREAMBLE + source)
        includes = [f"-I{folder}" for folder in [scratch, *folders]]
        flags = ["--include_imports", f"--descriptor_set_out={result}"]
        assert protoc.main(["protoc", *includes, *flags, str(proto)]) == 0
        files = FileDescriptorSet.FromString(result.read_bytes()).file
    pool = DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


PREAMBLE = """
syntax = "proto3";
package test;
import "google/api/field_behavior.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "yandex/cloud/validation.proto";
enum Color { NONE = 0; RED = 1; }
message Inner { string text = 1 [(yandex.cloud.length) = "<=3"]; }
"""

KINDS = """
message Tree {
  string name = 1 [(yandex.cloud.length) = "<=3"];
  repeated Tree branches = 2;
  map<string, Tree> named = 3;
  Tree twin = 4 [(yandex.cloud.required) = false];
}
message Plain { string text = 1; Struct inside = 2; repeated Plain more = 3; }
message Struct { Plain plain = 1; }
message Presence {
  optional int64 number = 1 [(yandex.cloud.value) = "1-5"];
  optional string text = 2 [(yandex.cloud.required) = true];
  oneof choice {
    int64 size = 3 [(yandex.cloud.value) = "1-5"];
    Inner inner = 4;
  }
}
message Needed {
  int64 number = 1 [(yandex.cloud.required) = true];
  Color color = 2 [(yandex.cloud.required) = true];
  repeated string list = 3 [(yandex.cloud.required) = true, (yandex.cloud.size) = ">1"];
  map<string, string> map = 4 [(yandex.cloud.required) = true];
  Inner inner = 5 [(google.api.field_behavior) = REQUIRED];
  bytes data = 6 [(yandex.cloud.required) = true];
}
message Ignored {
  string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY, (yandex.cloud.length) = "<=1"];
  google.protobuf.Timestamp at = 2 [(google.api.field_behavior) = OUTPUT_ONLY];
  string name = 3 [(google.api.field_behavior) = IDENTIFIER];
}
message Bytes {
  string text = 1 [(yandex.cloud.bytes) = "<=4"];
  bytes data = 2 [(yandex.cloud.bytes) = "2-4"];
  Inner inner = 3 [(yandex.cloud.bytes) = "<=5"];
}
message Unique {
  repeated string names = 1 [(yandex.cloud.unique) = true, (yandex.cloud.length) = "<=3"];
  repeated int64 numbers = 2 [(yandex.cloud.unique) = true];
}
message Items {
  repeated int64 numbers = 1 [(yandex.cloud.value) = "1-5"];
  repeated google.protobuf.Duration waits = 2 [(yandex.cloud.value) = ">=1s"];
  map<int32, Inner> inners = 3 [(yandex.cloud.map_key) = { value: "1-5" }];
  map<string, Color> colors = 4;
  map<string, google.protobuf.Timestamp> times = 5;
  repeated Inner many = 6;
}
message Off {
  string text = 1 [(yandex.cloud.required) = false];
  repeated string list = 2 [(yandex.cloud.unique) = false];
  oneof choice { option (yandex.cloud.exactly_one) = false; string other = 3; }
}
"""


def new(name: str, **values: Any) -> Any:
    """A message of a type in KINDS."""
    kind = GetMessageClass(compiled(KINDS).FindMessageTypeByName(f"test.{name}"))
    return ParseDict(values, kind())


def test_a_type_that_contains_itself_is_checked_all_the_way_down() -> None:
    leaf = {"name": "long"}
    tree = new("Tree", branches=[{"name": "ok"}, {"named": {"x": {"twin": leaf}}}], twin=leaf)

    assert [field for field, _ in broken(tree)] == [
        "branches[1].named[x].twin.name",
        "twin.name",
    ]


def test_types_that_contain_each_other_without_a_rule_ask_nothing() -> None:
    assert broken(new("Plain", inside={"plain": {"more": [{}]}})) == []


def test_a_scalar_with_presence_is_a_value_even_when_it_is_zero() -> None:
    assert broken(new("Presence", text="")) == []
    assert broken(new("Presence", number=0, size=0)) == [
        ("number", "Value must be from 1 to 5, but was 0"),
        ("text", "Field is required"),
        ("size", "Value must be from 1 to 5, but was 0"),
    ]
    assert [field for field, _ in broken(new("Presence", text="", inner={"text": "long"}))] == [
        "inner.text"
    ]


def test_required_asks_each_type_for_something_else_than_nothing() -> None:
    names = ["number", "color", "list", "map", "inner", "data"]
    assert broken(new("Needed")) == [(name, "Field is required") for name in names]
    full = {"number": 1, "color": 1, "list": ["a", "b"], "map": {"a": ""}, "inner": {}}
    assert broken(new("Needed", data="eA==", **full)) == []


def test_what_is_output_only_is_ignored_on_input() -> None:
    ignored = new("Ignored", id="long")
    ignored.at.seconds = -(2**60)

    assert broken(ignored) == []


def test_bytes_counts_bytes_of_text_of_data_and_of_a_message() -> None:
    assert broken(new("Bytes", text="яя", data="eHg=", inner={"text": "abc"})) == []
    assert broken(new("Bytes", text="яяx", data="eA==", inner={"text": "abcd"})) == [
        ("text", "Size must be at most 4 bytes, but was 5"),
        ("data", "Size must be from 2 to 4 bytes, but was 1"),
        ("inner", "Size must be at most 5 bytes, but was 6"),
        ("inner.text", "Length must be at most 3 characters, but was 4"),
    ]


def test_unique_tells_the_first_item_that_stands_twice() -> None:
    assert broken(new("Unique", names=["a", "b"], numbers=[0, 1])) == []
    assert broken(new("Unique", names=["a", "b", "a", "b"], numbers=[7, 7])) == [
        ("names[2]", "Items must be unique, but this one repeats item 0"),
        ("numbers[1]", "Items must be unique, but this one repeats item 0"),
    ]


def test_items_keys_and_values_are_checked_even_when_they_are_zero() -> None:
    found = broken(
        new(
            "Items",
            numbers=[1, 0],
            waits=["1s", "0.5s"],
            inners={"0": {"text": "long"}, "5": {}},
            colors={"a": 1, "b": 9},
            many=[{}, {"text": "long"}],
        )
    )

    assert found == [
        ("numbers[1]", "Value must be from 1 to 5, but was 0"),
        ("waits[1]", "Value must be at least 1s, but was 0.5s"),
        ("inners[0]", "Key must be from 1 to 5, but was 0"),
        ("inners[0].text", "Length must be at most 3 characters, but was 4"),
        ("colors[b]", "Unknown value 9"),
        ("many[1].text", "Length must be at most 3 characters, but was 4"),
    ]


def test_an_option_that_is_switched_off_asks_nothing() -> None:
    assert broken(new("Off", list=["a", "a"])) == []


GRAMMAR = [
    # the text of a range, what is inside, what is outside, and how it is told
    ("<=5", [5, -1], [6], "at most 5"),
    ("<5", [4], [5], "less than 5"),
    (">=5", [5], [4], "at least 5"),
    (">5", [6], [5], "more than 5"),
    ("5", [5], [4, 6], "exactly 5"),
    ("3-5", [3, 5], [2, 6], "from 3 to 5"),
]
DURATIONS = [
    ("<=12h", ["43200s"], ["43200.1s"], "at most 12h"),
    ("<1m", ["59.999999999s"], ["60s"], "less than 1m"),
    (">0", ["0.000000001s"], ["0s", "-1s"], "more than 0"),
    (">=1.5s", ["1.5s"], ["1.499999999s"], "at least 1.5s"),
    ("1s-1m", ["1s", "60s"], ["0.999s", "61s"], "from 1s to 1m"),
    ("1h30m", ["5400s"], ["5399s", "5401s"], "exactly 1h30m"),
    ("10ms-2s500us", ["0.01s", "2.0005s"], ["0.009999999s", "3s"], "from 10ms to 2s500us"),
]


@pytest.mark.parametrize(
    ("kind", "text", "inside", "outside", "told"),
    [
        *(("int64", *row) for row in GRAMMAR),
        *(("uint32", *row) for row in GRAMMAR[1:]),
        *(("google.protobuf.Duration", *row) for row in DURATIONS),
    ],
)
def test_each_form_of_a_range(
    kind: str, text: str, inside: list[Any], outside: list[Any], told: str
) -> None:
    source = f'message Held {{ repeated {kind} held = 1 [(yandex.cloud.value) = "{text}"]; }}'
    held = GetMessageClass(compiled(source).FindMessageTypeByName("test.Held"))

    assert broken(ParseDict({"held": inside}, held())) == []
    assert broken(ParseDict({"held": outside}, held())) == [
        (f"held[{index}]", f"Value must be {told}, but was {value}")
        for index, value in enumerate(outside)
    ]


UNREADABLE = [
    ('string f = 1 [(yandex.cloud.length) = "<=x"];', "length says '<=x', but 'x' is not a whole"),
    ('string f = 1 [(yandex.cloud.length) = ""];', "length says '', but that is not a range"),
    ('string f = 1 [(yandex.cloud.length) = "5-3"];', "length says '5-3', but that range is empty"),
    (
        'string f = 1 [(yandex.cloud.length) = "1-2-3"];',
        "length says '1-2-3', but that is not a range",
    ),
    ('string f = 1 [(yandex.cloud.length) = "=<5"];', "length says '=<5', but that is not a range"),
    ('string f = 1 [(yandex.cloud.length) = "< 5"];', "length says '< 5', but ' 5' is not a whole"),
    ('string f = 1 [(yandex.cloud.length) = "-5"];', "length says '-5', but that is not a range"),
    ('string f = 1 [(yandex.cloud.bytes) = "a"];', "bytes says 'a', but 'a' is not a whole number"),
    (
        'repeated string f = 1 [(yandex.cloud.size) = "1s"];',
        "size says '1s', but '1s' is not a whole",
    ),
    (
        'int64 f = 1 [(yandex.cloud.value) = "1s"];',
        "value says '1s', but '1s' is not a whole number",
    ),
    ('int64 f = 1 [(yandex.cloud.value) = "1,2"];', "value says '1,2', but '1,2' is not a whole"),
    (
        'google.protobuf.Duration f = 1 [(yandex.cloud.value) = "<=12"];',
        "value says '<=12', but '12' is not a duration",
    ),
    (
        'google.protobuf.Duration f = 1 [(yandex.cloud.value) = ""];',
        "value says '', but that is not",
    ),
    ('string f = 1 [(yandex.cloud.pattern) = "[a-"];', r"pattern says '[a-': unterminated"),
]
MEANINGLESS = [
    ("pattern", 'int64 f = 1 [(yandex.cloud.pattern) = "a"];'),
    ("pattern", 'bytes f = 1 [(yandex.cloud.pattern) = "a"];'),
    ("pattern", 'Inner f = 1 [(yandex.cloud.pattern) = "a"];'),
    ("pattern", 'map<string, int64> f = 1 [(yandex.cloud.pattern) = "a"];'),
    ("length", 'int64 f = 1 [(yandex.cloud.length) = "<=1"];'),
    ("length", 'repeated Inner f = 1 [(yandex.cloud.length) = "<=1"];'),
    ("bytes", 'int64 f = 1 [(yandex.cloud.bytes) = "<=1"];'),
    ("value", 'string f = 1 [(yandex.cloud.value) = "1-5"];'),
    ("value", 'double f = 1 [(yandex.cloud.value) = "1-5"];'),
    ("value", 'Color f = 1 [(yandex.cloud.value) = "1-5"];'),
    ("value", 'google.protobuf.Timestamp f = 1 [(yandex.cloud.value) = "1-5"];'),
    ("size", 'string f = 1 [(yandex.cloud.size) = "<=1"];'),
    ("size", 'string f = 1 [(yandex.cloud.size) = ""];'),
    ("size", 'oneof o { string f = 1 [(yandex.cloud.size) = "<=1"]; }'),
    ("unique", "string f = 1 [(yandex.cloud.unique) = true];"),
    ("unique", "repeated Inner f = 1 [(yandex.cloud.unique) = true];"),
    ("unique", "map<string, string> f = 1 [(yandex.cloud.unique) = true];"),
    ("map_key", 'string f = 1 [(yandex.cloud.map_key) = { length: "1-5" }];'),
    ("map_key", 'repeated string f = 1 [(yandex.cloud.map_key) = { length: "1-5" }];'),
    ("value", 'map<string, string> f = 1 [(yandex.cloud.map_key) = { value: "1-5" }];'),
    ("length", 'map<int64, string> f = 1 [(yandex.cloud.map_key) = { length: "1-5" }];'),
    ("required", "bool f = 1 [(yandex.cloud.required) = true];"),
    ("required", "oneof o { string f = 1 [(yandex.cloud.required) = true]; }"),
]


def refusal(declaration: str) -> str:
    """What the compiler of rules says to a message with this field, two messages down."""
    around = "message Outer { repeated Rim r = 1; } message Rim { Bad b = 1; } message Bad"
    source = f"{around} {{ {declaration} }}"
    with pytest.raises(ContractError) as refused:
        validator(compiled(source).FindMessageTypeByName("test.Outer"))
    return str(refused.value)


@pytest.mark.parametrize(("declaration", "complaint"), UNREADABLE)
def test_a_rule_that_cannot_be_read_is_refused_with_the_name_of_its_field(
    declaration: str, complaint: str
) -> None:
    assert refusal(declaration).startswith(f"test.Bad.f: option {complaint}")


@pytest.mark.parametrize(("option", "declaration"), MEANINGLESS)
def test_a_rule_without_meaning_on_its_type_is_refused_with_the_name_of_its_field(
    option: str, declaration: str
) -> None:
    complaint = f"test.Bad.f: option {option} makes no sense on a field of this type"
    assert refusal(declaration) == complaint


# --- The compiled rules against rules read at run time ----------------------------------------


def reading(request: Message, prefix: str = "") -> Iterator[str]:
    """The paths of all that is wrong, found by reading the descriptors anew, one by one."""
    chosen: set[str] = set()
    described: Any
    for described in request.DESCRIPTOR.fields:
        oneof = described.containing_oneof
        if oneof is not None and oneof.name not in chosen:
            chosen.add(oneof.name)
            of_oneof: Any = oneof.GetOptions()
            asked = of_oneof.Extensions[validation_pb2.exactly_one]
            if asked and request.WhichOneof(oneof.name) is None:
                yield prefix + oneof.name
        options: Any = described.GetOptions()
        says = {o.name: text for o, text in options.ListFields()}
        behavior = options.Extensions[field_behavior_pb2.field_behavior]
        required = says.get("required", False) or field_behavior_pb2.REQUIRED in behavior
        if field_behavior_pb2.OUTPUT_ONLY in behavior:
            continue
        present = [name for name, _ in request.ListFields()]
        place, value = prefix + described.name, getattr(request, described.name)
        if described not in present and required:
            yield place
        elif described.is_repeated:
            yield from reading_many(described, value, says, place)
        elif described in present:
            yield from reading_one(described, value, says, place)


def reading_many(kind: FieldDescriptor, items: Any, says: dict[str, Any], place: str) -> Any:
    if "size" in says and not within(says["size"], len(items)):
        yield place
        if len(items) > 0:
            return
    if kind.message_type is not None and kind.message_type.GetOptions().map_entry:
        key_kind, value_kind = kind.message_type.fields
        asked = says.get("map_key", validation_pb2.MapKeySpec())
        of_key = {option.name: text for option, text in asked.ListFields()}
        for key in sorted(items):
            shown = f"{place}[{key if len(key) <= 64 else key[:64] + '…'}]"
            yield from reading_one(key_kind, key, of_key, shown)
            yield from reading_one(value_kind, items[key], says, shown)
    else:
        for index, item in enumerate(items):
            yield from reading_one(kind, item, says, f"{place}[{index}]")


def reading_one(kind: FieldDescriptor, value: Any, says: dict[str, Any], place: str) -> Any:
    if kind.enum_type is not None and kind.enum_type.values_by_number.get(value) is None:
        yield place
    if isinstance(value, str):
        if "pattern" in says and re.match(f"^(?:{says['pattern']})\\Z", value) is None:
            yield place
        if "length" in says and not within(says["length"], len(value)):
            yield place
    elif isinstance(value, int) and "value" in says and not within(says["value"], value):
        yield place
    elif kind.message_type is None:
        return
    elif kind.message_type.name in ("Duration", "Timestamp"):
        try:
            value.ToJsonString()
        except ValueError:
            yield place
        else:
            if "value" in says and not within(says["value"], value.ToNanoseconds()):
                yield place
    else:
        yield from reading(value, place + ".")


def within(text: str, number: int) -> bool:
    def amount(bound: str) -> int:
        units = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9}
        return int(bound[:-1]) * units[bound[-1]] if bound[-1] in units else int(bound)

    tests: list[tuple[str, Callable[[int], bool]]] = [
        ("<=", lambda bound: number <= bound),
        (">", lambda bound: number > bound),
    ]
    for sign, holds in tests:
        if text.startswith(sign):
            return holds(amount(text.removeprefix(sign)))
    low, high = text.split("-")
    return amount(low) <= number <= amount(high)


LENGTHS = [0, 1, 2, 3, 36, 37, 50, 51, 62, 63, 64, 65, 100, 101, 500, 501, 1000, 1001, 4096, 4097]
ALPHABETS = ["a", "a-", "z0", "A", "a.", "a@/", "\\", "я", "-", "a "]
SECONDS = [-1, 0, 1, 5, 9, 10, 59, 60, 61, 43200, 43201, 10**12, -(10**12)]
NUMBERS = [-1, 0, 1, 2, 5, 6, 99, 100, 101, 999, 1000, 1001, 65536, 65537]

texts = st.builds(
    lambda alphabet, length: (alphabet * length)[:length],
    st.sampled_from(ALPHABETS),
    st.sampled_from(LENGTHS),
)
nanos = st.sampled_from([0, 0, 0, 0, 1, -1, 999_999_999, 10**9])


@st.composite
def filled(draw: Any, descriptor: Descriptor, depth: int = 0) -> Any:
    """A message with anything in it, most of it close to a limit."""
    request: Any = GetMessageClass(descriptor)()
    if descriptor.name in ("Duration", "Timestamp"):
        request.seconds, request.nanos = draw(st.sampled_from(SECONDS)), draw(nanos)
        return request
    if descriptor.file.package == "google.protobuf" or depth > 6:
        return request
    chosen = [draw(st.sampled_from([None, *oneof.fields])) for oneof in descriptor.oneofs]
    for kind in descriptor.fields:
        wanted = kind in chosen if kind.containing_oneof is not None else draw(st.booleans())
        if wanted:
            put(draw, request, kind, depth)
    return request


def put(draw: Any, request: Any, kind: FieldDescriptor, depth: int) -> None:
    held = getattr(request, kind.name)
    if not kind.is_repeated:
        if kind.message_type is None:
            setattr(request, kind.name, draw(one_of(kind, depth)))
        else:
            held.SetInParent()
            held.CopyFrom(draw(one_of(kind, depth)))
        return
    count = draw(st.sampled_from([0, 1, 2, 3, 10, 11]))
    if kind.message_type is None or not kind.message_type.GetOptions().map_entry:
        held.extend([draw(one_of(kind, depth)) for _ in range(count)])
        return
    value_kind = kind.message_type.fields_by_name["value"]
    for _ in range(count):
        key, value = draw(texts), draw(one_of(value_kind, depth))
        if value_kind.message_type is None:
            held[key] = value
        else:
            held[key].CopyFrom(value)
    if draw(st.integers(0, 9)) == 0 and value_kind.message_type is None:
        held.update({f"k{number}": "" for number in range(65)})


def one_of(kind: FieldDescriptor, depth: int) -> Any:
    if kind.message_type is not None:
        return filled(kind.message_type, depth + 1)
    return {
        FieldDescriptor.CPPTYPE_STRING: texts.map(str.encode)
        if kind.type == kind.TYPE_BYTES
        else texts,
        FieldDescriptor.CPPTYPE_ENUM: st.sampled_from([0, 1, 3, 4, 99]),
        FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
        FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    }.get(kind.cpp_type, st.sampled_from(NUMBERS))


TRIGGERS_AND_SCHEDULES = [request for request in REQUESTS if request.file in SERVED[:3]]


@pytest.mark.parametrize("descriptor", TRIGGERS_AND_SCHEDULES, ids=lambda d: d.name)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_compiled_rules_find_what_rules_read_at_run_time_find(
    descriptor: Descriptor, data: Any
) -> None:
    request = data.draw(filled(descriptor))

    assert [violation for violation, _ in broken(request)] == list(reading(request))


@pytest.mark.parametrize(
    "rule", list(trigger_pb2.Trigger.Rule.DESCRIPTOR.fields), ids=lambda f: f.name
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_each_rule_kind_alike(rule: Any, data: Any) -> None:
    request = least(Create)
    getattr(request.rule, rule.name).CopyFrom(data.draw(filled(rule.message_type)))

    assert [violation for violation, _ in broken(request)] == list(reading(request))
