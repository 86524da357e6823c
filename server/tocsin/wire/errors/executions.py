"""Errors about integrations and their executions."""

import grpc

from tocsin.wire.errors.error import (
    ApiError,
    about,
    exhausted,
    not_found,
    precondition,
    quota_failure,
    span_text,
)


def integration_not_found(name: str) -> ApiError:
    return about(
        not_found("INTEGRATION_NOT_FOUND", f"Integration {name[:256]} not found"), name=name
    )


def version_not_found(name: str) -> ApiError:
    return about(
        not_found("INTEGRATION_VERSION_NOT_FOUND", f"Version {name[:256]} not found"), name=name
    )


def version_in_state(name: str, state: str, needed: str) -> ApiError:
    return about(
        precondition(
            "INTEGRATION_VERSION_STATE", f"Version {name[:256]} is {state}, it must be {needed}"
        ),
        name=name,
        state=state,
        needed=needed,
    )


def integration_published(name: str) -> ApiError:
    return about(
        precondition(
            "INTEGRATION_PUBLISHED",
            f"Integration {name[:256]} has a published version: unpublish it first",
        ),
        name=name,
    )


def integration_exists(name: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "INTEGRATION_EXISTS",
            f"Integration {name[:256]} already exists: leave out new_integration",
        ),
        name=name,
    )


def too_many_versions(name: str, most: int) -> ApiError:
    text = f"{name[:256]} has {most} versions of integrations, the most that it may have"
    return about(
        exhausted("QUOTA_EXCEEDED", text, None, quota_failure(name[:256], text)),
        name=name,
        most=most,
    )


def version_changed_meanwhile(name: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ABORTED,
            "CHANGED_MEANWHILE",
            f"Version {name[:256]} has just changed; try again",
        ),
        name=name,
    )


def schedule_not_found(name: str) -> ApiError:
    return about(not_found("SCHEDULE_NOT_FOUND", f"Schedule {name[:256]} not found"), name=name)


def schedule_exists(name: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "SCHEDULE_EXISTS",
            f"Schedule {name[:256]} already exists",
        ),
        name=name,
    )


def api_trigger_not_found(trigger_id: str, name: str) -> ApiError:
    return about(
        not_found(
            "INTEGRATION_TRIGGER_NOT_FOUND",
            f"Trigger {trigger_id[:128]} not found on integration {name[:256]}",
        ),
        triggerId=trigger_id,
        name=name,
    )


def execution_exists(execution_id: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "EXECUTION_EXISTS",
            f"Execution {execution_id} already exists",
        ),
        executionId=execution_id,
    )


def execution_not_found(name: str) -> ApiError:
    return about(not_found("EXECUTION_NOT_FOUND", f"Execution {name} not found"), name=name)


def execution_not_waiting(execution_id: str, state: str) -> ApiError:
    return about(
        precondition(
            "EXECUTION_NOT_WAITING",
            f"Execution {execution_id} can't be started: it is {state}, and only one that waits "
            "for its time can be",
        ),
        executionId=execution_id,
        state=state,
    )


def execution_not_ended(execution_id: str, state: str) -> ApiError:
    return about(
        precondition(
            "EXECUTION_NOT_ENDED",
            f"Execution {execution_id} can't be replayed yet: it is {state}; cancel it, or wait "
            "for its end",
        ),
        executionId=execution_id,
        state=state,
    )


def execution_not_failed(execution_id: str, state: str) -> ApiError:
    return about(
        precondition(
            "EXECUTION_NOT_FAILED",
            f"Execution {execution_id} has no point of failure: it is {state}; replay it with "
            "REPLAY_MODE_FROM_BEGINNING",
        ),
        executionId=execution_id,
        state=state,
    )


def execution_failed(execution_id: str, why: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.UNKNOWN,
            "EXECUTION_FAILED",
            f"Execution {execution_id} failed: {why}",
        ),
        executionId=execution_id,
        why=why,
    )


def execution_cancelled(execution_id: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.CANCELLED,
            "EXECUTION_CANCELLED",
            f"Execution {execution_id} was cancelled",
        ),
        executionId=execution_id,
    )


def execution_late(execution_id: str, seconds: float) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "EXECUTION_LATE",
            f"Execution {execution_id} has not ended in {span_text(seconds)}; it goes on, and "
            "can be looked at by its id",
        ),
        executionId=execution_id,
        seconds=seconds,
    )
