"""Records changes of triggers, so that FiringService can later explain why one did not fire."""

import json
from datetime import datetime

from tocsin.plans.plan import Plan
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers.decisions import Decision, DecisionKind, end_pause, record_decision
from tocsin.store.triggers.timers import armed_at
from tocsin.wire.ids import Ids


class TriggerHistory:
    """Writes decisions in the transaction of the change, before the timer changes.

    If the change withdraws a tick that is due but has not fired, `overdue` records the tick.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def paused(self, tx: Transaction, trigger_id: str, now: datetime) -> None:
        self._record(tx, DecisionKind.PAUSE, trigger_id, now, last_at=None)

    def resumed(self, tx: Transaction, trigger_id: str, now: datetime) -> None:
        end_pause(tx, trigger_id, now=now)

    def rule_changed(self, tx: Transaction, before: Plan, after: Plan, now: datetime) -> None:
        rules = {"before": _expression(before), "after": _expression(after)}
        self._record(tx, DecisionKind.RULE, after.trigger_id, now, last_at=now, **rules)

    def deleted(
        self,
        tx: Transaction,
        trigger_id: str,
        plan: Plan | None,
        created_at: datetime,
        now: datetime,
    ) -> None:
        end_pause(tx, trigger_id, now=now)
        self._record(
            tx,
            DecisionKind.DELETED,
            trigger_id,
            now,
            last_at=now,
            created_at=created_at.isoformat(),
            cron="" if plan is None else _expression(plan),
        )

    def _record(
        self,
        tx: Transaction,
        kind: DecisionKind,
        trigger_id: str,
        now: datetime,
        *,
        last_at: datetime | None,
        **detail: str,
    ) -> None:
        tick = armed_at(tx, trigger_id)
        if tick is not None and tick <= now:
            detail["overdue"] = tick.isoformat()
        record_decision(
            tx,
            Decision(
                id=self._ids.new(),
                trigger_id=trigger_id,
                kind=kind,
                first_at=now,
                last_at=last_at,
                decided_at=now,
                detail=json.dumps(detail),
            ),
        )


def _expression(plan: Plan) -> str:
    """Returns the cron expression of a timer; empty for other kinds."""
    return plan.source.cron.expression if isinstance(plan.source, TimerSource) else ""
