"""Records changes of schedules, so that `ExplainSchedule` can later say why one did not run."""

import base64
import json
from datetime import datetime

from tocsin.api.tocsin.schedules.message import OF_TIMETABLE
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schedules.rows import StoredSchedule
from tocsin.store.triggers.decisions import Decision, DecisionKind, end_pause, record_decision
from tocsin.wire.ids import Ids
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule


class ScheduleHistory:
    """Writes decisions in the transaction of a change.

    If the change withdraws an instant that is due but has not run, `overdue` records the instant.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def paused(self, tx: Transaction, before: StoredSchedule, now: datetime) -> None:
        self._record(tx, DecisionKind.PAUSE, before, now, last_at=None)

    def resumed(self, tx: Transaction, name: str, now: datetime) -> None:
        end_pause(tx, name, now=now)

    def instants_changed(
        self, tx: Transaction, before: StoredSchedule, after: StoredSchedule, now: datetime
    ) -> None:
        old, new = (Schedule.FromString(each.message) for each in (before, after))
        self._record(
            tx,
            DecisionKind.RULE,
            before,
            now,
            last_at=now,
            before=old.cron_expression,
            after=new.cron_expression,
            schedule=_timetable(old),
        )

    def deleted(self, tx: Transaction, before: StoredSchedule, now: datetime) -> None:
        end_pause(tx, before.name, now=now)
        old = Schedule.FromString(before.message)
        self._record(
            tx,
            DecisionKind.DELETED,
            before,
            now,
            last_at=now,
            created_at=old.create_time.ToJsonString(),
            integration=before.integration,
            trigger_id=old.trigger_id,
            schedule=_timetable(old),
        )

    def _record(
        self,
        tx: Transaction,
        kind: DecisionKind,
        stored: StoredSchedule,
        now: datetime,
        *,
        last_at: datetime | None,
        **detail: str,
    ) -> None:
        waits = stored.waits_for is not None
        if stored.tick_at is not None and (waits or (stored.due_at and stored.due_at <= now)):
            detail["overdue"] = stored.tick_at.isoformat()
        record_decision(
            tx,
            Decision(
                id=self._ids.new(),
                trigger_id=stored.name,
                kind=kind,
                first_at=now,
                last_at=last_at,
                decided_at=now,
                detail=json.dumps(detail),
            ),
        )


def _timetable(schedule: Schedule) -> str:
    """Returns the bytes of what a schedule's instants follow from, in Base64."""
    kept = Schedule()
    kept.CopyFrom(schedule)
    for field in Schedule.DESCRIPTOR.fields_by_name:
        if field not in OF_TIMETABLE:
            kept.ClearField(field)
    return base64.b64encode(kept.SerializeToString()).decode()
