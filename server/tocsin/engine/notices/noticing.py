"""Makes the invocations that tell receivers of failures, in the transaction of the failure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.compilers.summaries import summary_of
from tocsin.engine.notices.messages import FAILED, Told, body_of
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
from tocsin.store.triggers.listing import PlacedTrigger, placed_triggers
from tocsin.targets.receivers import NotifySettings, Occasion, Receiver

# A receiver is told of a cause once in this time.
QUIET = timedelta(hours=1)
# The last of these tries begins some three hours after the first.
RETRY = Retry(10, timedelta(seconds=10), "exponential")
LONGEST_ERROR = 1000
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Addressee:
    """A trigger, and who is told of it."""

    trigger_id: str
    name: str
    folder_id: str
    receivers: Mapping[str, Receiver]


class Notices:
    """Decides who is told of what, and stores the invocations that do it."""

    def __init__(self, settings: NotifySettings, *, new_id: Callable[[], str]) -> None:
        self.settings = settings
        self._new_id = new_id

    def failed(self, tx: Transaction, ended: Sequence[Ended]) -> None:
        """Tells receivers of deliveries that failed for good, which the store has as failed.

        Nobody is told of a notice that failed, nor of an execution.
        """
        latest = _latest_of_triggers(find_summaries(tx, [each.invocation_id for each in ended]))
        if not latest:
            return
        at = max(each.at for each in ended)
        placed = placed_triggers(tx, sorted(latest))
        # In one order, so that two nodes never wait for each other's rows.
        for trigger_id in sorted(placed):
            addressee = self.addressee(placed[trigger_id])
            for name, receiver in addressee.receivers.items():
                if Occasion.FAILURE in receiver.on:
                    self._tell_failure(tx, addressee, name, receiver, latest[trigger_id], at)

    def addressee(self, placed: PlacedTrigger) -> Addressee:
        """Returns a trigger with its receivers; one that can't be read has those of its folder."""
        trigger = placed.trigger
        try:
            labels: Mapping[str, str] = summary_of(trigger.contract, trigger.message).labels
        except ValueError:
            labels = {}
        receivers = self.settings.of_trigger(placed.folder_id, labels)
        return Addressee(
            trigger.id, trigger.name, placed.folder_id, dict(sorted(receivers.items()))
        )

    def _tell_failure(
        self,
        tx: Transaction,
        addressee: Addressee,
        name: str,
        receiver: Receiver,
        invocation: Invocation,
        now: datetime,
    ) -> None:
        in_a_row = 1
        if receiver.failures > 1:
            in_a_row = failures_in_a_row(tx, addressee.trigger_id, limit=MOST_COUNTED)
            if in_a_row < receiver.failures:
                return
        cause = Cause(addressee.trigger_id, CauseKind.FAILURE, name, now)
        if not may_notice(tx, cause, before=now - QUIET):
            return
        in_a_row = max(in_a_row, failures_in_a_row(tx, addressee.trigger_id, limit=MOST_COUNTED))
        error = (invocation.last_error or "")[:LONGEST_ERROR]
        told = Told(
            FAILED,
            addressee.trigger_id,
            addressee.name,
            addressee.folder_id,
            f"The delivery of {rfc3339(invocation.scheduled_at)} failed after "
            f"{invocation.attempts} {'call' if invocation.attempts == 1 else 'calls'}: {error}",
            f"tocsin invocations get {invocation.id}",
            {
                "invocationId": invocation.id,
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

    def tell(self, tx: Transaction, told: Told, name: str, now: datetime) -> None:
        """Stores the invocation that tells a receiver."""
        target = self.settings.target(name)
        invocation = Invocation(
            id=self._new_id(),
            parent=f"folders/{told.folder_id}",
            origin=f"{NOTICE_ORIGIN}{told.trigger_id}",
            scheduled_at=now,
            action=action_to_json(Action(target, RETRY)),
            target=target_key(target),
            payload=body_of(told, now),
            created_at=now,
        )
        insert_invocation(tx, invocation, due_at=now)


def _latest_of_triggers(failed: Sequence[Invocation]) -> dict[str, Invocation]:
    """Returns the latest failed invocation of each trigger."""
    latest: dict[str, Invocation] = {}
    for invocation in sorted(failed, key=lambda one: (one.scheduled_at, one.id)):
        if not invocation.is_execution and not invocation.is_notice:
            latest[invocation.origin] = invocation
    return latest
