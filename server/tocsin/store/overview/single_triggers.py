"""Reads how single triggers stand: their latest invocations, and when they fire next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal_column, select

from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.schema import invocations, triggers
from tocsin.store.triggers.listing import facts_of, placed_triggers
from tocsin.store.triggers.rows import count_triggers

# Counting more would take longer than anybody needs to know.
MOST_COUNTED = 5000


@dataclass(frozen=True, slots=True)
class Named:
    """A trigger, its name and its folder."""

    id: str
    name: str
    folder_id: str


@dataclass(frozen=True, slots=True)
class Run:
    """An invocation of a trigger: when it was to run, and how it ended."""

    state: State
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names triggers: by their ids, by folder and name, and all of some folders."""

    ids: Sequence[str]
    named: Sequence[tuple[str, str]]
    folders: Sequence[str]


NAMED = Record(Named, triggers)
BY_NAME = select(*NAMED.columns).where(
    triggers.c.folder_id == bindparam("folder_id"),
    triggers.c.name == bindparam("name"),
    # Databases use the index of names only for statements with its condition.
    triggers.c.name != literal_column("''"),
)
OF_FOLDER = (
    select(*NAMED.columns)
    .where(triggers.c.folder_id == bindparam("folder_id"))
    .order_by(triggers.c.id)
    .limit(bindparam("limit"))
)
RUN = Record(Run, invocations)
LATEST_RUNS = (
    select(*RUN.columns)
    .where(invocations.c.origin == bindparam("origin"))
    .order_by(invocations.c.scheduled_at.desc(), invocations.c.id.desc())
    .limit(bindparam("limit"))
)


def find_wanted(tx: Transaction, wanted: Wanted, *, limit: int) -> tuple[list[Named], int]:
    """Returns up to `limit` of the wanted triggers, and how many more there are.

    Those of a folder that are left out are counted up to MOST_COUNTED.
    """
    found = {
        placed.trigger.id: Named(placed.trigger.id, placed.trigger.name, placed.folder_id)
        for placed in placed_triggers(tx, wanted.ids).values()
    }
    for folder_id, name in wanted.named:
        found |= {one.id: one for one in NAMED.all(tx, BY_NAME, folder_id=folder_id, name=name)}
    left_out = max(0, len(found) - limit)
    for folder_id in wanted.folders:
        for one in NAMED.all(tx, OF_FOLDER, folder_id=folder_id, limit=limit):
            if len(found) < limit:
                found[one.id] = one
        shown = sum(one.folder_id == folder_id for one in found.values())
        left_out += max(0, count_triggers(tx, folder_id, limit=MOST_COUNTED) - shown)
    return list(found.values())[:limit], left_out


def latest_runs(tx: Transaction, trigger_id: str, *, limit: int) -> list[Run]:
    """Returns the invocations of a trigger with the latest instants, the latest first."""
    return RUN.all(tx, LATEST_RUNS, origin=trigger_id, limit=limit)


def next_ticks(tx: Transaction, trigger_ids: Sequence[str]) -> dict[str, datetime]:
    """Returns when those of the triggers that are armed timers fire next."""
    return {
        trigger_id: facts.tick_at
        for trigger_id, facts in facts_of(tx, trigger_ids).items()
        if facts.tick_at is not None
    }
