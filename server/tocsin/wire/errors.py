"""Makes all errors that a client can get."""

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
# In this time a server answers most of the calls that it has under way.
OVERLOADED_SECONDS = 1.0
OVERLOADED = "OVERLOADED"


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


def invalid(violations: Sequence[Violation]) -> ApiError:
    return _invalid("INVALID_FIELDS", violations, message)


def unreadable(faults: Sequence[Violation]) -> ApiError:
    """The JSON or the query of a call over REST is not its request; in the words of Google."""
    return _invalid(
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
    return _about(
        ApiError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "MESSAGE_TOO_LARGE",
            f"The call's message is larger than max ({most} bytes)",
        ),
        most=most,
    )


def message_late(seconds: int) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "MESSAGE_LATE",
            f"The call's message was not whole within {seconds} seconds",
        ),
        seconds=seconds,
    )


def messages_too_slow(most: int) -> ApiError:
    return _about(
        _exhausted(
            "MESSAGES_TOO_SLOW",
            f"More than {most} messages come slowly at once, from you or from callers without a "
            "credential; send fewer at once, or try again later",
            1,
        ),
        most=most,
    )


def trigger_not_found(trigger_id: str) -> ApiError:
    return _about(
        _not_found("TRIGGER_NOT_FOUND", f"Trigger {trigger_id[:64]} not found"),
        triggerId=trigger_id,
    )


def operation_not_found(name: str) -> ApiError:
    return _about(
        _not_found("OPERATION_NOT_FOUND", f'Operation "{name[:256]}" not found.'), name=name
    )


def method_not_found() -> ApiError:
    return _not_found("METHOD_NOT_FOUND", "Could not resolve the path to a method.")


def method_unknown(method: str) -> ApiError:
    """https://grpc.github.io/grpc/core/md_doc_statuscodes.html: a method that no service has."""
    return _about(
        ApiError(
            grpc.StatusCode.UNIMPLEMENTED,
            "METHOD_UNKNOWN",
            f"No service here has the method {method[:256]}; `grpcurl HOST:PORT list` shows them",
        ),
        method=method,
    )


def endpoint_not_found(endpoint_id: str) -> ApiError:
    return _about(
        _not_found("ENDPOINT_NOT_FOUND", f"Endpoint {endpoint_id[:64]} not found"),
        endpointId=endpoint_id,
    )


def integration_not_found(name: str) -> ApiError:
    return _about(
        _not_found("INTEGRATION_NOT_FOUND", f"Integration {name[:256]} not found"), name=name
    )


def version_not_found(name: str) -> ApiError:
    return _about(
        _not_found("INTEGRATION_VERSION_NOT_FOUND", f"Version {name[:256]} not found"), name=name
    )


def version_in_state(name: str, state: str, needed: str) -> ApiError:
    return _about(
        _precondition(
            "INTEGRATION_VERSION_STATE", f"Version {name[:256]} is {state}, it must be {needed}"
        ),
        name=name,
        state=state,
    )


def integration_published(name: str) -> ApiError:
    return _about(
        _precondition(
            "INTEGRATION_PUBLISHED",
            f"Integration {name[:256]} has a published version: unpublish it first",
        ),
        name=name,
    )


def integration_exists(name: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "INTEGRATION_EXISTS",
            f"Integration {name[:256]} already exists: leave out new_integration",
        ),
        name=name,
    )


def too_many_versions(name: str, most: int) -> ApiError:
    text = f"{name[:256]} has {most} versions of integrations, the most that it may have"
    return _about(
        _exhausted("QUOTA_EXCEEDED", text, None, _quota(name[:256], text)), name=name, most=most
    )


def version_changed_meanwhile(name: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.ABORTED,
            "CHANGED_MEANWHILE",
            f"Version {name[:256]} has just changed; try again",
        ),
        name=name,
    )


def schedule_not_found(name: str) -> ApiError:
    return _about(_not_found("SCHEDULE_NOT_FOUND", f"Schedule {name[:256]} not found"), name=name)


def schedule_exists(name: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "SCHEDULE_EXISTS",
            f"Schedule {name[:256]} already exists",
        ),
        name=name,
    )


def api_trigger_not_found(trigger_id: str, name: str) -> ApiError:
    return _about(
        _not_found(
            "INTEGRATION_TRIGGER_NOT_FOUND",
            f"Trigger {trigger_id[:128]} not found on integration {name[:256]}",
        ),
        triggerId=trigger_id,
        name=name,
    )


def name_taken(name: str, folder_id: str) -> ApiError:
    return _about(
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
    return _about(
        ApiError(
            grpc.StatusCode.ABORTED,
            "CHANGED_MEANWHILE",
            f"The service accounts of trigger {trigger_id} have just changed; try again",
        ),
        triggerId=trigger_id,
    )


def execution_exists(execution_id: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "EXECUTION_EXISTS",
            f"Execution {execution_id} already exists",
        ),
        executionId=execution_id,
    )


def execution_not_found(name: str) -> ApiError:
    return _about(_not_found("EXECUTION_NOT_FOUND", f"Execution {name} not found"), name=name)


def execution_not_waiting(execution_id: str, state: str) -> ApiError:
    return _about(
        _precondition(
            "EXECUTION_NOT_WAITING",
            f"Execution {execution_id} can't be started: it is {state}, and only one that waits "
            "for its time can be",
        ),
        executionId=execution_id,
        state=state,
    )


def execution_not_ended(execution_id: str, state: str) -> ApiError:
    return _about(
        _precondition(
            "EXECUTION_NOT_ENDED",
            f"Execution {execution_id} can't be replayed yet: it is {state}; cancel it, or wait "
            "for its end",
        ),
        executionId=execution_id,
        state=state,
    )


def execution_not_failed(execution_id: str, state: str) -> ApiError:
    return _about(
        _precondition(
            "EXECUTION_NOT_FAILED",
            f"Execution {execution_id} has no point of failure: it is {state}; replay it with "
            "REPLAY_MODE_FROM_BEGINNING",
        ),
        executionId=execution_id,
        state=state,
    )


def execution_failed(execution_id: str, why: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.UNKNOWN,
            "EXECUTION_FAILED",
            f"Execution {execution_id} failed: {why}",
        ),
        executionId=execution_id,
        why=why,
    )


def execution_cancelled(execution_id: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.CANCELLED,
            "EXECUTION_CANCELLED",
            f"Execution {execution_id} was cancelled",
        ),
        executionId=execution_id,
    )


def execution_late(execution_id: str, seconds: float) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "EXECUTION_LATE",
            f"Execution {execution_id} has not ended in {_seconds(seconds)} s; it goes on, and "
            "can be looked at by its id",
        ),
        executionId=execution_id,
        seconds=seconds,
    )


def invocation_not_found(invocation_id: str) -> ApiError:
    return _about(
        _not_found("INVOCATION_NOT_FOUND", f"Invocation {invocation_id[:256]} not found"),
        invocationId=invocation_id,
    )


def not_retriable(invocation_id: str, state_text: str) -> ApiError:
    return _about(
        _precondition(
            "INVOCATION_NOT_RETRIABLE",
            f"Invocation {invocation_id} {state_text}; only an invocation that has ended, or waits "
            "after a failed delivery, can be delivered again",
        ),
        invocationId=invocation_id,
        stateText=state_text,
    )


def trigger_deleted(trigger_id: str) -> ApiError:
    return _about(
        _precondition(
            "TRIGGER_DELETED",
            f"Trigger {trigger_id} was deleted: its invocations can't be delivered again",
        ),
        triggerId=trigger_id,
    )


def not_cancellable(invocation_id: str, state_text: str) -> ApiError:
    return _about(
        _precondition(
            "INVOCATION_NOT_CANCELLABLE",
            f"Invocation {invocation_id} {state_text}; only an invocation that waits for a "
            "delivery can be cancelled",
        ),
        invocationId=invocation_id,
        stateText=state_text,
    )


def not_a_dead_letter(invocation_id: str, state: str) -> ApiError:
    return _about(
        _precondition(
            "NOT_A_DEAD_LETTER",
            f"Invocation {invocation_id} is not a dead letter, it is {state.replace('_', ' ')}",
        ),
        invocationId=invocation_id,
        state=state,
    )


def dead_letter_held(invocation_id: str) -> ApiError:
    return _about(
        _precondition(
            "NOT_A_DEAD_LETTER",
            f"Invocation {invocation_id} is being put into its dead letter queue; try again",
        ),
        invocationId=invocation_id,
    )


def not_a_timer(field: str, trigger_id: str, kind: str) -> ApiError:
    return _about(
        invalid_field(field, f"must name a timer, but the rule of trigger {trigger_id} is {kind}"),
        field=field,
        triggerId=trigger_id,
        kind=kind,
    )


def trigger_unreadable(trigger_id: str, reason: str) -> ApiError:
    return _about(
        _precondition(
            "TRIGGER_UNREADABLE",
            f"This version of the server can't read trigger {trigger_id}: {reason}",
        ),
        triggerId=trigger_id,
        reason=reason,
    )


def key_reused(field: str) -> ApiError:
    error = invalid_field(field, "was used before for a different request; send another one")
    return _about(ApiError(error.code, "KEY_REUSED", error.message, error.violations), field=field)


def partial_success_unsupported() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "PARTIAL_SUCCESS_UNSUPPORTED",
        "return_partial_success is not supported; leave it out",
    )


def sender_unproven(why: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "SENDER_UNPROVEN",
            f"The sender of this webhook is not authenticated: {why}",
        ),
        why=why,
    )


def sender_unprovable(table: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "SENDER_UNPROVABLE",
            "This server can't authenticate the senders of webhooks: set secret, hub_keys or "
            f"standard_keys in [sources.webhooks], or in [sources.webhooks.{table}]",
        ),
        table=table,
    )


def log_sender_unproven() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SENDER_UNPROVEN",
        "The sender of these logs is not authenticated: the Authorization header must hold the "
        "secret of one of [sources.logs.otlp_senders]",
        headers=CHALLENGE,
    )


def log_sender_unprovable() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SENDER_UNPROVABLE",
        "This server can't authenticate who sends logs over HTTP: set secret and log_group in "
        "[sources.logs.otlp_senders.NAME], or send OTLP over gRPC",
        headers=CHALLENGE,
    )


CHALLENGE = (("www-authenticate", "Bearer"),)
"""An HTTP answer of 401 must have this header (RFC 9110, section 11.6.1)."""


def credential_missing() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "CREDENTIALS_MISSING",
        "A credential is missing: send `authorization: Bearer TOKEN` or "
        "`authorization: Api-Key SECRET`",
        headers=CHALLENGE,
    )


def credential_refused() -> ApiError:
    """Returns an error in the vendor's words, which hide the reason from the caller."""
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "CREDENTIALS_REFUSED",
        "Token is invalid or has expired.",
        headers=CHALLENGE,
    )


def permission_denied(permission: str, resource: str) -> ApiError:
    """Returns an error in the words of AIP-211, which hide whether the resource exists."""
    name = resource[:256]
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        "IAM_PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{name}' (or it might not exist).",
        metadata=(("permission", permission), ("resource", name)),
    )


def scope_insufficient(scope: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        f"Request had insufficient authentication scopes: the token needs {scope}.",
        metadata=(("scope", scope),),
    )


def too_many_calls(seconds: float) -> ApiError:
    return _about(
        _exhausted(
            "RATE_LIMIT_EXCEEDED", f"Too many calls; try again in {_seconds(seconds)}", seconds
        ),
        seconds=seconds,
    )


def too_many_under_way(most: int) -> ApiError:
    return _about(
        _exhausted(
            OVERLOADED,
            f"This server has {most} calls under way, as many as it takes; nothing was done, try "
            f"again in {_seconds(OVERLOADED_SECONDS)}",
            OVERLOADED_SECONDS,
        ),
        most=most,
    )


def too_many_bad_credentials(seconds: float) -> ApiError:
    return _about(
        _exhausted(
            "TOO_MANY_BAD_CREDENTIALS",
            f"Too many bad credentials came from your address; try again in {_seconds(seconds)}",
            seconds,
        ),
        seconds=seconds,
    )


def too_many_invocations(subject: str, per_minute: float, seconds: float) -> ApiError:
    quota = f"{subject} has used up its {per_minute:g} invocations a minute"
    return _about(
        _exhausted(
            "QUOTA_EXCEEDED",
            f"{quota}; try again in {_seconds(seconds)}",
            seconds,
            _quota(subject, quota),
        ),
        subject=subject,
        perMinute=per_minute,
        seconds=seconds,
    )


def too_many_triggers(folder_id: str, most: int) -> ApiError:
    quota = f"Folder {folder_id[:64]} has {most} triggers, the most that it may have"
    return _about(
        _exhausted("QUOTA_EXCEEDED", quota, None, _quota(f"folders/{folder_id[:64]}", quota)),
        folderId=folder_id,
        most=most,
    )


def payload_over_quota(subject: str, size: int, most: int) -> ApiError:
    quota = f"A request of this method may have at most {most} bytes, but has {size}"
    return _about(
        _exhausted("QUOTA_EXCEEDED", quota, None, _quota(subject, quota)),
        subject=subject,
        size=size,
        most=most,
    )


def proof_refused(what: str, why: str) -> ApiError:
    """Returns an error that gives the reason, because only the owner of a proof can see it."""
    return _about(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "CREDENTIALS_REFUSED",
            f"The {what} is refused: {why}",
            headers=CHALLENGE,
        ),
        what=what,
        why=why,
    )


def tokens_made_of_tokens(most: int) -> ApiError:
    return _about(
        _precondition(
            "TOKEN_MADE_OF_TOKENS",
            f"The token was made of another, and so on {most} times; show an API key, or a token "
            "that you got for a key",
        ),
        most=most,
    )


def account_not_found(account_id: str) -> ApiError:
    return _about(
        _not_found("ACCOUNT_NOT_FOUND", f"Account {account_id[:64]} not found"),
        accountId=account_id,
    )


def no_issuer() -> ApiError:
    return _not_found(
        "NO_ISSUER",
        "This server issues no tokens for targets: start it with --access, and set issuer in "
        "[access]",
    )


def account_name_taken(name: str, folder_id: str) -> ApiError:
    return _about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "ACCOUNT_NAME_TAKEN",
            f"Account with name {name} already exists in folder {folder_id}",
        ),
        name=name,
        folderId=folder_id,
    )


def key_not_found(key_id: str) -> ApiError:
    return _about(_not_found("KEY_NOT_FOUND", f"Key {key_id[:64]} not found"), keyId=key_id)


def credential_not_found(credential_id: str) -> ApiError:
    return _about(
        _not_found("CREDENTIAL_NOT_FOUND", f"Credential {credential_id[:64]} not found"),
        credentialId=credential_id,
    )


def binding_not_found(resource: str, subject: str, role: str) -> ApiError:
    return _about(
        _not_found(
            "BINDING_NOT_FOUND",
            f"Subject {subject[:256]} does not have role {role[:64]} on {resource[:256]}",
        ),
        resource=resource,
        subject=subject,
        role=role,
    )


def configured(subject: str) -> ApiError:
    return _about(
        _precondition("CONFIGURED", f"{subject} comes from the settings; change it there"),
        subject=subject,
    )


def access_control_off() -> ApiError:
    return _precondition(
        "ACCESS_CONTROL_OFF",
        "Access control is off, so there are no accounts; start the server with --access",
    )


def no_default_group(folder_id: str) -> ApiError:
    return _about(
        _not_found(
            "NO_DEFAULT_LOG_GROUP",
            f"Folder {folder_id[:64]} has no default log group: write to a group, or set the "
            "folder's group in [sources.logs.default_groups]",
        ),
        folderId=folder_id,
    )


def log_group_unbound(group: str) -> ApiError:
    return _about(
        _not_found(
            "LOG_GROUP_UNBOUND",
            f"Log group {group[:64]} belongs to no folder, so no trigger would get its records; an "
            "operator can name its folders in folders_of of [sources.logs]",
        ),
        group=group,
    )


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


def _about(error: ApiError, **variables: str | float) -> ApiError:
    """Adds the variables of an error's text to its metadata, by names in camel case (AIP-193)."""
    error.metadata += tuple((name, _text(value)[:256]) for name, value in variables.items())
    return error


def _text(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _precondition(reason: str, text: str) -> ApiError:
    return ApiError(grpc.StatusCode.FAILED_PRECONDITION, reason, text)


def _exhausted(reason: str, text: str, seconds: float | None, *details: Message) -> ApiError:
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


def _quota(subject: str, description: str) -> Message:
    violation = error_details_pb2.QuotaFailure.Violation(subject=subject, description=description)
    failure: Message = error_details_pb2.QuotaFailure(violations=[violation])
    return failure


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 1 else f"{math.ceil(seconds)} s"


def _not_found(reason: str, text: str) -> ApiError:
    return ApiError(grpc.StatusCode.NOT_FOUND, reason, text)


def _invalid(
    reason: str, violations: Sequence[Violation], text_of: Callable[[Sequence[Violation]], str]
) -> ApiError:
    reported = _within_budget(violations)
    text = text_of(reported)
    if len(reported) < len(violations):
        text += f"\n  … and {len(violations) - len(reported)} more"
    error = ApiError(grpc.StatusCode.INVALID_ARGUMENT, reason, text, tuple(reported))
    fields = dict.fromkeys(violation.field for violation in reported if violation.field)
    return _about(error, fields=",".join(fields)) if fields else error


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
