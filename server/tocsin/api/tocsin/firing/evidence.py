"""What is on record about a trigger at an instant, gathered in one look at the store."""

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
    """`cron` is the rule as it was at the tick, `cron_now` as it is; None: no timer.

    `unreadable_now` says why the stored trigger can't be read, `paused_unrecorded` that it is
    paused since before pauses were written down. `created_at` is None for a trigger that can't be
    read. `under_way` counts the calls of targets, by node.
    """

    trigger_id: str
    tick: datetime
    now: datetime
    created_at: datetime | None
    cron: Cron | None
    cron_now: Cron | None
    unreadable_now: str
    paused_unrecorded: bool
    made: list[Invocation]
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
        """Whether the rule of the time has a tick at the instant."""
        return ticks_at(self.cron, self.tick)


def ticks_at(cron: Cron | None, instant: datetime) -> bool:
    return cron is not None and cron.previous(instant) == instant


def detail_of(decision: Decision) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(decision.detail)
    return detail


def gather(tx: Transaction, trigger_id: str, instant: datetime, now: datetime) -> Evidence:
    """Gathers what is on record about the minute of an instant.

    Raises:
        ApiError: nothing is known of such a trigger.
    """
    tick = instant - (instant - EPOCH) % MINUTE
    stored = triggers.find_trigger(tx, trigger_id)
    deleted = decisions.decision_following(tx, trigger_id, DecisionKind.DELETED, EPOCH)
    if stored is None and deleted is None:
        raise errors.trigger_not_found(trigger_id)
    plan, unreadable = (None, "") if stored is None else _plan(stored)
    cron_now = _cron(plan) if deleted is None else _rule_of(deleted, "cron")
    change = decisions.decision_following(tx, trigger_id, DecisionKind.RULE, tick)
    made = listing.invocations_between(tx, trigger_id, tick, tick + MINUTE, limit=MOST_DELIVERIES)
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
        made=made,
        pause=decisions.decision_about(tx, trigger_id, DecisionKind.PAUSE, tick),
        misfire=decisions.decision_about(tx, trigger_id, DecisionKind.MISFIRE, tick),
        unreadable=decisions.decision_about(tx, trigger_id, DecisionKind.UNREADABLE, tick),
        deleted=deleted,
        rule_change=change,
        next_pause=decisions.decision_following(tx, trigger_id, DecisionKind.PAUSE, tick),
        armed=timers.armed_at(tx, trigger_id),
        oldest_kept=listing.oldest_instant(tx, trigger_id),
        under_way=_under_way(tx, made, now),
    )


def _created(plan: Plan | None, deleted: Decision | None) -> datetime | None:
    if deleted is not None:
        return datetime.fromisoformat(detail_of(deleted)["created_at"])
    return None if plan is None else plan.created_at


def _plan(stored: StoredTrigger) -> tuple[Plan | None, str]:
    """Returns the plan of a trigger, or why the trigger can't be read."""
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


def _under_way(tx: Transaction, made: list[Invocation], now: datetime) -> dict[str, list[int]]:
    waiting = {
        each.target
        for each in made
        if each.state is State.PENDING and each.next_at is not None and each.next_at <= now
    }
    return {target: listing.under_way(tx, target) for target in sorted(waiting)}
