"""Stores jobs: work on the invocations that a filter finds, done step by step."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.invocations.selecting import Filter, Position
from tocsin.store.invocations.steering import Steer
from tocsin.store.jobs.schema import jobs as table


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """A job. `wanted` is its filter as JSON; `at_least` says that `selected` is a lower bound."""

    id: str
    kind: Steer
    resource: str
    subject: str
    wanted: str
    selected: int
    at_least: bool
    created_at: datetime
    state: JobState = JobState.RUNNING
    changed: int = 0
    skipped: int = 0
    reached_at: datetime | None = None
    reached_id: str | None = None
    finished_at: datetime | None = None

    @property
    def position(self) -> Position | None:
        """The position after which the next step begins; None for the first."""
        if self.reached_at is None:
            return None
        return Position(to_micros(self.reached_at), self.reached_id or "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The invocations of a job: those of a filter, and of a cause of dead letters if it has one."""

    filter: Filter
    cause_id: str = ""


JOB = Record(Job, table)
INSERT = insert(table).values(JOB.bound)
SELECT = select(*JOB.columns).where(table.c.id == bindparam("id"))
LOCK = SELECT.with_for_update()
PAGE = (
    select(*JOB.columns)
    .where(table.c.id < bindparam("before"))
    .order_by(table.c.id.desc())
    .limit(bindparam("limit"))
)
PAGE_OF_RESOURCE = PAGE.where(table.c.resource == bindparam("resource"))
RUNNING = table.c.finished_at.is_(None)
# A node takes the first job that no other node is just at.
NEXT = (
    select(*JOB.columns)
    .where(RUNNING)
    .order_by(table.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
FIRST_SINCE = select(table.c.created_at).where(RUNNING).order_by(table.c.id).limit(1)
ADVANCE = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(
        **{
            name: bindparam(f"new_{name}")
            for name in ("state", "changed", "skipped", "reached_at", "reached_id", "finished_at")
        }
    )
)
CANCEL = (
    update(table)
    .where(table.c.id == bindparam("of_id"), RUNNING)
    .values(state=JobState.CANCELLED.value, finished_at=bindparam("now"))
)
# Beyond each id.
FROM_THE_LATEST = "\N{DELETE}"


def insert_job(tx: Transaction, job: Job) -> None:
    """Adds a job, and wakes the nodes."""
    tx.run(INSERT, **JOB.values(job))
    tx.ring(Bell.JOBS)


def find_job(tx: Transaction, job_id: str) -> Job | None:
    return JOB.one(tx, SELECT, id=job_id)


def page_of_jobs(tx: Transaction, *, before: str, limit: int, resource: str = "") -> list[Job]:
    """Returns up to `limit` jobs before an id, the latest first; an empty id: from the latest.

    `resource` narrows them to those of a resource.
    """
    before = before or FROM_THE_LATEST
    if resource:
        return JOB.all(tx, PAGE_OF_RESOURCE, before=before, limit=limit, resource=resource)
    return JOB.all(tx, PAGE, before=before, limit=limit)


def next_job(tx: Transaction) -> Job | None:
    """Returns the first job that goes on and that no other node is at, locked; or None."""
    return JOB.one(tx, NEXT)


def first_running_since(tx: Transaction) -> datetime | None:
    """Returns when the first job began that goes on; None if none does."""
    began = tx.value(FIRST_SINCE)
    return None if began is None else from_micros(began)


def advance_job(tx: Transaction, job: Job) -> None:
    """Writes how far a locked job is."""
    values = JOB.values(job)
    names = ("state", "changed", "skipped", "reached_at", "reached_id", "finished_at")
    tx.run(ADVANCE, of_id=job.id, **{f"new_{name}": values[name] for name in names})


def cancel_job(tx: Transaction, job_id: str, *, now: datetime) -> None:
    """Stops a job, unless it has ended."""
    tx.one(LOCK, id=job_id)
    tx.run(CANCEL, of_id=job_id, now=to_micros(now))


def wanted_to_json(wanted: Wanted) -> str:
    """Returns which invocations a job is about as JSON, without what does not narrow it."""
    each = wanted.filter
    values = {
        "origin": each.origin,
        "states": sorted(state.value for state in each.states),
        "scheduled_from": each.scheduled_from and to_micros(each.scheduled_from),
        "scheduled_before": each.scheduled_before and to_micros(each.scheduled_before),
        "parent": each.parent,
        "integration_id": each.integration_id,
        "error_text": each.error_text,
        "made_until": each.made_until and to_micros(each.made_until),
        "cause_id": wanted.cause_id or None,
    }
    return json.dumps({name: value for name, value in values.items() if value is not None})


def wanted_from_json(text: str) -> Wanted:
    """Reads what `wanted_to_json` wrote; the oldest invocations come first."""
    values = json.loads(text)
    cause_id = values.pop("cause_id", "")
    states = frozenset(State(name) for name in values.pop("states"))
    for name in ("scheduled_from", "scheduled_before", "made_until"):
        if name in values:
            values[name] = from_micros(values[name])
    return Wanted(replace(Filter(**values, states=states), oldest_first=True), cause_id)
