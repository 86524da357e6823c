"""Makes the rows of tables of triggers."""

from collections.abc import Sequence

from tocsin.compilers.loading import load_plan
from tocsin.compilers.summaries import Summary, summary_of
from tocsin.plans.plan import target_key
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers.listing import Facts, LatestInvocation, facts_of, latest_invocations
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.folder_service_pb2 import LastInvocation, TriggerRow

# Timers of the contract are in UTC.
ZONE_OF_TIMERS = "UTC"
NO_FACTS = Facts()


def rows_of(
    tx: Transaction, triggers: Sequence[StoredTrigger], *, with_invocations: bool
) -> list[TriggerRow]:
    """Returns the rows of triggers, in their order."""
    ids = [trigger.id for trigger in triggers]
    facts = facts_of(tx, ids)
    latest = latest_invocations(tx, ids) if with_invocations else {}
    return [
        _row(trigger, facts.get(trigger.id, NO_FACTS), latest.get(trigger.id))
        for trigger in triggers
    ]


def _row(trigger: StoredTrigger, facts: Facts, latest: LatestInvocation | None) -> TriggerRow:
    row = TriggerRow(id=trigger.id, name=trigger.name, waiting_events=facts.waiting_events)
    try:
        _describe(row, summary_of(trigger.contract, trigger.message))
        plan = load_plan(trigger.contract, trigger.message)
        row.targets.extend(target_key(action.target) for action in plan.actions)
    except ValueError as error:
        row.problem = str(error)
    if (next_at := facts.tick_at or facts.batch_due_at) is not None:
        row.next_fire.CopyFrom(to_timestamp(next_at))
    if latest is not None:
        row.last.CopyFrom(_last(latest))
    return row


def _describe(row: TriggerRow, summary: Summary) -> None:
    row.kind = summary.kind
    row.state = TriggerRow.STATE_PAUSED if summary.paused else TriggerRow.STATE_ACTIVE
    row.description = summary.description
    row.labels.update(summary.labels)
    if summary.created_at is not None:
        row.created_at.CopyFrom(to_timestamp(summary.created_at))
    if summary.cron_expression:
        row.cron_expression, row.time_zone = summary.cron_expression, ZONE_OF_TIMERS


def _last(latest: LatestInvocation) -> LastInvocation:
    last = LastInvocation(
        id=latest.id,
        state=f"STATE_{latest.state.name}",
        scheduled_at=to_timestamp(latest.scheduled_at),
        attempt_count=latest.attempts,
        last_error=latest.last_error or "",
    )
    if latest.started_at is not None:
        last.started_at.CopyFrom(to_timestamp(latest.started_at))
    if latest.finished_at is not None:
        last.finished_at.CopyFrom(to_timestamp(latest.finished_at))
    return last
