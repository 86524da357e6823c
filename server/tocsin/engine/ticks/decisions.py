"""Builds the records of decisions about ticks that did not fire in time."""

import json
from datetime import datetime

from tocsin.engine.ticks.misfires import Missed
from tocsin.plans.plan import MisfirePolicy
from tocsin.store.triggers.decisions import Decision, DecisionKind
from tocsin.store.triggers.timers import DueTimer


def misfire_record(
    record_id: str, trigger_id: str, missed: Missed, fired_tick: datetime | None, now: datetime
) -> Decision:
    """Returns the record of missed ticks; `fired_tick` is the first of them that fired, or None."""
    one_for_all = missed.fired and missed.policy is MisfirePolicy.FIRE_ONCE
    detail = {
        "policy": missed.policy.value,
        "fired": missed.fired,
        "expired": missed.expired,
        "dropped": missed.dropped,
        "fired_tick": fired_tick.isoformat() if fired_tick and one_for_all else None,
    }
    return Decision(
        id=record_id,
        trigger_id=trigger_id,
        kind=DecisionKind.MISFIRE,
        first_at=missed.first,
        last_at=missed.last,
        decided_at=now,
        count=missed.count,
        detail=json.dumps(detail),
    )


def unreadable_record(
    record_id: str, timer: DueTimer, again_at: datetime, now: datetime
) -> Decision:
    """Returns the record of a trigger that can't be read; the next try is at `again_at`."""
    return Decision(
        id=record_id,
        trigger_id=timer.trigger_id,
        kind=DecisionKind.UNREADABLE,
        first_at=timer.instant,
        last_at=again_at,
        decided_at=now,
    )
