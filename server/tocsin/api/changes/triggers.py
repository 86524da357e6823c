"""Creates, changes and deletes triggers of any contract, in the caller's transaction.

The servicer of a contract passes a trigger as its plan and its stored form.
"""

from datetime import datetime

from tocsin.api.changes.history import TriggerHistory
from tocsin.api.changes.listening import (
    SoleQueue,
    listen,
    listen_elsewhere,
    stop_listening,
)
from tocsin.plans.plan import Plan
from tocsin.schedule import Cron
from tocsin.sources.kinds.timer import TimerSource
from tocsin.sources.reader import wake_readers
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.events.accepted import unpark_batch
from tocsin.store.invocations import parking, retention
from tocsin.store.triggers import rows as triggers
from tocsin.store.triggers import timers
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire import errors
from tocsin.wire.ids import Ids


class TriggerChanges:
    """Writes triggers, arms their timers, subscribes their sources and keeps their history.

    `most_in_folder` limits the triggers of a folder; None means no limit.
    """

    def __init__(self, ids: Ids, most_in_folder: int | None, sole_queue: SoleQueue) -> None:
        self._history = TriggerHistory(ids)
        self._most_in_folder = most_in_folder
        self._sole_queue = sole_queue

    def create(
        self, tx: Transaction, stored: StoredTrigger, plan: Plan, now: datetime
    ) -> datetime | None:
        """Adds a trigger; returns the first tick of its timer, or None if it has no ticks.

        A paused one is not armed, and its history says since when it is paused.

        Raises:
            ApiError: the folder is full or has a trigger of this name, or the queue feeds another.
        """
        self._check_room(tx, plan.folder_id)
        try:
            triggers.insert_trigger(
                tx,
                trigger_id=stored.id,
                folder_id=plan.folder_id,
                name=stored.name,
                contract=stored.contract,
                message=stored.message,
            )
        except UniqueViolation:
            raise errors.name_taken(stored.name, plan.folder_id) from None
        listen(tx, plan, self._sole_queue)
        if not plan.active:
            self._history.paused(tx, stored.id, now)
            return None
        return _arm(tx, plan, now)

    def update(
        self, tx: Transaction, stored: StoredTrigger, before: Plan, after: Plan, now: datetime
    ) -> None:
        """Replaces a trigger, whose kind stays the same.

        Raises:
            ApiError: another trigger of the folder has this name, or the new queue feeds another.
        """
        try:
            _write(tx, stored)
        except UniqueViolation:
            raise errors.name_taken(stored.name, after.folder_id) from None
        listen_elsewhere(tx, before, after, self._sole_queue)
        if _cron(before) != _cron(after):
            self._history.rule_changed(tx, before, after, now)
            if after.active:
                _arm_again(tx, after, now)

    def delete(
        self,
        tx: Transaction,
        trigger_id: str,
        kind: str,
        plan: Plan | None,
        created_at: datetime,
        now: datetime,
    ) -> None:
        """Deletes a trigger and its waiting events, and cancels its waiting invocations.

        `plan` is None if the trigger can't be read.
        """
        self._history.deleted(tx, trigger_id, plan, created_at, now)
        triggers.delete_trigger(tx, trigger_id)
        timers.disarm_timer(tx, trigger_id)
        retention.forget_swept(tx, trigger_id)
        stop_listening(tx, trigger_id, kind)
        parking.follow(tx, trigger_id, now=now)

    def pause(self, tx: Transaction, stored: StoredTrigger, kind: str, now: datetime) -> None:
        """Disarms the timer, and parks waiting invocations."""
        self._history.paused(tx, stored.id, now)
        timers.disarm_timer(tx, stored.id)
        parking.follow(tx, stored.id, now=now)
        wake_readers(tx, kind)
        _write(tx, stored)

    def resume(self, tx: Transaction, stored: StoredTrigger, plan: Plan, now: datetime) -> None:
        """Arms the timer again, and makes waiting events and invocations due."""
        self._history.resumed(tx, stored.id, now)
        _arm_again(tx, plan, now)
        unpark_batch(tx, stored.id, now=now)
        parking.follow(tx, stored.id, now=now)
        wake_readers(tx, plan.kind)
        _write(tx, stored)

    def _check_room(self, tx: Transaction, folder_id: str) -> None:
        """Raises ApiError if the folder is full; nodes that add at once may exceed the limit."""
        most = self._most_in_folder
        if most is not None and triggers.count_triggers(tx, folder_id, limit=most) >= most:
            raise errors.too_many_triggers(folder_id, most)


def _write(tx: Transaction, stored: StoredTrigger) -> None:
    triggers.update_trigger(tx, trigger_id=stored.id, name=stored.name, message=stored.message)


def _cron(plan: Plan) -> Cron | None:
    return plan.source.cron if isinstance(plan.source, TimerSource) else None


def _arm_again(tx: Transaction, plan: Plan, now: datetime) -> None:
    """Arms a timer after its last tick, even if the clock was set back since."""
    fired_until = retention.swept_until(tx, plan.trigger_id)
    _arm(tx, plan, now if fired_until is None else max(now, fired_until))


def _arm(tx: Transaction, plan: Plan, now: datetime) -> datetime | None:
    if not isinstance(plan.source, TimerSource):
        return None
    tick = plan.source.cron.next(now)
    timers.arm_timer(tx, plan.trigger_id, tick)
    return tick
