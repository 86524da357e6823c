"""Decides how a call ends: success, a retry, a dead letter, or failure."""

import json
from datetime import datetime, timedelta

from tocsin.plans.plan import Action, Retry, queue_key, target_key
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation, State
from tocsin.store.invocations.steering import KEPT_CALLS
from tocsin.targets.calling import Outcome

# The contract's longest interval; a target may ask for a pause up to this.
LONGEST_RETRY_AFTER = timedelta(minutes=1)
# To which intervals of growing retries grow.
LONGEST_PAUSE_SECONDS = 24 * 3600.0
# The part of the interval that chance may add, so that calls that failed together spread out.
JITTER = 0.1
# Tries to reach a queue go on for ever, as a dead letter is never dropped.
FIRST_QUEUE_PAUSE = timedelta(seconds=5)
LONGEST_QUEUE_PAUSE = timedelta(minutes=5)
# Only the latest failed tries of a queue are kept.
KEPT_FAILURES = 20


def after_call(
    invocation: Invocation, action: Action, outcome: Outcome, *, now: datetime, chance: float
) -> Ending:
    """Returns the ending of a call. `chance`, from 0 to 1, spreads retries.

    A call that broke off because its node died does not count as a failure.
    """
    if outcome.succeeded:
        return Ending(
            State.SUCCEEDED,
            answer=outcome.answer,
            error=outcome.error,
            failures=invocation.failures,
            history=invocation.history,
        )
    failures = invocation.failures + 1
    history = _with_failure(invocation, outcome.status, outcome.error, now)
    if outcome.may_retry and action.retry is not None and failures <= action.retry.attempts:
        again_at = now + _pause(action.retry, failures, outcome.retry_after, chance)
        return Ending(State.RETRYING, again_at, None, outcome.error, failures, history)
    if action.dead_letter is not None:
        queue = queue_key(action.dead_letter)
        return Ending(State.DEAD_LETTERING, now, None, outcome.error, failures, history, queue)
    return Ending(State.FAILED, None, None, outcome.error, failures, history)


def after_dead_letter(
    invocation: Invocation, action: Action, error: str | None, *, now: datetime
) -> Ending:
    """Returns the ending of a try to put a dead letter into its queue, with its error or None."""
    if error is None:
        return Ending(
            State.DEAD_LETTERED,
            error=last_failure(invocation),
            failures=invocation.failures,
            history=invocation.history,
            target=target_key(action.target),
        )
    history = _with_failure(invocation, None, error, now)
    tries = sum("status" not in entry for entry in json.loads(history))
    pause = min(FIRST_QUEUE_PAUSE * 2 ** min(tries - 1, 10), LONGEST_QUEUE_PAUSE)
    queue = None if action.dead_letter is None else queue_key(action.dead_letter)
    failures = invocation.failures
    return Ending(State.DEAD_LETTERING, now + pause, None, error, failures, history, queue)


def last_failure(invocation: Invocation) -> str:
    """Returns the error of the last failed call, or an empty string."""
    calls = [entry for entry in json.loads(invocation.history or "[]") if "status" in entry]
    return str(calls[-1]["error"]) if calls else ""


def _pause(retry: Retry, failures: int, retry_after: timedelta | None, chance: float) -> timedelta:
    """Returns the pause after so many failures, which is at least the interval."""
    times = {"fixed": 1, "linear": failures, "exponential": 2 ** min(failures - 1, 30)}
    grown = min(retry.interval.total_seconds() * times[retry.growth], LONGEST_PAUSE_SECONDS)
    pause = timedelta(seconds=grown) * (1 + JITTER * chance)
    if retry_after is not None:
        pause = max(pause, min(retry_after, LONGEST_RETRY_AFTER))
    return pause


def _with_failure(
    invocation: Invocation, status: int | None, error: str | None, now: datetime
) -> str:
    """Returns the history with one more failed call, or failed try of the queue."""
    failures = json.loads(invocation.history or "[]")
    failure = {
        "attempt": invocation.attempts,
        "startedAt": invocation.started_at.isoformat() if invocation.started_at else None,
        "finishedAt": now.isoformat(),
        "error": error,
    }
    if invocation.state is not State.DEAD_LETTERING:
        failure["status"] = status
    failures.append(failure)
    calls = [entry for entry in failures if "status" in entry]
    tries = [entry for entry in failures if "status" not in entry]
    return json.dumps([*calls[-KEPT_CALLS:], *tries[-KEPT_FAILURES:]])
