"""Builds the records of decisions about ticks that did not fire in time."""

import json
from datetime import datetime, timedelta

from tocsin.engine.ticks.misfires import Missed
from tocsin.plans.plan import MisfirePolicy
from tocsin.store.triggers.decisions import Decision, DecisionKind

MICROSECOND = timedelta(microseconds=1)


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
    record_id: str, trigger_id: str, instant: datetime, again_at: datetime, now: datetime
) -> Decision:
    """Returns the record of a trigger that can't be read; the next try is at `again_at`."""
    return Decision(
        id=record_id,
        trigger_id=trigger_id,
        kind=DecisionKind.UNREADABLE,
        first_at=instant,
        last_at=again_at,
        decided_at=now,
    )


def passed_over_record(
    record_id: str,
    schedule: str,
    kind: DecisionKind,
    tick: datetime,
    following: datetime | None,
    now: datetime,
    **detail: str,
) -> Decision:
    """Returns the record of an instant that did not run; it covers the time until the next one."""
    return Decision(
        id=record_id,
        trigger_id=schedule,
        kind=kind,
        first_at=tick,
        last_at=following or tick + MICROSECOND,
        decided_at=now,
        detail=json.dumps(detail),
    )
