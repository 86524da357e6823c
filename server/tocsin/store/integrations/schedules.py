"""Stores armed schedules: the next tick of each schedule of a published version."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import from_micros, instant_or_none, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_schedules as table
from tocsin.store.integrations.schema import integration_versions
from tocsin.store.integrations.versions import VERSION, StoredVersion


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A due tick and the version that it runs."""

    trigger_id: str
    instant: datetime
    version: StoredVersion


INSERT = insert(table).values(
    version_id=bindparam("version_id"),
    trigger_id=bindparam("trigger_id"),
    next_at=bindparam("next_at"),
    error=bindparam("error"),
)
ARM = INSERT.on_conflict_do_update(
    index_elements=[table.c.version_id, table.c.trigger_id],
    set_={"next_at": INSERT.excluded.next_at, "error": INSERT.excluded.error},
)
DISARM = delete(table).where(table.c.version_id == bindparam("of_version"))
END = DISARM.where(table.c.trigger_id == bindparam("of_trigger"))
ARMED = select(table.c.trigger_id, table.c.next_at).where(
    table.c.version_id == bindparam("of_version")
)
EARLIEST = select(func.min(table.c.next_at))
DUE_SCHEDULE = Record(
    DueSchedule, trigger_id=table.c.trigger_id, instant=table.c.next_at, version=VERSION
)
DUE = (
    select(*DUE_SCHEDULE.columns)
    .join(integration_versions, integration_versions.c.id == table.c.version_id)
    .where(table.c.next_at <= bindparam("now"))
    .order_by(table.c.next_at)
    .limit(bindparam("limit"))
    # Locks the version too: one that another node takes back does not fire any more.
    .with_for_update(skip_locked=True)
)
IDS = FixedList("id", 50)
ERRORS = select(table.c.version_id, table.c.trigger_id, table.c.error).where(
    table.c.version_id.in_(IDS.parameters), table.c.error.is_not(None)
)


def arm_schedule(
    tx: Transaction,
    version_id: str,
    trigger_id: str,
    instant: datetime | None,
    error: str | None = None,
) -> None:
    """Sets a schedule's next tick and why it could not fire; None as instant ends it."""
    if instant is None:
        tx.run(END, of_version=version_id, of_trigger=trigger_id)
        return
    next_at = to_micros(instant)
    tx.run(ARM, version_id=version_id, trigger_id=trigger_id, next_at=next_at, error=error)
    tx.ring(Bell.TICKS, instant)


def disarm_schedules(tx: Transaction, version_id: str) -> None:
    tx.run(DISARM, of_version=version_id)


def armed_schedules(tx: Transaction, version_id: str) -> dict[str, datetime]:
    """Returns the next ticks of a version's schedules, by their triggers."""
    rows = tx.all(ARMED, of_version=version_id)
    return {trigger_id: from_micros(next_at) for trigger_id, next_at in rows}


def earliest_schedule(tx: Transaction) -> datetime | None:
    return instant_or_none(tx.value(EARLIEST))


def due_schedules(tx: Transaction, *, now: datetime, limit: int) -> list[DueSchedule]:
    return DUE_SCHEDULE.all(tx, DUE, now=to_micros(now), limit=limit)


def schedule_errors(tx: Transaction, version_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """Returns why schedules can't fire, by their versions' ids and their triggers'."""
    rows = [row for part in IDS.slices(list(version_ids)) for row in tx.all(ERRORS, **part)]
    return {(version_id, trigger_id): error for version_id, trigger_id, error in rows}
