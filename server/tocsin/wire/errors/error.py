"""Defines the error that clients are given, and builds those of the usual kinds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from tocsin.contract.validation import Violation, message

# Some clients refuse trailers above 8 KiB. Violations may use this many bytes of them.
VIOLATIONS_BUDGET = 6 * 1024


# Not frozen, because Python sets the traceback of an exception.
@dataclass(eq=False)
class ApiError(Exception):
    """An error for a client. `reason` is for programs (AIP-193), `message` for people."""

    code: grpc.StatusCode
    reason: str
    message: str
    violations: tuple[Violation, ...] = ()
    # Details of the reason, for programs.
    metadata: tuple[tuple[str, str], ...] = ()
    # Further details, messages of google.rpc.
    details: tuple[Message, ...] = ()
    # Metadata of the answer: HTTP headers over REST.
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.message


def about(error: ApiError, **variables: str | float) -> ApiError:
    """Adds the variables of an error's text to its metadata, by names in camel case (AIP-193)."""
    error.metadata += tuple((name, text_of(value)[:256]) for name, value in variables.items())
    return error


def text_of(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def precondition(reason: str, text: str) -> ApiError:
    return ApiError(grpc.StatusCode.FAILED_PRECONDITION, reason, text)


def exhausted(reason: str, text: str, seconds: float | None, *details: Message) -> ApiError:
    """Returns an error of a limit; try again in `seconds`, or never if that is None."""
    if seconds is None:
        return ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, reason, text, details=details)
    delay = Duration()
    delay.FromMilliseconds(math.ceil(seconds * 1000))
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason,
        text,
        details=(*details, error_details_pb2.RetryInfo(retry_delay=delay)),
        headers=(("retry-after", str(math.ceil(seconds))),),
    )


def quota_failure(subject: str, description: str) -> Message:
    violation = error_details_pb2.QuotaFailure.Violation(subject=subject, description=description)
    failure: Message = error_details_pb2.QuotaFailure(violations=[violation])
    return failure


def span_text(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 1 else f"{math.ceil(seconds)} s"


def not_found(reason: str, text: str) -> ApiError:
    return ApiError(grpc.StatusCode.NOT_FOUND, reason, text)


def invalid_with(
    reason: str, violations: Sequence[Violation], text_of: Callable[[Sequence[Violation]], str]
) -> ApiError:
    reported = _within_budget(violations)
    text = text_of(reported)
    if len(reported) < len(violations):
        text += f"\n  … and {len(violations) - len(reported)} more"
    error = ApiError(grpc.StatusCode.INVALID_ARGUMENT, reason, text, tuple(reported))
    fields = dict.fromkeys(violation.field for violation in reported if violation.field)
    return about(error, fields=",".join(fields)) if fields else error


def _within_budget(violations: Sequence[Violation]) -> list[Violation]:
    """Returns the first violations, as many as fit into the trailers, but at least one."""
    reported: list[Violation] = []
    size = 0
    for violation in violations:
        size += _size_in_trailers(violation)
        if reported and size > VIOLATIONS_BUDGET:
            break
        reported.append(violation)
    return reported


def _size_in_trailers(violation: Violation) -> int:
    """Returns the bytes of a violation: percent-encoded in the text, and twice in base64."""
    line = message([violation]).removeprefix(message([]))
    return len(quote(line)) + 2 * len(line.encode()) * 4 // 3
