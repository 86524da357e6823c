"""Finds the folders that have triggers, and counts these by state, up to a limit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, case, exists, func, literal_column, select

from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import WITHHOLDING, decisions
from tocsin.store.schema import triggers as table
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.store.triggers.listing import folders_of_triggers

FOLDERS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class TriggerCounts:
    """How many triggers a folder has, up to a limit, and how many of those counted are paused."""

    triggers: int
    paused: int
    at_least: bool


def _folders() -> Select[tuple[str]]:
    """Steps through the index from one folder to the next, however many triggers each has."""
    first = select(func.min(table.c.folder_id)).where(table.c.folder_id > bindparam("after"))
    step = select(
        first.scalar_subquery().label("folder_id"), literal_column("1").label("number")
    ).cte("folders", recursive=True)
    following = select(func.min(table.c.folder_id)).where(table.c.folder_id > step.c.folder_id)
    folders = step.union_all(
        select(following.scalar_subquery(), step.c.number + literal_column("1")).where(
            step.c.folder_id.is_not(None),
            step.c.number < literal_column(str(FOLDERS_AT_ONCE)),
        )
    )
    return select(folders.c.folder_id).where(folders.c.folder_id.is_not(None))


FOLDERS = _folders()
# A pause that has not ended is what a paused trigger has in every version's store.
IS_PAUSED = exists().where(
    decisions.c.trigger_id == table.c.id,
    WITHHOLDING,
    decisions.c.kind == DecisionKind.PAUSE.value,
)
_counted = (
    select(case((IS_PAUSED, 1), else_=0).label("paused"))
    .where(table.c.folder_id == bindparam("folder_id"))
    .order_by(table.c.id)
    .limit(bindparam("limit"))
    .subquery()
)
COUNTS = select(func.count(), func.sum(_counted.c.paused)).select_from(_counted)


# Triggers that are paused, of all folders.
PAUSES = (
    select(decisions.c.trigger_id)
    .where(decisions.c.last_at.is_(None), decisions.c.kind == DecisionKind.PAUSE.value)
    .limit(bindparam("limit"))
)
COUNT = select(func.count()).select_from(
    select(table.c.id)
    .where(table.c.folder_id == bindparam("folder_id"))
    .limit(bindparam("limit"))
    .subquery()
)

ALL = select(func.count()).select_from(select(table.c.id).limit(bindparam("limit")).subquery())


def count_all(tx: Transaction, *, limit: int) -> int:
    """Counts the triggers of all folders, of which it looks at up to `limit`."""
    return int(tx.value(ALL, limit=limit))


def folders_after(tx: Transaction, after: str) -> list[str]:
    """Returns up to FOLDERS_AT_ONCE ids of folders that have triggers, in order."""
    return tx.column(FOLDERS, after=after)


def paused_by_folder(tx: Transaction, *, limit: int) -> dict[str, int] | None:
    """Counts the paused triggers of all folders; None: there are `limit`, and may be more."""
    paused = tx.column(PAUSES, limit=limit)
    if len(paused) == limit:
        return None
    return Counter(folders_of_triggers(tx, paused).values())


def count_with(
    tx: Transaction, folder_id: str, *, paused: Mapping[str, int], limit: int
) -> TriggerCounts:
    """Counts the triggers of a folder of which it is known how many are paused."""
    count = int(tx.value(COUNT, folder_id=folder_id, limit=limit + 1))
    there = min(count, limit)
    return TriggerCounts(there, min(paused.get(folder_id, 0), there), at_least=count > limit)


def count_by_state(tx: Transaction, folder_id: str, *, limit: int) -> TriggerCounts:
    """Counts the triggers of a folder, of which it looks at up to `limit`."""
    row = tx.one(COUNTS, folder_id=folder_id, limit=limit + 1)
    triggers, paused = (row[0], int(row[1] or 0)) if row is not None else (0, 0)
    return TriggerCounts(min(triggers, limit), paused, at_least=triggers > limit)
