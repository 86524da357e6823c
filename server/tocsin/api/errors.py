"""All errors that a client can be given, in one table, and how they look on the wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from tocsin.contract.validation import Violation, message

DOMAIN = "tocsin"

# Some clients refuse trailers above 8 KiB. This many bytes of them may tell of violations.
VIOLATIONS_BUDGET = 6 * 1024


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """What a call is refused with. `reason` is for programs (AIP-193), `message` for people."""

    code: grpc.StatusCode
    reason: str
    message: str
    violations: tuple[Violation, ...] = ()

    def __str__(self) -> str:
        return self.message


def invalid(violations: Sequence[Violation]) -> ApiError:
    told = _within_budget(violations)
    text = message(told)
    if len(told) < len(violations):
        text += f"\n  … and {len(violations) - len(told)} more"
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS", text, tuple(told))


def invalid_field(field: str, description: str) -> ApiError:
    return invalid([Violation(field, description)])


def malformed_request() -> ApiError:
    return ApiError(
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED_REQUEST",
        "The request is not a message of this method",
    )


def trigger_not_found(trigger_id: str) -> ApiError:
    return _not_found("TRIGGER_NOT_FOUND", f"Trigger {trigger_id[:64]} not found")


def operation_not_found(name: str) -> ApiError:
    return _not_found("OPERATION_NOT_FOUND", f'Operation "{name[:256]}" not found.')


def endpoint_not_found(endpoint_id: str) -> ApiError:
    return _not_found("ENDPOINT_NOT_FOUND", f"Endpoint {endpoint_id[:64]} not found")


def integration_not_found(name: str) -> ApiError:
    return _not_found("INTEGRATION_NOT_FOUND", f"Integration {name[:256]} not found")


def api_trigger_not_found(trigger_id: str, name: str) -> ApiError:
    return _not_found(
        "INTEGRATION_TRIGGER_NOT_FOUND",
        f"Trigger {trigger_id[:128]} not found on integration {name[:256]}",
    )


def name_taken(name: str, folder_id: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.ALREADY_EXISTS,
        "TRIGGER_NAME_TAKEN",
        f"Trigger with name {name} already exists in folder {folder_id}",
    )


def execution_exists(execution_id: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.ALREADY_EXISTS,
        "EXECUTION_EXISTS",
        f"Execution {execution_id} already exists",
    )


def invocation_not_found(invocation_id: str) -> ApiError:
    return _not_found("INVOCATION_NOT_FOUND", f"Invocation {invocation_id[:256]} not found")


def not_retriable(invocation_id: str, standing: str) -> ApiError:
    return _precondition(
        "INVOCATION_NOT_RETRIABLE",
        f"Invocation {invocation_id} {standing}; what can be delivered again has ended, or waits "
        "after a failed call",
    )


def not_cancellable(invocation_id: str, standing: str) -> ApiError:
    return _precondition(
        "INVOCATION_NOT_CANCELLABLE",
        f"Invocation {invocation_id} {standing}; what can be cancelled waits for a call",
    )


def not_a_dead_letter(invocation_id: str, state: str) -> ApiError:
    return _precondition(
        "NOT_A_DEAD_LETTER",
        f"Invocation {invocation_id} is no dead letter, it is {state.replace('_', ' ')}",
    )


def dead_letter_held(invocation_id: str) -> ApiError:
    return _precondition(
        "NOT_A_DEAD_LETTER",
        f"Invocation {invocation_id} is being put into its dead letter queue; try again",
    )


def not_a_timer(field: str, trigger_id: str, kind: str) -> ApiError:
    return invalid_field(field, f"trigger {trigger_id} has no timetable: its rule is {kind}")


def trigger_unreadable(trigger_id: str, reason: str) -> ApiError:
    return _precondition(
        "TRIGGER_UNREADABLE",
        f"Trigger {trigger_id} can't be read by this version of the server: {reason}",
    )


def key_reused(field: str) -> ApiError:
    error = invalid_field(field, "was used before, for a request that asked for something else")
    return ApiError(error.code, "KEY_REUSED", error.message, error.violations)


def partial_success_unsupported() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "PARTIAL_SUCCESS_UNSUPPORTED",
        "return_partial_success is not supported; leave it out",
    )


def secret_not_shown() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SECRET_NOT_SHOWN",
        "The Authorization header does not show the secret for webhooks",
    )


def no_default_group(folder_id: str) -> ApiError:
    return _not_found(
        "NO_DEFAULT_LOG_GROUP",
        f"Folder {folder_id[:64]} has no default log group; write to a group, or name the folder's "
        "in [sources.logs.default_groups]",
    )


def store_unavailable() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "STORE_UNAVAILABLE",
        "The store can't be reached; try again",
    )


def store_full() -> ApiError:
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "STORE_FULL",
        "The store has no space left and nothing was changed; try again when there is some",
    )


def internal() -> ApiError:
    return ApiError(
        grpc.StatusCode.INTERNAL, "INTERNAL", "Internal error; the server's log has the cause"
    )


def to_status(error: ApiError, request_id: str) -> status_pb2.Status:
    """Returns the error with its details: its reason, the fields to blame, the request's id."""
    details = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if error.violations:
        fields = [
            error_details_pb2.BadRequest.FieldViolation(
                field=violation.field, description=violation.description
            )
            for violation in error.violations
        ]
        details.insert(0, error_details_pb2.BadRequest(field_violations=fields))
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _precondition(reason: str, text: str) -> ApiError:
    return ApiError(grpc.StatusCode.FAILED_PRECONDITION, reason, text)


def _not_found(reason: str, text: str) -> ApiError:
    return ApiError(grpc.StatusCode.NOT_FOUND, reason, text)


def _within_budget(violations: Sequence[Violation]) -> list[Violation]:
    told: list[Violation] = []
    size = 0
    for violation in violations:
        size += _size_in_trailers(violation)
        if told and size > VIOLATIONS_BUDGET:
            break
        told.append(violation)
    return told


def _size_in_trailers(violation: Violation) -> int:
    """A violation stands in the text (percent-encoded) and, twice, in the details (base64)."""
    line = message([violation]).removeprefix(message([]))
    return len(quote(line)) + 2 * len(line.encode()) * 4 // 3
