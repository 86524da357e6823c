"""Checks that events find their triggers, and that every waiting event will be sent."""

from datetime import datetime, timedelta

from tocsin.compilers.loading import load_plan
from tocsin.engine.upkeep.reconciler import CheckedPage, Finding
from tocsin.schedule import Clock
from tocsin.sources.kinds.catalog import keys_of_plan
from tocsin.sources.reader import wake_readers
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events import reconciliation as store
from tocsin.store.events.accepted import drop_events
from tocsin.store.events.reconciliation import BATCHES_AT_ONCE, BatchRow, Channel, Subscriber
from tocsin.store.events.subscriptions import subscribe, unsubscribe
from tocsin.store.triggers.rows import lock_trigger

# The clocks of nodes differ by less.
TOLERANCE = timedelta(minutes=1)
OVERDUE_AFTER = timedelta(minutes=5)

NOT_FOUND = "subscriptions did not match the rule, an older node may have changed it"
LEFT_BEHIND = "subscriptions of a deleted trigger were left"
NO_BATCH = "waiting events had no batch"
EMPTY = "batch had no events"
NOT_DUE = "batch of an active trigger had no due instant"
OVERDUE = "batch was overdue"
FROM_THE_FUTURE = "batch was due too far in the future, the clock was set back"
NO_TRIGGER = "batch had no trigger"


class SubscriptionCheck:
    """Checks that each trigger's subscriptions match its rule."""

    name = "subscriptions"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self, position: str | None, /) -> CheckedPage:
        after = position or ""
        listeners, following = await self._database.read(
            lambda tx: store.page_of_listeners(tx, after=after)
        )
        suspects = [listener.trigger_id for listener in listeners if self._fault(listener)]
        findings = (
            await self._database.write(lambda tx: self._repair(tx, suspects)) if suspects else []
        )
        return CheckedPage(following, findings)

    def _repair(self, tx: Transaction, trigger_ids: list[str]) -> list[Finding]:
        findings = (self._repair_one(tx, trigger_id) for trigger_id in trigger_ids)
        return [finding for finding in findings if finding is not None]

    def _repair_one(self, tx: Transaction, trigger_id: str) -> Finding | None:
        stored = lock_trigger(tx, trigger_id)
        listener = Subscriber(trigger_id, stored, store.channels_of(tx, trigger_id))
        reason = self._fault(listener)
        if reason is None:
            return None
        if stored is None:
            unsubscribe(tx, trigger_id)
            return Finding(trigger_id, reason, "deleted")
        plan = load_plan(stored.contract, stored.message)
        subscribe(tx, trigger_id=trigger_id, kind=plan.kind, keys=keys_of_plan(plan))
        wake_readers(tx, plan.kind)
        return Finding(trigger_id, reason, "subscribed")

    def _fault(self, listener: Subscriber) -> str | None:
        if (stored := listener.trigger) is None:
            return LEFT_BEHIND if listener.channels else None
        try:
            plan = load_plan(stored.contract, stored.message)
        except ValueError:
            # The check of timers reports it; its keys are unknown until it can be read.
            return None
        expected: frozenset[Channel] = frozenset((plan.kind, key) for key in keys_of_plan(plan))
        return None if listener.channels == expected else NOT_FOUND


class BatchCheck:
    """Checks that each batch will be sent."""

    name = "batches"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        after = position or ""
        rows = await self._database.read(lambda tx: store.page_of_batches(tx, after=after))
        now = self._clock.now()
        suspects = [row.trigger_id for row in rows if self._fault(row, now)]
        findings: list[Finding] = []
        if suspects:
            findings = await self._database.write(lambda tx: self._repair(tx, suspects, now))
        return CheckedPage(rows[-1].trigger_id if len(rows) == BATCHES_AT_ONCE else None, findings)

    def _repair(self, tx: Transaction, trigger_ids: list[str], now: datetime) -> list[Finding]:
        findings = (self._repair_one(tx, trigger_id, now) for trigger_id in trigger_ids)
        return [finding for finding in findings if finding is not None]

    def _repair_one(self, tx: Transaction, trigger_id: str, now: datetime) -> Finding | None:
        row = store.lock_batch(tx, trigger_id)
        reason = None if row is None else self._fault(row, now)
        if reason is None:
            return None
        if reason in (NO_TRIGGER, EMPTY):
            drop_events(tx, trigger_id)
            return Finding(trigger_id, reason, "deleted")
        if reason == OVERDUE:
            tx.ring(Bell.BATCHES, now)
            return Finding(trigger_id, reason, "rang the bell of batches")
        store.make_batch_due(tx, trigger_id, at=now)
        return Finding(trigger_id, reason, "made due")

    def _fault(self, row: BatchRow, now: datetime) -> str | None:
        if (stored := row.trigger) is None:
            return NO_TRIGGER
        if row.first_at is None:
            return EMPTY
        if row.due_at is not None and row.due_at < now - OVERDUE_AFTER:
            return OVERDUE
        if row.due_at is not None:
            soon = now + TOLERANCE
            return FROM_THE_FUTURE if min(row.due_at, row.first_at) > soon else None
        try:
            return NOT_DUE if load_plan(stored.contract, stored.message).active else None
        except ValueError:
            return None


class WaitingEventsCheck:
    """Checks that waiting events have a batch."""

    name = "waiting_events"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        after = position or ""
        suspects, following = await self._database.read(
            lambda tx: store.events_without_batch(tx, after=after)
        )
        now = self._clock.now()
        findings: list[Finding] = []
        if suspects:
            findings = await self._database.write(lambda tx: _open(tx, suspects, now))
        return CheckedPage(following, findings)


def _open(tx: Transaction, trigger_ids: list[str], now: datetime) -> list[Finding]:
    """Makes batches due; the loop that sends them handles paused and deleted triggers."""
    return [
        Finding(trigger_id, NO_BATCH, "made due")
        for trigger_id in trigger_ids
        if store.open_batch(tx, trigger_id, at=now)
    ]
