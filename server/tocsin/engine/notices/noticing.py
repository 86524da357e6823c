"""Makes the invocations that tell receivers of failures, in the transaction of the failure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tocsin.engine.notices.messages import (
    FAILED,
    SILENT,
    Told,
    body_of,
    command_for_failure,
    command_for_silence,
    what_failed,
)
from tocsin.engine.notices.subjects import Subject, is_path, subjects_of
from tocsin.plans.plan import Action, Retry, action_to_json, target_key, target_of_action
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.deliveries import Ended
from tocsin.store.invocations.listing import find_summaries
from tocsin.store.invocations.rows import (
    NOTICE_ORIGIN,
    Invocation,
    State,
    insert_invocation,
)
from tocsin.store.notices.causes import Cause, CauseKind, failures_in_a_row, may_notice
from tocsin.targets.receivers import NotifySettings, Occasion, Receiver

# A receiver is told of a cause once in this time.
QUIET = timedelta(hours=1)
# The last of these tries begins some three hours after the first.
RETRY = Retry(10, timedelta(seconds=10), "exponential")
LONGEST_ERROR = 1000
MOST_COUNTED = 100


class Notices:
    """Decides who is told of what, and stores the invocations that do it."""

    def __init__(self, settings: NotifySettings, *, new_id: Callable[[], str]) -> None:
        self.settings = settings
        self._new_id = new_id

    def failed(self, tx: Transaction, ended: Sequence[Ended]) -> None:
        """Tells receivers of deliveries that failed for good, which the store has as failed.

        Nobody is told of a notice that failed.
        """
        latest = _latest_of_origins(find_summaries(tx, [each.invocation_id for each in ended]))
        if not latest:
            return
        at = max(each.at for each in ended)
        # In one order, so that two nodes never wait for each other's rows.
        for key, subject in sorted(subjects_of(tx, sorted(latest), self.settings).items()):
            for name, receiver in subject.receivers.items():
                if Occasion.FAILURE in receiver.on:
                    self._tell_failure(tx, subject, name, receiver, latest[key], at)

    def not_run(
        self, tx: Transaction, schedule: str, tick: datetime, error: str, now: datetime
    ) -> None:
        """Tells receivers of an instant of a schedule that could not run, which is silence."""
        for subject in subjects_of(tx, [schedule], self.settings).values():
            for name, receiver in subject.receivers.items():
                if Occasion.SILENCE in receiver.on:
                    why = f"it could not run: {error[:LONGEST_ERROR]}"
                    self.tell_silence(tx, subject, name, tick, now, why, now)

    def _tell_failure(
        self,
        tx: Transaction,
        subject: Subject,
        name: str,
        receiver: Receiver,
        invocation: Invocation,
        now: datetime,
    ) -> None:
        in_a_row = 1
        if receiver.failures > 1:
            in_a_row = failures_in_a_row(tx, subject.key, limit=MOST_COUNTED)
            if in_a_row < receiver.failures:
                return
        cause = Cause(subject.key, CauseKind.FAILURE, name, now)
        if not may_notice(tx, cause, before=now - QUIET):
            return
        in_a_row = max(in_a_row, failures_in_a_row(tx, subject.key, limit=MOST_COUNTED))
        error = (invocation.last_error or "")[:LONGEST_ERROR]
        calls = "call" if invocation.attempts == 1 else "calls"
        told = Told(
            FAILED,
            subject,
            f"The {what_failed(subject)} of {rfc3339(invocation.scheduled_at)} failed after "
            f"{invocation.attempts} {calls}: {error}",
            command_for_failure(invocation),
            {
                **_names_of(invocation),
                "target": target_of_action(invocation.action),
                "scheduledAt": rfc3339(invocation.scheduled_at),
                "attempts": invocation.attempts,
                "lastError": error,
                "failuresInARow": in_a_row,
                "failuresInARowAtLeast": in_a_row >= MOST_COUNTED,
                "goesToDeadLetterQueue": invocation.state is not State.FAILED,
            },
        )
        self.tell(tx, told, name, now)

    def tell_silence(
        self,
        tx: Transaction,
        subject: Subject,
        name: str,
        due: datetime,
        found: datetime,
        why: str,
        now: datetime,
    ) -> None:
        """Tells a receiver of a tick that did not fire in time, unless it was told of late."""
        cause = Cause(subject.key, CauseKind.SILENCE, name, now)
        if not may_notice(tx, cause, before=now - QUIET):
            return
        told = Told(
            SILENT,
            subject,
            f"The tick of {rfc3339(due)} had not fired at {rfc3339(found)}: {why}.",
            command_for_silence(subject, due),
            {"tick": rfc3339(due), "overdueSeconds": int((found - due).total_seconds())},
        )
        self.tell(tx, told, name, now)

    def tell(self, tx: Transaction, told: Told, name: str, now: datetime) -> None:
        """Stores the invocation that tells a receiver."""
        target = self.settings.target(name)
        invocation = Invocation(
            id=self._new_id(),
            parent=told.subject.parent,
            # An origin with slashes is an integration.
            origin=f"{NOTICE_ORIGIN}{told.subject.key.replace('/', ':')}",
            scheduled_at=now,
            action=action_to_json(Action(target, RETRY)),
            target=target_key(target),
            payload=body_of(told, now),
            created_at=now,
        )
        insert_invocation(tx, invocation, due_at=now)


def _latest_of_origins(failed: Sequence[Invocation]) -> dict[str, Invocation]:
    """Returns the latest failed invocation of each trigger and of each integration."""
    latest: dict[str, Invocation] = {}
    for invocation in sorted(failed, key=lambda one: (one.scheduled_at, one.id)):
        if not invocation.is_notice:
            latest[invocation.origin] = invocation
    return latest


def _names_of(invocation: Invocation) -> dict[str, Any]:
    """Returns the ids of an invocation, and the schedule that an execution is a run of."""
    if not is_path(invocation.origin):
        return {"invocationId": invocation.id}
    names = {"invocationId": invocation.id, "executionId": invocation.shown_id}
    occurrence = invocation.occurrence or ""
    if occurrence.startswith(f"{invocation.parent}/schedules/"):
        # `projects/*/locations/*/schedules/*`, and the instant behind it.
        names["schedule"] = "/".join(occurrence.split("/")[:6])
    return names
