"""Serves the methods of `tocsin.v1.ScheduleService` that are about schedules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from google.protobuf.empty_pb2 import Empty

from tocsin.api.tocsin.schedules.batching import SERVICE
from tocsin.api.tocsin.schedules.history import ScheduleHistory
from tocsin.api.tocsin.schedules.message import (
    as_sent,
    same_instants,
    to_message,
    touched,
    updated,
)
from tocsin.api.tocsin.schedules.running import ScheduleRuns
from tocsin.compilers.schedules import faults_of_schedule, schedule_lint, schedule_plan
from tocsin.contract.validation import Violation
from tocsin.plans.errors import PlanError
from tocsin.plans.schedule import SchedulePlan
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.invocations.locations import locations
from tocsin.store.invocations.rows import insert_invocations
from tocsin.store.schedules import rows
from tocsin.store.schedules.rows import StoredSchedule, armed
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import Once
from tocsin.wire.paging import PageTokens, page_of, page_size
from tocsin.wire.resource_names import (
    LOCATION_FORM,
    SCHEDULE_FORM,
    SCHEDULE_ID_FORM,
    is_location,
    location_of_schedule,
)
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import from_timestamp, instant_in, to_timestamp
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as contract
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

MOST_RUNS = 1000
MOST_LOCATIONS = 1000
USUAL_RUNS = 10
LONGEST_NOTE = 1024


class ScheduleService:
    """Creates, shows, changes and runs schedules."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pages: PageTokens,
        runs: ScheduleRuns,
        history: ScheduleHistory,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._runs = runs
        self._history = history

    def methods(self) -> dict[str, Method]:
        return {
            "CreateSchedule": self.create,
            "GetSchedule": self.get,
            "ListSchedules": self.list,
            "UpdateSchedule": self.update,
            "DeleteSchedule": self.delete,
            "PauseSchedule": self.pause,
            "ResumeSchedule": self.resume,
            "BackfillSchedule": self.backfill,
            "ListNextRuns": self.list_next_runs,
            "ListLocations": self.list_locations,
        }

    async def create(self, request: contract.CreateScheduleRequest, call: Call) -> Schedule:
        """Stores a schedule, which is armed for its first instant."""
        now, schedule = self._clock.now(), as_sent(request.schedule)
        name = f"{request.parent}/schedules/{request.schedule_id}"
        violations = []
        if not is_location(request.parent):
            violations.append(Violation("parent", f"must be {LOCATION_FORM}"))
        elif location_of_schedule(name) is None:
            violations.append(Violation("schedule_id", f"must have {SCHEDULE_ID_FORM}"))
        _refuse(schedule, request.parent, violations)
        schedule.create_time.CopyFrom(to_timestamp(now))
        message = touched(schedule, now)
        stored = StoredSchedule(name, request.parent, schedule.integration, message)
        stored = armed(stored, schedule_plan(name, message).timetable.following(now))

        def insert(tx: Transaction) -> None:
            try:
                rows.insert_schedule(tx, stored)
            except UniqueViolation:
                raise errors.schedule_exists(name) from None

        await self._database.write(insert)
        return await self._linted(stored, now, call)

    async def get(self, request: contract.GetScheduleRequest) -> Schedule:
        """Shows a schedule."""
        return to_message(await self._found(request.name))

    async def list(
        self, request: contract.ListSchedulesRequest, call: Call
    ) -> contract.ListSchedulesResponse:
        """Lists the schedules of a location, page by page."""
        if not is_location(request.parent):
            raise errors.invalid_field("parent", f"must be {LOCATION_FORM}")
        tokens = self._pages.of(call, request, request.parent)
        # A token has the last part of a name: the whole could be longer than a token may be.
        last, size = tokens.position(request.page_token) or "", page_size(request.page_size)
        after = f"{request.parent}/schedules/{last}"
        found = await self._database.read(
            lambda tx: rows.page_of_schedules(
                tx, parent=request.parent, after=after, limit=size + 1
            )
        )
        page, more = page_of(map(to_message, found), size, Schedule.ByteSize)
        token = tokens.token(page[-1].name.rpartition("/")[2]) if more else ""
        return contract.ListSchedulesResponse(schedules=page, next_page_token=token)

    async def list_locations(
        self, _request: contract.ListLocationsRequest, call: Call
    ) -> contract.ListLocationsResponse:
        """Lists the locations that the caller may see."""
        found = await self._database.read(lambda tx: locations(tx, most=MOST_LOCATIONS + 1))
        seen = [contract.Location(name=name) for name in found[:MOST_LOCATIONS] if call.sees(name)]
        return contract.ListLocationsResponse(locations=seen, truncated=len(found) > MOST_LOCATIONS)

    async def update(self, request: contract.UpdateScheduleRequest, call: Call) -> Schedule:
        """Changes fields of a schedule; a paused one stays paused."""

        def change(tx: Transaction, stored: StoredSchedule, now: datetime) -> StoredSchedule:
            before = Schedule.FromString(stored.message)
            schedule = updated(before, request.schedule, request.update_mask.paths)
            _refuse(schedule, stored.parent, [])
            message = touched(schedule, now)
            changed = replace(stored, message=message, integration=schedule.integration)
            if same_instants(before, schedule):
                return changed
            self._history.instants_changed(tx, stored, changed, now)
            if schedule.HasField("pause"):
                return changed
            return armed(changed, schedule_plan(stored.name, message).timetable.following(now))

        return await self._linted(await self._change(request.name, change), self._clock.now(), call)

    async def delete(self, request: contract.DeleteScheduleRequest) -> Empty:
        """Deletes a schedule; its executions stay."""
        name, now = _checked(request.name), self._clock.now()

        def remove(tx: Transaction) -> None:
            stored = rows.find_schedule(tx, name, lock=True)
            if stored is None:
                raise errors.schedule_not_found(name)
            self._history.deleted(tx, stored, now)
            rows.delete_schedule(tx, name)

        await self._database.write(remove)
        return Empty()

    async def pause(self, request: contract.PauseScheduleRequest) -> Schedule:
        """Pauses a schedule, or gives the pause another note."""
        if len(request.note) > LONGEST_NOTE:
            raise errors.invalid_field("note", f"Length must be at most {LONGEST_NOTE} characters")

        def change(tx: Transaction, stored: StoredSchedule, now: datetime) -> StoredSchedule:
            schedule = Schedule.FromString(stored.message)
            if not schedule.HasField("pause"):
                self._history.paused(tx, stored, now)
                schedule.pause.pause_time.CopyFrom(to_timestamp(now))
            schedule.pause.note = request.note
            return armed(replace(stored, message=touched(schedule, now)), None)

        return to_message(await self._change(request.name, change))

    async def resume(self, request: contract.ResumeScheduleRequest) -> Schedule:
        """Arms a paused schedule for the first instant from now on; another one stays as it is."""

        def change(tx: Transaction, stored: StoredSchedule, now: datetime) -> StoredSchedule:
            schedule = Schedule.FromString(stored.message)
            if not schedule.HasField("pause"):
                return stored
            self._history.resumed(tx, stored.name, now)
            schedule.ClearField("pause")
            message = touched(schedule, now)
            return armed(
                replace(stored, message=message),
                schedule_plan(stored.name, message).timetable.following(now),
            )

        return to_message(await self._change(request.name, change))

    async def backfill(
        self, request: contract.BackfillScheduleRequest, call: Call
    ) -> contract.BackfillScheduleResponse:
        """Stores an execution for each instant of a range."""
        now, stored = self._clock.now(), await self._found(request.name)
        ticks = _ticks_of(request, schedule_plan(stored.name, stored.message), now)
        once = Once.of(
            "request_id",
            request.request_id,
            request,
            scope=call.scope(SERVICE.full_name),
            method="BackfillSchedule",
        )
        if not await self._database.read(lambda tx: once.is_answered(tx, now)):
            await call.bring(len(ticks))
        offers = await self._runs.offers(stored.parent)

        def insert(tx: Transaction) -> bytes:
            if (known := once.answer(tx, now)) is not None:
                return known
            try:
                executions = [
                    self._runs.execution(stored, offers, tick, now, again=f"backfill {now}")
                    for tick in ticks
                ]
            except PlanError as error:
                raise errors.invalid_field("name", error.reason) from None
            insert_invocations(tx, [(execution, now) for execution in executions])
            answer = contract.BackfillScheduleResponse(
                execution_ids=[execution.id for execution in executions]
            ).SerializeToString()
            once.remember(tx, answer, now)
            return answer

        answer = await self._database.write(insert)
        return contract.BackfillScheduleResponse.FromString(answer)

    async def list_next_runs(
        self, request: contract.ListNextRunsRequest, call: Call
    ) -> contract.ListNextRunsResponse:
        """Shows the next instants, and when their runs start."""
        if not 0 <= request.count <= MOST_RUNS:
            raise errors.invalid_field("count", f"Value must be from 0 to {MOST_RUNS}")
        stored = await self._found(request.name)
        plan = schedule_plan(stored.name, stored.message)
        await call.send_lint(schedule_lint(to_message(stored), plan, self._clock.now()))
        timetable = plan.timetable
        answer = contract.ListNextRunsResponse()
        tick = timetable.next(instant_in(request, "after") or self._clock.now())
        while tick is not None and len(answer.runs) < (request.count or USUAL_RUNS):
            answer.runs.add(
                tick_time=to_timestamp(tick), start_time=to_timestamp(timetable.due(tick))
            )
            tick = timetable.next(tick)
        return answer

    async def _found(self, name: str) -> StoredSchedule:
        _checked(name)
        stored = await self._database.read(lambda tx: rows.find_schedule(tx, name))
        if stored is None:
            raise errors.schedule_not_found(name)
        return stored

    async def _change(
        self,
        name: str,
        change: Callable[[Transaction, StoredSchedule, datetime], StoredSchedule],
    ) -> StoredSchedule:
        """Changes a stored schedule."""
        _checked(name)
        now = self._clock.now()

        def write(tx: Transaction) -> StoredSchedule:
            stored = rows.find_schedule(tx, name, lock=True)
            if stored is None:
                raise errors.schedule_not_found(name)
            changed = change(tx, stored, now)
            rows.update_schedule(tx, changed)
            return changed

        return await self._database.write(write)

    async def _linted(self, stored: StoredSchedule, now: datetime, call: Call) -> Schedule:
        """Returns the answer to a change, whose metadata tells what may surprise people."""
        plan = schedule_plan(stored.name, stored.message)
        shown = to_message(stored)
        await call.send_lint(schedule_lint(shown, plan, now))
        return shown


def _checked(name: str) -> str:
    if location_of_schedule(name) is None:
        raise errors.invalid_field("name", f"must be {SCHEDULE_FORM}")
    return name


def _refuse(schedule: Schedule, parent: str, violations: list[Violation]) -> None:
    """Refuses a schedule that breaks a rule.

    Raises:
        ApiError: there are violations, or faults of the schedule.
    """
    faults = () if violations else faults_of_schedule(schedule, parent)
    violations += [Violation(f"schedule.{each.field}", each.reason) for each in faults]
    if violations:
        raise errors.invalid(violations)


def _ticks_of(
    request: contract.BackfillScheduleRequest, plan: SchedulePlan, now: datetime
) -> list[datetime]:
    """Returns the instants of a range.

    Raises:
        ApiError: the range is none, is not past, or has too many instants.
    """
    for field in ("start_time", "end_time"):
        if not request.HasField(field):
            raise errors.invalid_field(field, "Field is required")
    start, end = from_timestamp(request.start_time), from_timestamp(request.end_time)
    if end <= start:
        raise errors.invalid_field("end_time", "must be later than start_time")
    if end > now:
        raise errors.invalid_field("end_time", "must not be in the future")
    ticks: list[datetime] = []
    tick = plan.timetable.from_on(start)
    while tick is not None and tick < end:
        if len(ticks) == MOST_RUNS:
            raise errors.invalid_field(
                "end_time", f"the range must have at most {MOST_RUNS} instants; make it shorter"
            )
        ticks.append(tick)
        tick = plan.timetable.next(tick)
    return ticks
