"""Does jobs: retries, cancels or redrives the invocations of a filter, step by step."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import target_of_action
from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.causes import cause_id
from tocsin.store.invocations.listing import page_of_invocations
from tocsin.store.invocations.parking import withheld_by
from tocsin.store.invocations.steering import Steer, lock_summaries, steer, takes
from tocsin.store.jobs.rows import (
    Job,
    JobState,
    Wanted,
    advance_job,
    first_running_since,
    next_job,
    wanted_from_json,
)
from tocsin.store.triggers.decisions import DecisionKind

log = structlog.get_logger(__name__)

# Bounds how long one step keeps its rows, and the event loop.
STEP = 200
TAKEN_ELSEWHERE = timedelta(milliseconds=50)


class Jobs:
    """Takes the steps of jobs, of any node."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._wakeup = Wakeup(clock)
        database.on(Bell.JOBS, self._wakeup.ring)

    def look(self) -> None:
        """Looks for jobs at once, because other nodes may have left some."""
        self._wakeup.ring()

    async def run_once(self) -> None:
        """Takes one step, or waits for a job that begins."""
        self._wakeup.listen()
        if await self._database.read(first_running_since) is None:
            await self._wakeup.wait(None)
            return
        now = self._clock.now()
        job = await self._database.write(lambda tx: take_step(tx, now))
        if job is None:
            await self._wakeup.wait(now + TAKEN_ELSEWHERE)
        elif job.finished_at is not None:
            log.info(
                "job ended",
                job_id=job.id,
                kind=job.kind.value,
                changed=job.changed,
                skipped=job.skipped,
            )


def take_step(tx: Transaction, now: datetime) -> Job | None:
    """Takes the next step of a job that no other node is at.

    Returns the job as it stands then; None if other nodes are at all of them.
    """
    job = next_job(tx)
    if job is None:
        return None
    wanted = wanted_from_json(job.wanted)
    page = page_of_invocations(tx, wanted.filter, after=job.position, limit=STEP)
    ids = [
        row.id
        for row in page.rows
        if not wanted.cause_id or cause_id(row.target, row.last_error) == wanted.cause_id
    ]
    changed = _steer_all(tx, job.kind, wanted, ids, now)
    stepped = replace(job, changed=job.changed + changed, skipped=job.skipped + len(ids) - changed)
    if page.rest is None:
        stepped = replace(stepped, state=JobState.DONE, finished_at=now)
    else:
        reached = from_micros(page.rest.scheduled_at)
        stepped = replace(stepped, reached_at=reached, reached_id=page.rest.id)
    advance_job(tx, stepped)
    return stepped


def _steer_all(tx: Transaction, what: Steer, wanted: Wanted, ids: list[str], now: datetime) -> int:
    """Steers those that still are as the job wants them; returns how many."""
    deleted: dict[str, bool] = {}
    changed = 0
    for invocation in lock_summaries(tx, ids).values():
        if invocation.state not in wanted.filter.states or not takes(invocation, what):
            continue
        origin = invocation.origin
        if origin not in deleted:
            deleted[origin] = withheld_by(tx, origin) is DecisionKind.DELETED
        if deleted[origin] and what is not Steer.CANCEL:
            continue
        changed += steer(tx, invocation, what, now=now, target_of=target_of_action)
    return changed
