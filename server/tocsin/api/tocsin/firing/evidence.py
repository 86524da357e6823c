"""Gathers the records about a trigger at an instant in one read of the store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin.compilers.loading import load_plan
from tocsin.plans.plan import Plan
from tocsin.schedule import Cron
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.instants import EPOCH
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import listing
from tocsin.store.invocations.rows import Invocation, State
from tocsin.store.triggers import decisions, timers
from tocsin.store.triggers import rows as triggers
from tocsin.store.triggers.decisions import Decision, DecisionKind
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire import errors

MINUTE = timedelta(minutes=1)
MOST_DELIVERIES = 100


@dataclass(frozen=True, slots=True)
class Evidence:
    """Holds what is recorded about a trigger and one minute.

    `cron` is the rule as it was at the tick, `cron_now` the present one; None if the trigger is not
    a timer. `unreadable_now` says why the stored trigger can't be read; `created_at` is None then.
    `paused_unrecorded` is whether it was paused before pauses were recorded, `paused_now` the pause
    that has not ended. `under_way` counts the
    calls of targets by node.
    """

    trigger_id: str
    tick: datetime
    now: datetime
    created_at: datetime | None
    cron: Cron | None
    cron_now: Cron | None
    unreadable_now: str
    paused_unrecorded: bool
    paused_now: Decision | None
    invocations: list[Invocation]
    pause: Decision | None
    misfire: Decision | None
    unreadable: Decision | None
    deleted: Decision | None
    rule_change: Decision | None
    next_pause: Decision | None
    armed: datetime | None
    oldest_kept: datetime | None
    under_way: Mapping[str, list[int]] = field(default_factory=dict)

    @property
    def is_tick(self) -> bool:
        """Returns whether the rule at that time has a tick at the instant."""
        return ticks_at(self.cron, self.tick)


def ticks_at(cron: Cron | None, instant: datetime) -> bool:
    return cron is not None and cron.previous(instant) == instant


def detail_of(decision: Decision) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(decision.detail)
    return detail


def gather(tx: Transaction, trigger_id: str, instant: datetime, now: datetime) -> Evidence:
    """Gathers the records about the minute of an instant.

    Raises:
        ApiError: no trigger of this id exists or is recorded.
    """
    tick = instant - (instant - EPOCH) % MINUTE
    stored = triggers.find_trigger(tx, trigger_id)
    deleted = decisions.decision_following(tx, trigger_id, DecisionKind.DELETED, EPOCH)
    if stored is None and deleted is None:
        raise errors.trigger_not_found(trigger_id)
    plan, unreadable = (None, "") if stored is None else _plan(stored)
    cron_now = _cron(plan) if deleted is None else _rule_of(deleted, "cron")
    change = decisions.decision_following(tx, trigger_id, DecisionKind.RULE, tick)
    invocations = listing.invocations_between(
        tx, trigger_id, tick, tick + MINUTE, limit=MOST_DELIVERIES
    )
    paused = plan is not None and not plan.active
    return Evidence(
        trigger_id=trigger_id,
        tick=tick,
        now=now,
        created_at=_created(plan, deleted),
        cron=cron_now if change is None else _rule_of(change, "before"),
        cron_now=cron_now,
        unreadable_now=unreadable,
        paused_unrecorded=paused
        and decisions.decision_about(tx, trigger_id, DecisionKind.PAUSE, now) is None,
        paused_now=decisions.pause_of(tx, trigger_id),
        invocations=invocations,
        pause=decisions.decision_about(tx, trigger_id, DecisionKind.PAUSE, tick),
        misfire=decisions.decision_about(tx, trigger_id, DecisionKind.MISFIRE, tick),
        unreadable=decisions.decision_about(tx, trigger_id, DecisionKind.UNREADABLE, tick),
        deleted=deleted,
        rule_change=change,
        next_pause=decisions.decision_following(tx, trigger_id, DecisionKind.PAUSE, tick),
        armed=timers.armed_at(tx, trigger_id),
        oldest_kept=listing.oldest_instant(tx, trigger_id),
        under_way=under_way_for(tx, invocations, now),
    )


def _created(plan: Plan | None, deleted: Decision | None) -> datetime | None:
    if deleted is not None:
        return datetime.fromisoformat(detail_of(deleted)["created_at"])
    return None if plan is None else plan.created_at


def _plan(stored: StoredTrigger) -> tuple[Plan | None, str]:
    """Returns the plan of a trigger, or None and the reason why it can't be read."""
    try:
        return load_plan(stored.contract, stored.message), ""
    except ValueError as error:
        return None, str(error)


def _cron(plan: Plan | None) -> Cron | None:
    if plan is None or not isinstance(plan.source, TimerSource):
        return None
    return plan.source.cron


def _rule_of(decision: Decision, name: str) -> Cron | None:
    expression = detail_of(decision)[name]
    return Cron(expression) if expression else None


def under_way_for(
    tx: Transaction, invocations: list[Invocation], now: datetime
) -> dict[str, list[int]]:
    """Counts the calls under way, by node, of each target that a due invocation waits for."""
    waiting = {
        invocation.target
        for invocation in invocations
        if invocation.state is State.PENDING
        and invocation.next_at is not None
        and invocation.next_at <= now
    }
    return {target: listing.under_way(tx, target) for target in sorted(waiting)}
