"""Turns complete batches of events into invocations."""

from datetime import datetime, timedelta

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.engine.events.cutting import cut, read_at_once
from tocsin.engine.events.invoking import Calls
from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import Batching
from tocsin.schedule import Clock
from tocsin.sources.kinds.catalog import KINDS
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events import accepted as events
from tocsin.store.events import held_messages
from tocsin.store.events.accepted import DueBatch
from tocsin.store.invocations.rows import Invocation, insert_invocations
from tocsin.store.triggers import rows as triggers

log = structlog.get_logger(__name__)

BATCHES_AT_ONCE = 64
UNREADABLE_WAITS = timedelta(minutes=1)
SENT_ELSEWHERE = timedelta(milliseconds=50)
# For events that wait although their trigger no longer batches.
ONE_BY_ONE = Batching(1, timedelta())


class Batches:
    """Makes invocations of due batches."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        calls: Calls,
        largest_payload: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._calls = calls
        self._largest_payload = largest_payload
        self._wakeup = Wakeup(clock)
        database.on(Bell.BATCHES, self._wakeup.ring)

    def look(self) -> None:
        """Makes the loop look for due batches at once."""
        self._wakeup.ring()

    async def run_once(self) -> None:
        """Sends due batches, then waits for the next cutoff, or for a batch to become full."""
        self._wakeup.listen()
        now = self._clock.now()
        due = await self._database.read(events.earliest_batch)
        if due is None or due > now:
            await self._wakeup.wait(due)
            return
        if not await self._database.write(lambda tx: self._send_due(tx, now)):
            # Another node is sending them.
            await self._wakeup.wait(now + SENT_ELSEWHERE)

    def _send_due(self, tx: Transaction, now: datetime) -> int:
        due = events.due_batches(tx, now=now, limit=BATCHES_AT_ONCE)
        calls = [
            call for batch, limit in read_at_once(due) for call in self._send(tx, batch, limit, now)
        ]
        insert_invocations(tx, [(call, now) for call in calls])
        return len(due)

    def _send(
        self, tx: Transaction, batch: DueBatch, limit: int, now: datetime
    ) -> list[Invocation]:
        """Takes up to `limit` due events of a trigger, and returns the invocations for them."""
        stored = triggers.find_trigger(tx, batch.trigger_id)
        if stored is None:
            events.drop_events(tx, batch.trigger_id)
            return []
        try:
            plan = load_plan(stored.contract, stored.message)
        except ValueError:
            # A broken trigger must not stop the others.
            log.exception(
                "could not read a stored trigger, its events wait", trigger_id=batch.trigger_id
            )
            events.take_events(tx, batch, (), again_at=now + UNREADABLE_WAITS)
            return []
        if not plan.active:
            events.park_batch(tx, batch.trigger_id)
            return []
        waiting = events.waiting_events(tx, batch.trigger_id, limit=limit)
        batching = plan.batching or ONE_BY_ONE
        done = cut(waiting, batching, now, largest_payload=self._largest_payload)
        unseen = batch.events > len(waiting) > 0
        events.take_events(tx, batch, done.taken, again_at=now if unseen else done.again_at)
        invocations: list[Invocation] = []
        for group in done.batches:
            calls = self._calls.of(plan, [event.body for event in group], now)
            if KINDS[plan.kind].held:
                event_ids = [event.id for event in group]
                held_messages.sent(tx, plan.trigger_id, event_ids, calls[0].id)
            invocations += calls
        return invocations
