"""Subscribes triggers that a node older than 0.1.0 created: it knew of no subscriptions.

Subscriptions came with schema 0007. Where a store's `oldest_known` is 0007 or later no such node
works on it, but such nodes may have left triggers in it. So this step stays until a release no
longer opens stores that are older than 0.1.0 (schema 0011).
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
    """Looks once a minute for triggers that no node subscribed, and subscribes them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run_once(self) -> None:
        while await self._database.write(self._subscribe_some):
            pass
        await self._clock.sleep(EVERY_SECONDS)

    def _subscribe_some(self, tx: Transaction) -> int:
        found = unsubscribed(tx, limit=AT_ONCE)
        for stored in found:
            try:
                plan = load_plan(stored.contract, stored.message)
            except ValueError:
                log.exception("trigger can't be read, it gets no event", trigger_id=stored.id)
            else:
                subscribe(tx, trigger_id=stored.id, kind=plan.kind, keys=keys_of_plan(plan))
                wake_readers(tx, plan.kind)
            mark_subscribed(tx, stored.id)
        return len(found)
