"""Makes triggers listen that a node of the version before has made."""

from collections.abc import Callable

import structlog

from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.kinds.catalog import keys_of_plan
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.subscriptions import mark_subscribed, subscribe, unsubscribed

log = structlog.get_logger(__name__)

AT_ONCE = 100
EVERY_SECONDS = 60.0


class Subscribing:
    """What is made by this version is subscribed as it is made, and never seen here."""

    def __init__(
        self, database: Database, clock: Clock, load_plan: Callable[[bytes], Plan]
    ) -> None:
        self._database = database
        self._clock = clock
        self._load_plan = load_plan

    async def run_once(self) -> None:
        while await self._database.write(self._subscribe_some):
            pass
        await self._clock.sleep(EVERY_SECONDS)

    def _subscribe_some(self, tx: Transaction) -> int:
        found = unsubscribed(tx, limit=AT_ONCE)
        for trigger_id, message in found:
            try:
                plan = self._load_plan(message)
            except ValueError:
                log.exception("trigger can't be read, it gets no event", trigger_id=trigger_id)
            else:
                subscribe(tx, trigger_id=trigger_id, kind=plan.kind, keys=keys_of_plan(plan))
            mark_subscribed(tx, trigger_id)
        return len(found)
