"""What becomes of an invocation after a call: done, called again, a dead letter, or failed."""

import json
from datetime import datetime, timedelta

from tocsin.plans.plan import Action, Retry, queue_key, target_key
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation, State
from tocsin.targets.calling import Outcome

# The contract's longest interval: a target may ask for a longer pause than the rule's, up to this.
LONGEST_RETRY_AFTER = timedelta(minutes=1)
# The part of the interval that chance may add: what failed at once is not to come back at once.
JITTER = 0.1
# A queue that can't be reached is tried again for ever: a dead letter is never dropped.
FIRST_QUEUE_PAUSE = timedelta(seconds=5)
LONGEST_QUEUE_PAUSE = timedelta(minutes=5)
# Of many failed tries of a queue the last ones are kept.
KEPT_FAILURES = 20


def after_call(
    invocation: Invocation, action: Action, outcome: Outcome, *, now: datetime, chance: float
) -> Ending:
    """Judges a call that ended. `chance` is from 0 to 1 and spreads retries.

    A call that broke off with its node is no known failure, and does not count as one.
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
        again_at = now + _pause(action.retry, outcome.retry_after, chance)
        return Ending(State.RETRYING, again_at, None, outcome.error, failures, history)
    if action.dead_letter is not None:
        queue = queue_key(action.dead_letter)
        return Ending(State.DEAD_LETTERING, now, None, outcome.error, failures, history, queue)
    return Ending(State.FAILED, None, None, outcome.error, failures, history)


def after_dead_letter(
    invocation: Invocation, action: Action, error: str | None, *, now: datetime
) -> Ending:
    """Judges the try to put a dead letter into its queue; `error` is why it is not there."""
    if error is None:
        return Ending(
            State.DEAD_LETTERED,
            error=last_failure(invocation),
            failures=invocation.failures,
            history=invocation.history,
            target=target_key(action.target),
        )
    history = _with_failure(invocation, None, error, now)
    tries = sum("status" not in each for each in json.loads(history))
    pause = min(FIRST_QUEUE_PAUSE * 2 ** min(tries - 1, 10), LONGEST_QUEUE_PAUSE)
    queue = None if action.dead_letter is None else queue_key(action.dead_letter)
    failures = invocation.failures
    return Ending(State.DEAD_LETTERING, now + pause, None, error, failures, history, queue)


def last_failure(invocation: Invocation) -> str:
    """Returns why the last call failed."""
    calls = [each for each in json.loads(invocation.history or "[]") if "status" in each]
    return str(calls[-1]["error"]) if calls else ""


def _pause(retry: Retry, retry_after: timedelta | None, chance: float) -> timedelta:
    """Never earlier than the interval: chance only adds."""
    pause = retry.interval * (1 + JITTER * chance)
    if retry_after is not None:
        pause = max(pause, min(retry_after, LONGEST_RETRY_AFTER))
    return pause


def _with_failure(
    invocation: Invocation, status: int | None, error: str | None, now: datetime
) -> str:
    """Adds to the failed calls, or, without a state of a call, to the failed tries of the queue."""
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
    calls = [each for each in failures if "status" in each]
    tries = [each for each in failures if "status" not in each]
    return json.dumps([*calls, *tries[-KEPT_FAILURES:]])
