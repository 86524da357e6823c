"""Changes many invocations: named ones at once, those that a filter finds by a job."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from tocsin.access.permissions.bindings import EVERYTHING
from tocsin.access.permissions.resources import folder
from tocsin.api.tocsin.invocations.filters import filter_of
from tocsin.api.tocsin.invocations.steering import steer_or_refuse
from tocsin.api.tocsin.jobs import job_message
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.causes import cause_id
from tocsin.store.invocations.listing import count_stretch, find_summaries, page_of_invocations
from tocsin.store.invocations.selecting import Filter, Position
from tocsin.store.invocations.steering import STEERABLE, Steer, lock_summaries, takes
from tocsin.store.jobs.rows import Job, Wanted, insert_job, wanted_to_json
from tocsin.store.triggers.folders import folder_of_trigger
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.statuses import to_status
from tocsin_protos.tocsin.v1.job_service_pb2 import (
    InvocationChanges,
    InvocationCount,
    InvocationSelection,
)

MOST_NAMED = 1000
# Invocations that share a commit.
AT_ONCE = 200
# A count ends at so many that it found, or after so many stretches of LOOKED_AT rows.
COUNTED_UP_TO, COUNTED_STRETCHES = 10_000, 20
# Dead letters whose cause is looked at in one read.
CAUSES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Count:
    """A number of invocations; `at_least` says that it is a lower bound."""

    number: int
    at_least: bool = False

    def message(self) -> InvocationCount:
        return InvocationCount(count=self.number, at_least=self.at_least)


class Selections:
    """Changes the invocations of selections."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def change(
        self, selection: InvocationSelection, call: Call, what: Steer, cause: str = ""
    ) -> InvocationChanges:
        """Retries, cancels or redrives a selection, or counts it.

        Args:
            selection: the invocations.
            call: the call that asks for it.
            what: what becomes of them.
            cause: only dead letters of this cause.

        Raises:
            ApiError: the selection is wrong, has another number than expected, or the quota is used
                up.
            StoreUnavailable: the store can't be reached.
        """
        if bool(selection.invocation_ids) == selection.HasField("filter"):
            raise errors.invalid_field("selection", "must have either invocation_ids or a filter")
        if len(selection.invocation_ids) > MOST_NAMED:
            raise errors.invalid_field(
                "selection.invocation_ids", f"must name at most {MOST_NAMED}"
            )
        if selection.invocation_ids:
            return await self._change_named(selection, call, what)
        return await self._change_found(selection, call, what, cause)

    async def _change_named(
        self, selection: InvocationSelection, call: Call, what: Steer
    ) -> InvocationChanges:
        ids = list(dict.fromkeys(selection.invocation_ids))
        found = await self._database.read(lambda tx: find_summaries(tx, ids))
        count = Count(sum(takes(row, what) for row in found))
        _refuse_other_count(selection, count)
        changes = InvocationChanges(selected=count.message())
        if selection.validate_only:
            return changes
        if what is not Steer.CANCEL:
            await call.bring(count.number)
        for start in range(0, len(ids), AT_ONCE):
            step, now = ids[start : start + AT_ONCE], self._clock.now()
            refused = await self._database.write(partial(_steer_each, ids=step, what=what, now=now))
            changes.invocation_ids.extend(each for each in step if each not in refused)
            for invocation_id, error in refused.items():
                changes.failures.add(
                    invocation_id=invocation_id, error=to_status(error, call.request_id)
                )
        return changes

    async def _change_found(
        self, selection: InvocationSelection, call: Call, what: Steer, cause: str
    ) -> InvocationChanges:
        now = self._clock.now()
        asked = filter_of(selection.filter, "selection.filter")
        wanted = Wanted(
            replace(
                asked, states=asked.states & STEERABLE[what], made_until=now, oldest_first=True
            ),
            cause,
        )
        count = await self._count(wanted)
        _refuse_other_count(selection, count)
        changes = InvocationChanges(selected=count.message())
        if selection.validate_only:
            return changes
        if what is not Steer.CANCEL:
            await call.bring(count.number)
        subject = "" if call.caller is None else call.caller.subject
        job_id = self._ids.new()

        def begin(tx: Transaction) -> Job:
            job = Job(
                id=job_id,
                kind=what,
                resource=_resource_of(tx, asked),
                subject=subject,
                wanted=wanted_to_json(wanted),
                selected=count.number,
                at_least=count.at_least,
                created_at=now,
            )
            insert_job(tx, job)
            return job

        changes.job.CopyFrom(job_message(await self._database.write(begin)))
        return changes

    async def _count(self, wanted: Wanted) -> Count:
        """Counts what a job would change, in reads of milliseconds each."""
        if not wanted.filter.states:
            return Count(0)
        number = 0
        after: Position | None = None
        for _ in range(COUNTED_STRETCHES):
            found, after = await self._database.read_snapshot(
                partial(_count_step, wanted=wanted, after=after)
            )
            number += found
            if number > COUNTED_UP_TO:
                return Count(COUNTED_UP_TO, at_least=True)
            if after is None:
                return Count(number)
        return Count(number, at_least=True)


def _count_step(
    tx: Transaction, wanted: Wanted, after: Position | None
) -> tuple[int, Position | None]:
    if not wanted.cause_id:
        return count_stretch(tx, wanted.filter, after=after)
    page = page_of_invocations(tx, wanted.filter, after=after, limit=CAUSES_AT_ONCE)
    of_cause = sum(cause_id(row.target, row.last_error) == wanted.cause_id for row in page.rows)
    return of_cause, page.rest


def _steer_each(
    tx: Transaction, ids: Sequence[str], what: Steer, now: datetime
) -> dict[str, errors.ApiError]:
    """Steers invocations; returns why some were not, by their ids."""
    locked = lock_summaries(tx, ids)
    refused: dict[str, errors.ApiError] = {}
    for invocation_id in ids:
        try:
            if invocation_id not in locked:
                raise errors.invocation_not_found(invocation_id)
            steer_or_refuse(tx, locked[invocation_id], what, now)
        except errors.ApiError as error:
            refused[invocation_id] = error
    return refused


def _resource_of(tx: Transaction, wanted: Filter) -> str:
    """Returns the resource that has all invocations of a filter, or `*`."""
    if wanted.origin is None:
        return wanted.parent or EVERYTHING
    if "/" in wanted.origin:
        return wanted.origin
    folder_id = folder_of_trigger(tx, wanted.origin)
    return EVERYTHING if folder_id is None else folder(folder_id)


def _refuse_other_count(selection: InvocationSelection, count: Count) -> None:
    if selection.HasField("expected_count") and selection.expected_count != count.number:
        raise errors.count_differs(selection.expected_count, count.number, "invocations")
