"""Errors about triggers, and what belongs to them."""

import grpc
from google.rpc import error_details_pb2

from tocsin.wire.errors.error import (
    ApiError,
    about,
    exhausted,
    not_found,
    precondition,
    quota_failure,
)
from tocsin.wire.errors.requests import invalid_field


def trigger_not_found(trigger_id: str) -> ApiError:
    return about(
        not_found("TRIGGER_NOT_FOUND", f"Trigger {trigger_id[:64]} not found"),
        triggerId=trigger_id,
    )


def operation_not_found(name: str) -> ApiError:
    return about(
        not_found("OPERATION_NOT_FOUND", f'Operation "{name[:256]}" not found.'), name=name
    )


def endpoint_not_found(endpoint_id: str) -> ApiError:
    return about(
        not_found("ENDPOINT_NOT_FOUND", f"Endpoint {endpoint_id[:64]} not found"),
        endpointId=endpoint_id,
    )


def name_taken(name: str, folder_id: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "TRIGGER_NAME_TAKEN",
            f"Trigger with name {name} already exists in folder {folder_id}",
        ),
        name=name,
        folderId=folder_id,
    )


def queue_taken(queue_id: str) -> ApiError:
    """Returns an error that hides the other trigger, which may be another folder's."""
    queue = queue_id[:256]
    text = (
        f"Queue {queue} feeds a trigger already, and a queue feeds only one; name another queue, "
        "or let an operator set shared in [sources.message_queue]"
    )
    violation = error_details_pb2.PreconditionFailure.Violation(
        type="QUEUE_TAKEN", subject=queue, description=text
    )
    return ApiError(
        grpc.StatusCode.FAILED_PRECONDITION,
        "QUEUE_TAKEN",
        text,
        metadata=(("queue", queue),),
        details=(error_details_pb2.PreconditionFailure(violations=[violation]),),
    )


def changed_meanwhile(trigger_id: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ABORTED,
            "CHANGED_MEANWHILE",
            f"The service accounts of trigger {trigger_id} have just changed; try again",
        ),
        triggerId=trigger_id,
    )


def not_a_timer(field: str, trigger_id: str, kind: str) -> ApiError:
    return about(
        invalid_field(field, f"must name a timer, but the rule of trigger {trigger_id} is {kind}"),
        field=field,
        triggerId=trigger_id,
        kind=kind,
    )


def trigger_unreadable(trigger_id: str, reason: str) -> ApiError:
    return about(
        precondition(
            "TRIGGER_UNREADABLE",
            f"This version of the server can't read trigger {trigger_id}: {reason}",
        ),
        triggerId=trigger_id,
        reason=reason,
    )


def too_many_triggers(folder_id: str, most: int) -> ApiError:
    quota = f"Folder {folder_id[:64]} has {most} triggers, the most that it may have"
    return about(
        exhausted("QUOTA_EXCEEDED", quota, None, quota_failure(f"folders/{folder_id[:64]}", quota)),
        folderId=folder_id,
        most=most,
    )


def count_differs(expected: int, count: int, what: str = "triggers") -> ApiError:
    return about(
        precondition(
            "COUNT_DIFFERS",
            f"{expected} {what} were expected, but the selection has {count}; nothing was "
            "changed: look at them again",
        ),
        expected=expected,
        count=count,
        what=what,
    )


def no_default_group(folder_id: str) -> ApiError:
    return about(
        not_found(
            "NO_DEFAULT_LOG_GROUP",
            f"Folder {folder_id[:64]} has no default log group: write to a group, or set the "
            "folder's group in [sources.logs.default_groups]",
        ),
        folderId=folder_id,
    )


def log_group_unbound(group: str) -> ApiError:
    return about(
        not_found(
            "LOG_GROUP_UNBOUND",
            f"Log group {group[:64]} belongs to no folder, so no trigger would get its records; an "
            "operator can name its folders in folders_of of [sources.logs]",
        ),
        group=group,
    )
