"""Subscribes triggers that nodes older than 0.1.0 created without subscriptions.

Subscriptions came with schema 0007. Nodes that don't know them no longer work on a store whose
`oldest_known` is 0007 or later, but they may have left triggers in it. So this step stays until a
release no longer opens stores older than 0.1.0 (schema 0011).
"""

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.schedule import Clock
from tocsin.sources.kinds.catalog import keys_of_plan
from tocsin.sources.reader import wake_readers
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.subscriptions import mark_subscribed, subscribe, unsubscribed

log = structlog.get_logger(__name__)

AT_ONCE = 100
EVERY_SECONDS = 60.0


class Subscribing:
    """Subscribes triggers without subscriptions, once a minute."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run_once(self) -> None:
        while await self._database.write(self._subscribe_some):
            pass
        await self._clock.sleep(EVERY_SECONDS)

    def _subscribe_some(self, tx: Transaction) -> int:
        rows = unsubscribed(tx, limit=AT_ONCE)
        for stored in rows:
            try:
                plan = load_plan(stored.contract, stored.message)
            except ValueError:
                log.exception(
                    "could not read a stored trigger, it gets no events", trigger_id=stored.id
                )
            else:
                subscribe(tx, trigger_id=stored.id, kind=plan.kind, keys=keys_of_plan(plan))
                wake_readers(tx, plan.kind)
            mark_subscribed(tx, stored.id)
        return len(rows)
