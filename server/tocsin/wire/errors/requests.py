"""Errors of requests that can't be read or break the rules of their contract."""

from collections.abc import Sequence

import grpc

from tocsin.contract.validation import Violation, message
from tocsin.wire.errors.error import ApiError, about, exhausted, invalid_with, not_found


def invalid(violations: Sequence[Violation]) -> ApiError:
    return invalid_with("INVALID_FIELDS", violations, message)


def unreadable(faults: Sequence[Violation]) -> ApiError:
    """The JSON or the query of a call over REST is not its request; in the words of Google."""
    return invalid_with(
        "UNREADABLE_REQUEST", faults, lambda each: "\n".join(f.description for f in each)
    )


def invalid_field(field: str, description: str) -> ApiError:
    return invalid([Violation(field, description)])


def malformed_request() -> ApiError:
    return ApiError(
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED_REQUEST",
        "The request is not a message of this method",
    )


def message_missing() -> ApiError:
    """https://grpc.github.io/grpc/core/md_doc_statuscodes.html: a unary call without a message."""
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "MESSAGE_MISSING",
        "The call has no message; this method expects one, even if it is empty",
    )


def message_too_large(most: int) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "MESSAGE_TOO_LARGE",
            f"The call's message is larger than max ({most} bytes)",
        ),
        most=most,
    )


def message_late(seconds: int) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "MESSAGE_LATE",
            f"The call's message was not whole within {seconds} seconds",
        ),
        seconds=seconds,
    )


def messages_too_slow(most: int) -> ApiError:
    return about(
        exhausted(
            "MESSAGES_TOO_SLOW",
            f"More than {most} messages come slowly at once, from you or from callers without a "
            "credential; send fewer at once, or try again later",
            1,
        ),
        most=most,
    )


def method_not_found() -> ApiError:
    return not_found("METHOD_NOT_FOUND", "Could not resolve the path to a method.")


def method_unknown(method: str) -> ApiError:
    """https://grpc.github.io/grpc/core/md_doc_statuscodes.html: a method that no service has."""
    return about(
        ApiError(
            grpc.StatusCode.UNIMPLEMENTED,
            "METHOD_UNKNOWN",
            f"No service here has the method {method[:256]}; `grpcurl HOST:PORT list` shows them",
        ),
        method=method,
    )


def page_outdated(headers: Sequence[tuple[str, str]]) -> ApiError:
    error = not_found(
        "PAGE_OUTDATED", "This server has another version of the page: load the page anew"
    )
    error.headers = tuple(headers)
    return error


def asset_not_found(path: str, headers: Sequence[tuple[str, str]]) -> ApiError:
    error = not_found("ASSET_NOT_FOUND", f"The page has no file {path[:256]}")
    error.headers = tuple(headers)
    return about(error, path=path)


def key_reused(field: str) -> ApiError:
    error = invalid_field(field, "was used before for a different request; send another one")
    return about(ApiError(error.code, "KEY_REUSED", error.message, error.violations), field=field)


def partial_success_unsupported() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "PARTIAL_SUCCESS_UNSUPPORTED",
        "return_partial_success is not supported; leave it out",
    )
