"""Errors of the server itself and of its store."""

import grpc

from tocsin.wire.errors.error import ApiError


def store_unavailable() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "STORE_UNAVAILABLE",
        "The store can't be reached; try again",
        headers=(("retry-after", "1"),),
    )


def store_full() -> ApiError:
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "STORE_FULL",
        "The store has no space left, and nothing was changed; try again when it has space",
    )


def store_damaged() -> ApiError:
    return ApiError(
        grpc.StatusCode.DATA_LOSS,
        "STORE_DAMAGED",
        "The database is damaged, and its operator has to restore a backup",
    )


def internal() -> ApiError:
    return ApiError(
        grpc.StatusCode.INTERNAL, "INTERNAL", "Internal error; the server's log has the reason"
    )
