"""Counts events that were posted and can't be read in the intakes of their triggers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

import structlog

from tocsin.plans.plan import Plan
from tocsin.printable import printable
from tocsin.sources.folders import admits
from tocsin.sources.incoming import Refused
from tocsin.sources.kinds.catalog import short_key
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.sources import count_refused
from tocsin.store.events.subscriptions import listeners

log = structlog.get_logger(__name__)

# Bounds of one transaction: refusals, and the triggers of each.
AT_ONCE = 64
LISTENERS_AT_ONCE = 256
LONGEST_WHY = 500

# Returns the plan of a trigger, by its contract and its message; raises ValueError.
LoadPlan: TypeAlias = Callable[[str, bytes], Plan]
# A refusal, and one of the keys under which triggers listen to its events.
Channel: TypeAlias = tuple[Refused, str]


async def count_all(
    database: Database, now: datetime, load_plan: LoadPlan, refused: Sequence[Refused]
) -> None:
    """Counts refused events at each trigger that listens to them.

    Raises:
        StoreUnavailable: the store can't be reached; some may have been counted.
    """
    for each in refused:
        log.warning("skipped posted events that can't be read", kind=each.kind, why=each.why)
    for start in range(0, len(refused), AT_ONCE):
        # Some triggers listen to all events of the kind, by the empty key.
        after = {
            (each, key): ""
            for each in refused[start : start + AT_ONCE]
            for key in {"", *map(short_key, each.keys)}
        }
        while after:
            after = await database.write(partial(_count, now=now, load_plan=load_plan, after=after))


def _count(
    tx: Transaction, *, now: datetime, load_plan: LoadPlan, after: Mapping[Channel, str]
) -> dict[Channel, str]:
    """Counts at the next listeners of channels; returns the channels that have more of them."""
    more: dict[Channel, str] = {}
    counts: dict[str, int] = {}
    why: dict[str, str] = {}
    for (each, key), last in after.items():
        rows = listeners(tx, kind=each.kind, key=key, after=last, limit=LISTENERS_AT_ONCE)
        if len(rows) == LISTENERS_AT_ONCE:
            more[each, key] = rows[-1].id
        for stored in rows:
            try:
                folder_id = load_plan(stored.contract, stored.message).folder_id
            except ValueError:
                # A trigger that this version can't read gets no events, and the log tells of it.
                continue
            if admits(each.folders, folder_id):
                counts[stored.id] = counts.get(stored.id, 0) + each.events
                why[stored.id] = printable(each.why)[:LONGEST_WHY]
    # Sorted, so that all nodes lock rows in the same order.
    for trigger_id in sorted(counts):
        count_refused(tx, trigger_id, refused=counts[trigger_id], why=why[trigger_id], now=now)
    return more
