"""States what an answer has to be; a failure says what it was."""

from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2

from tocsin.conformance.patience import eventually
from tocsin.conformance.peer import Answer, Peer, unpacked
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.yandex.cloud.operation.operation_service_pb2 import GetOperationRequest

Code = grpc.StatusCode

# google/rpc/code.proto names the HTTP status of each code.
HTTP_STATUS: dict[grpc.StatusCode, int] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.UNAUTHENTICATED: 401,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
}


def expect_ok(answer: Answer) -> Any:
    """Returns the response of a call that has to succeed.

    Raises:
        AssertionError: it failed.
    """
    if not answer.ok:
        raise AssertionError(f"the call must succeed, but was answered {answer}")
    return answer.message


def expect_error(
    answer: Answer, *codes: grpc.StatusCode, field: str | None = None, other_fields: bool = True
) -> None:
    """Asks that a call failed with one of the codes, for the field if one is named.

    Args:
        answer: what the call was answered.
        codes: the status codes that the clause allows.
        field: a path that `google.rpc.BadRequest` in the details has to name.
        other_fields: whether it may name others too.

    Raises:
        AssertionError: it is not so.
    """
    wanted = " or ".join(code.name for code in codes)
    if answer.code not in codes:
        raise AssertionError(f"the call must be refused with {wanted}, but was answered {answer}")
    if field is not None:
        _expect_field(field, violations(answer.details), other_fields)


def expect_operation(answer: Answer, response: type[Message] | None = None) -> Any:
    """Returns the operation of a change that has to succeed; it is done and holds no error.

    Args:
        answer: what the call was answered, a `yandex.cloud.operation.Operation`.
        response: the type that the operation's response has to have; None for any.

    Raises:
        AssertionError: it is not so.
    """
    operation = expect_ok(answer)
    if operation.HasField("error"):
        raise AssertionError(f"the operation must succeed, but its error is {operation.error}")
    if response is not None and not operation.response.Is(response.DESCRIPTOR):
        raise AssertionError(
            f"the operation's response must be a {response.DESCRIPTOR.full_name}, "
            f"but is {operation.response.type_url or 'not there'}"
        )
    return operation


def finished(peer: Peer, operation: Any) -> Any:
    """Returns the operation when it is done, as `OperationService.Get` then shows it.

    Raises:
        AssertionError: it is not done within 30 seconds, or can't be read.
    """
    if operation.done:
        return operation
    request = GetOperationRequest(operation_id=operation.id)

    def ask() -> Any:
        answer = peer.operations.Get(request)
        assert answer.ok, f"operation {operation.id} can't be read: {answer}"
        return answer.message

    return eventually(
        ask, lambda now: bool(now.done), seconds=30, what=f"operation {operation.id} is done"
    )


def response_of(operation: Any) -> Any:
    """Returns the message in an operation's response."""
    return unpacked(operation.response)


def metadata_of(operation: Any) -> Any:
    """Returns the message in an operation's metadata."""
    return unpacked(operation.metadata)


def expect_rest_ok(answer: RestAnswer) -> Any:
    """Returns the JSON of a request that has to succeed.

    Raises:
        AssertionError: it failed, or its body is not JSON.
    """
    if not answer.ok:
        raise AssertionError(f"the request must succeed, but was answered {answer}")
    return answer.json


def expect_rest_error(
    answer: RestAnswer, *codes: grpc.StatusCode, field: str | None = None, other_fields: bool = True
) -> None:
    """Asks that a request failed: HTTP's status and the code in the body are those of one code.

    Both envelopes are read: a bare `google.rpc.Status`, and Google's `{"error": …}`.

    Args:
        answer: what the request was answered.
        codes: the status codes that the clause allows.
        field: a path, in the names of proto or of JSON, that BadRequest has to name.
        other_fields: whether it may name others too.

    Raises:
        AssertionError: it is not so.
    """
    wanted = " or ".join(f"{HTTP_STATUS[code]} ({code.name})" for code in codes)
    if answer.status not in {HTTP_STATUS[code] for code in codes}:
        raise AssertionError(f"the request must be refused with {wanted}, but was: {answer}")
    said = rest_code(answer)
    if said not in codes:
        name = said.name if said else "no code"
        raise AssertionError(f"the body must say {wanted}, but says {name}")
    if field is not None:
        _expect_field(field, rest_violations(answer), other_fields)


def rest_error(answer: RestAnswer) -> dict[str, Any]:
    """Returns the error of a body, out of Google's envelope if it is in one.

    Raises:
        AssertionError: the body is no JSON object.
    """
    body = answer.json
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    if not isinstance(body, dict):
        raise AssertionError(f"the body must be a JSON object, but is {body!r}")
    return body


def rest_code(answer: RestAnswer) -> grpc.StatusCode | None:
    """Returns the code of an error's body; None if it has none."""
    error = rest_error(answer)
    name = error.get("status")
    if name is None:
        number = error.get("code")
        known = code_pb2.Code.values()
        name = code_pb2.Code.Name(number) if type(number) is int and number in known else None
    return next((code for code in Code if code.name == name), None)


def rest_violations(answer: RestAnswer) -> dict[str, str]:
    """Returns the fields that BadRequest in an error's body names, with what is wrong."""
    found: dict[str, str] = {}
    for detail in rest_error(answer).get("details") or []:
        if str(detail.get("@type", "")).endswith("/google.rpc.BadRequest"):
            for wrong in detail.get("fieldViolations") or detail.get("field_violations") or []:
                found.setdefault(wrong.get("field", ""), wrong.get("description", ""))
    return found


def violations(details: tuple[Any, ...]) -> dict[str, str]:
    """Returns the fields that BadRequest in a call's details names, with what is wrong."""
    return {
        wrong.field: wrong.description
        for detail in details
        if isinstance(detail, error_details_pb2.BadRequest)
        for wrong in detail.field_violations
    }


def _expect_field(field: str, named: dict[str, str], other_fields: bool) -> None:
    if not any(_same(field, name) for name in named):
        fields = ", ".join(named) or "no field"
        raise AssertionError(f"google.rpc.BadRequest must name {field}, but names {fields}")
    if not other_fields and len(named) > 1:
        raise AssertionError(f"google.rpc.BadRequest must name {field} alone, but names {named}")


def _same(one: str, other: str) -> bool:
    return one.replace("_", "").lower() == other.replace("_", "").lower()
