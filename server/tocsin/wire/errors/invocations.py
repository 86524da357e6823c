"""Errors about invocations and dead letters."""

from tocsin.wire.errors.error import ApiError, about, not_found, precondition


def invocation_not_found(invocation_id: str) -> ApiError:
    return about(
        not_found("INVOCATION_NOT_FOUND", f"Invocation {invocation_id[:256]} not found"),
        invocationId=invocation_id,
    )


def job_not_found(job_id: str) -> ApiError:
    return about(not_found("JOB_NOT_FOUND", f"Job {job_id[:256]} not found"), jobId=job_id)


def not_retriable(invocation_id: str, state_text: str) -> ApiError:
    return about(
        precondition(
            "INVOCATION_NOT_RETRIABLE",
            f"Invocation {invocation_id} {state_text}; only an invocation that has ended, or waits "
            "after a failed delivery, can be delivered again",
        ),
        invocationId=invocation_id,
        stateText=state_text,
    )


def trigger_deleted(trigger_id: str) -> ApiError:
    return about(
        precondition(
            "TRIGGER_DELETED",
            f"Trigger {trigger_id} was deleted: its invocations can't be delivered again",
        ),
        triggerId=trigger_id,
    )


def not_cancellable(invocation_id: str, state_text: str) -> ApiError:
    return about(
        precondition(
            "INVOCATION_NOT_CANCELLABLE",
            f"Invocation {invocation_id} {state_text}; only an invocation that waits for a "
            "delivery can be cancelled",
        ),
        invocationId=invocation_id,
        stateText=state_text,
    )


def not_a_dead_letter(invocation_id: str, state: str) -> ApiError:
    return about(
        precondition(
            "NOT_A_DEAD_LETTER",
            f"Invocation {invocation_id} is not a dead letter, it is {state.replace('_', ' ')}",
        ),
        invocationId=invocation_id,
        state=state,
    )


def dead_letter_held(invocation_id: str) -> ApiError:
    return about(
        precondition(
            "NOT_A_DEAD_LETTER",
            f"Invocation {invocation_id} is being put into its dead letter queue; try again",
        ),
        invocationId=invocation_id,
    )
