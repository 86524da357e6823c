"""Stores which causes people were told of, and reads what the causes of notices follow from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import bindparam, case, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_schedules, integration_versions
from tocsin.store.invocations.rows import State
from tocsin.store.notices.schema import notice_causes as table
from tocsin.store.schedules.schema import schedules
from tocsin.store.schema import MISSED, armed_timers, decisions, invocations
from tocsin.store.triggers.decisions import RECORD, Decision


class CauseKind(StrEnum):
    FAILURE = "failure"
    SILENCE = "silence"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Cause:
    """What a receiver was told of, and when.

    `trigger_id` is a trigger's id, or the full name of an integration, of a schedule, or of an
    integration and its trigger that has a schedule.
    """

    trigger_id: str
    kind: CauseKind
    receiver: str
    noticed_at: datetime
    ongoing: bool = True


class LateTimer(NamedTuple):
    """A timer or a schedule whose next tick is overdue, by its key among causes."""

    key: str
    next_at: datetime


CAUSE = Record(Cause, table)
ONE = (
    table.c.trigger_id == bindparam("of_trigger"),
    table.c.kind == bindparam("of_kind"),
    table.c.receiver == bindparam("of_receiver"),
)
NOTICED_AT = select(table.c.noticed_at).where(*ONE)
_new = insert(table).values(CAUSE.bound)
# Of several nodes that met the cause at once, one tells of it.
NOTICE = _new.on_conflict_do_update(
    index_elements=[table.c.trigger_id, table.c.kind, table.c.receiver],
    set_={"noticed_at": _new.excluded.noticed_at, "ongoing": _new.excluded.ongoing},
    where=or_(
        table.c.noticed_at <= bindparam("before"),
        # The clock was set back since.
        table.c.noticed_at > bindparam("noticed_at"),
    ),
)
END = update(table).where(*ONE).values(ongoing=0)
ONGOING = (
    select(*CAUSE.columns)
    .where(table.c.ongoing == literal_column("1"))
    .order_by(table.c.trigger_id, table.c.kind, table.c.receiver)
    .limit(bindparam("limit"))
)
# The latest of a trigger, of which so many are looked at.
LOOKED_AT = 500
_latest = (
    select(invocations.c.id, invocations.c.state, invocations.c.scheduled_at)
    .where(invocations.c.origin == bindparam("origin"))
    .order_by(invocations.c.scheduled_at.desc(), invocations.c.id.desc())
    .limit(LOOKED_AT)
    .subquery()
)
_ended = or_(
    *(
        _latest.c.state == literal_column(f"'{state.value}'")
        for state in (State.SUCCEEDED, State.FAILED, State.DEAD_LETTERED, State.DEAD_LETTERING)
    )
)
LATEST_ENDED = (
    select(case((_latest.c.state == literal_column("'succeeded'"), 1), else_=0))
    .where(_ended)
    .order_by(_latest.c.scheduled_at.desc(), _latest.c.id.desc())
    .limit(bindparam("limit"))
)
# What somebody fires by hand is not a tick.
LATEST_MADE = (
    select(invocations.c.created_at)
    .where(invocations.c.origin == bindparam("origin"), invocations.c.by_hand.is_(None))
    .order_by(invocations.c.scheduled_at.desc(), invocations.c.id.desc())
    .limit(1)
)
LATE = (
    select(armed_timers.c.trigger_id, armed_timers.c.next_at)
    .where(armed_timers.c.next_at < bindparam("before"))
    .order_by(armed_timers.c.next_at, armed_timers.c.trigger_id)
    .limit(bindparam("limit"))
)
LATE_SCHEDULES = (
    select(schedules.c.name, schedules.c.tick_at)
    .where(schedules.c.due_at.is_not(None), schedules.c.due_at < bindparam("before"))
    .order_by(schedules.c.due_at)
    .limit(bindparam("limit"))
)
LATE_CONFIGS = (
    select(
        integration_versions.c.location,
        integration_versions.c.integration,
        integration_schedules.c.trigger_id,
        integration_schedules.c.next_at,
    )
    .select_from(integration_schedules)
    .join(integration_versions, integration_versions.c.id == integration_schedules.c.version_id)
    .where(integration_schedules.c.next_at < bindparam("before"))
    .order_by(integration_schedules.c.next_at)
    .limit(bindparam("limit"))
)
_last_run = (
    select(schedules.c.last_invocation)
    .where(schedules.c.name == bindparam("name"))
    .scalar_subquery()
)
LATEST_OF_SCHEDULE = select(invocations.c.created_at).where(invocations.c.id == _last_run)
LATEST_OF_INTEGRATION = (
    select(invocations.c.occurrence, invocations.c.created_at)
    .where(invocations.c.origin == bindparam("origin"))
    .order_by(invocations.c.scheduled_at.desc(), invocations.c.id.desc())
    .limit(LOOKED_AT)
)
MISSED_SINCE = (
    select(*RECORD.columns)
    .where(MISSED, decisions.c.decided_at > bindparam("since"))
    .order_by(decisions.c.decided_at, decisions.c.id)
    .limit(bindparam("limit"))
)


def may_notice(tx: Transaction, cause: Cause, *, before: datetime) -> bool:
    """Remembers that a receiver is told of a cause, unless it was told of it since `before`."""
    values = CAUSE.values(cause)
    return bool(tx.run(NOTICE, **values, before=to_micros(before)))


def noticed_at(tx: Transaction, trigger_id: str, kind: CauseKind, receiver: str) -> datetime | None:
    """Returns when a receiver was told of a cause last, or None."""
    found = tx.value(NOTICED_AT, of_trigger=trigger_id, of_kind=kind.value, of_receiver=receiver)
    return None if found is None else from_micros(found)


def end_cause(tx: Transaction, cause: Cause) -> None:
    """Remembers that a cause has ended."""
    tx.run(
        END,
        of_trigger=cause.trigger_id,
        of_kind=cause.kind.value,
        of_receiver=cause.receiver,
    )


def ongoing_causes(tx: Transaction, *, limit: int) -> list[Cause]:
    """Returns causes that have not ended, in the order of their triggers."""
    return CAUSE.all(tx, ONGOING, limit=limit)


def failures_in_a_row(tx: Transaction, trigger_id: str, *, limit: int) -> int:
    """Counts a trigger's latest invocations that failed for good, back to one that succeeded."""
    count = 0
    for succeeded in tx.column(LATEST_ENDED, origin=trigger_id, limit=limit):
        if succeeded:
            break
        count += 1
    return count


def latest_succeeded(tx: Transaction, trigger_id: str) -> bool:
    """Returns whether the latest invocation of a trigger that ended has succeeded."""
    return bool(tx.value(LATEST_ENDED, origin=trigger_id, limit=1))


def fired_since(tx: Transaction, trigger_id: str, since: datetime) -> bool:
    """Returns whether the latest tick of a trigger or a schedule fired after an instant."""
    if "/schedules/" in trigger_id:
        latest = tx.value(LATEST_OF_SCHEDULE, name=trigger_id)
    elif "/" in trigger_id:
        # The occurrence of a run of an integration's own schedule begins with both.
        integration = "/".join(trigger_id.split("/")[:6])
        runs = tx.all(LATEST_OF_INTEGRATION, origin=integration)
        of_schedule = (
            at for occurrence, at in runs if str(occurrence).startswith(f"{trigger_id}/")
        )
        latest = max(of_schedule, default=None)
    else:
        latest = tx.value(LATEST_MADE, origin=trigger_id)
    return latest is not None and from_micros(latest) > since


def late_timers(tx: Transaction, before: datetime, *, limit: int) -> list[LateTimer]:
    """Returns timers whose next tick was due before an instant, the earliest first."""
    rows = tx.all(LATE, before=to_micros(before), limit=limit)
    return [LateTimer(trigger_id, from_micros(next_us)) for trigger_id, next_us in rows]


def late_schedules(tx: Transaction, before: datetime, *, limit: int) -> list[LateTimer]:
    """Returns schedules whose next run should have begun before an instant, the earliest first."""
    rows = tx.all(LATE_SCHEDULES, before=to_micros(before), limit=limit)
    return [LateTimer(name, from_micros(tick_us)) for name, tick_us in rows]


def late_configs(tx: Transaction, before: datetime, *, limit: int) -> list[LateTimer]:
    """Returns the same for schedules of integrations' triggers."""
    rows = tx.all(LATE_CONFIGS, before=to_micros(before), limit=limit)
    return [
        LateTimer(f"{location}/integrations/{integration}/{trigger_id}", from_micros(next_us))
        for location, integration, trigger_id, next_us in rows
    ]


def missed_since(tx: Transaction, since: datetime, *, limit: int) -> list[Decision]:
    """Returns decisions about ticks that were missed, of those made after an instant."""
    return RECORD.all(tx, MISSED_SINCE, since=to_micros(since), limit=limit)
