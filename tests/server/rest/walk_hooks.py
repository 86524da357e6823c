"""What Schemathesis checks beside its own checks: whether each refusal and each answer is right.

A schema can't say all rules of a method, so a request that fits the schema may be refused: but not
for a limit of the contract. And protobuf's JSON has more forms than the schema: `null`, numbers of
enums, names as in the proto. So a request that does not fit may be answered: but only if protobuf's
own parser reads it as a request whose usual form fits.
"""

import json
from functools import cache
from typing import Any

import schemathesis
from google.longrunning import operations_pb2  # noqa: F401 (it is in the pool then)
from google.protobuf import descriptor_pool, json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from schemathesis.core import NOT_SET

from contract.openapi.described import services, validator_of
from tocsin.contract.openapi.examples import all_examples
from tocsin.contract.routes import path_fields, routes
from tocsin.contract.validation import validator

Json = dict[str, Any]
POOL = descriptor_pool.Default()


@cache
def methods() -> dict[str, MethodDescriptor]:
    return {method.full_name: method for service in services() for method in service.methods}


def method_of(case: schemathesis.Case) -> MethodDescriptor:
    described = case.operation.definition.raw
    [service] = described["tags"]
    return methods()[f"{service}.{described['operationId'].split('_')[1]}"]


def is_negative(case: schemathesis.Case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_negative


def in_body_alone(case: schemathesis.Case) -> bool:
    """Whether nothing but the body was made wrong on purpose."""
    assert case.meta is not None
    wrong = [where.value for where, made in case.meta.components.items() if made.mode.is_negative]
    return wrong == ["body"]


# How protobuf's parser refuses an Any whose type is missing or unknown, which no schema can say.
UNKNOWN_ANY = ("@type is missing", "Can not find message descriptor by type_url")


def parsed(case: schemathesis.Case) -> Message | None:
    """The message of a body by protobuf's own parser; None if it is not a message.

    A message with an Any that can't be resolved is taken for one without fields.
    """
    message = GetMessageClass(method_of(case).input_type)()
    body = {} if case.body is NOT_SET else case.body
    try:
        json_format.Parse(json.dumps(body), message, ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError, ValueError) as error:
        known = any(text in str(error) for text in UNKNOWN_ANY)
        return type(message)() if known else None
    return message


def has_whole_body(case: schemathesis.Case) -> bool:
    body = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    schema = body.get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith(method_of(case).input_type.full_name))


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case, __: Json) -> None:
    """Makes what others need: few rules and schedules that are made at random exist.

    What is made wrong on purpose stays so.
    """
    method = method_of(case).full_name
    if is_negative(case) or not isinstance(case.body, dict):
        return
    if method.endswith("TriggerService.Create"):
        example = all_examples()[method]["timer"]["body"]
        case.body = {**case.body, "rule": example["rule"], "name": ""}
    elif method.endswith("Executions.ScheduleIntegrations"):
        case.path_parameters["integration"] = "nightly"
        case.body = {"triggerId": "api_trigger/nightly", "scheduleTime": "2099-01-01T00:00:00Z"}


@schemathesis.check
def errors_are_whole(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    if response.status_code < 400:
        return
    error = response.json()
    error = error.get("error", error)
    assert error["message"], f"an error without a message: {error}"
    details = {each["@type"].rpartition(".")[2]: each for each in error["details"]}
    assert details["ErrorInfo"]["reason"], f"an error without a reason: {error}"
    [request_id] = response.headers["x-request-id"]
    assert details["RequestInfo"]["requestId"] == request_id


@schemathesis.check
def no_limit_is_missing_in_the_schema(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    if is_negative(case) or not has_whole_body(case) or response.status_code != 400:
        return
    message = parsed(case)
    assert message is not None, "the schema allows what protobuf's parser does not"
    if not message.ListFields() and case.body:
        return
    violations = validator(method_of(case).input_type)(message)
    method = method_of(case)
    in_path = {
        name
        for route in routes([method.containing_service])
        if route.method == method.full_name
        for name in path_fields(route)
    }
    missing = [each for each in violations if each.field not in in_path]
    assert missing == [], f"the schema lacks limits: {missing}"


@schemathesis.check
def what_is_answered_means_something(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    if not is_negative(case) or response.status_code >= 400:
        return
    sent = response.request.headers.get("Content-Type") or ""
    if "json" not in sent and "protobuf" not in sent:
        # A body is JSON whatever its type says: `curl -d` says that it is a form.
        return
    assert in_body_alone(case), f"a wrong parameter was answered: {case.as_curl_command()}"
    if not has_whole_body(case):
        return
    message = parsed(case)
    assert message is not None, "protobuf's parser does not take what was answered"
    schema = case.operation.definition.raw["requestBody"]["content"]["application/json"]["schema"]
    usual = json_format.MessageToDict(message)
    for error in validator_of(schema).iter_errors(usual):
        raise AssertionError(f"a request against a limit was answered: {error.message}")
