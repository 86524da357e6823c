"""Compiles a `tocsin.v1.Schedule` into its plan."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from tocsin.compilers.parameters import plain_values
from tocsin.plans.errors import PlanError
from tocsin.plans.schedule import Overlap, SchedulePlan
from tocsin.schedule import Cron, CronError
from tocsin.schedule.day_numbers import unix_lint
from tocsin.schedule.timetable import Timetable
from tocsin.schedule.zoned import ZonedCron, ZoneError, zone_named
from tocsin.wire.resource_names import parse_integration
from tocsin.wire.timestamps import from_duration, instant_in
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

USUAL_CATCH_UP = timedelta(hours=1)
LONGEST_CATCH_UP = timedelta(days=366)
LONGEST_JITTER = timedelta(days=1)
# As versions have them.
LONGEST_TRIGGER = 256
# The vendor's published quota for the input of an API trigger.
LARGEST_INPUT = 8 * 1024 * 1024
OVERLAPS = {
    Schedule.OVERLAP_POLICY_UNSPECIFIED: Overlap.SKIP,
    Schedule.OVERLAP_POLICY_SKIP: Overlap.SKIP,
    Schedule.OVERLAP_POLICY_QUEUE: Overlap.QUEUE,
    Schedule.OVERLAP_POLICY_CANCEL: Overlap.CANCEL,
}


def faults_of_schedule(schedule: Schedule, parent: str) -> Iterator[PlanError]:
    """Yields what is wrong with a schedule of a project and location."""
    integration = parse_integration(schedule.integration)
    if not schedule.integration:
        yield PlanError("integration", "Field is required")
    elif integration is None or integration.means_every or integration.product:
        yield PlanError("integration", f"must be {parent}/integrations/*")
    elif integration.location != parent:
        yield PlanError("integration", f"must be of {parent}, the schedule's")
    if not schedule.trigger_id:
        yield PlanError("trigger_id", "Field is required")
    elif len(schedule.trigger_id) > LONGEST_TRIGGER:
        yield PlanError("trigger_id", f"Length must be at most {LONGEST_TRIGGER} characters")
    if schedule.ByteSize() > LARGEST_INPUT:
        yield PlanError("input_parameters", f"must have at most {LARGEST_INPUT} bytes in all")
    try:
        if not schedule.cron_expression:
            raise CronError("Field is required")
        Cron(schedule.cron_expression)
    except CronError as error:
        yield PlanError("cron_expression", str(error))
    try:
        zone_named(schedule.time_zone)
    except ZoneError as error:
        yield PlanError("time_zone", str(error))
    if schedule.overlap_policy not in OVERLAPS:
        yield PlanError("overlap_policy", f"{schedule.overlap_policy} is not a policy")
    yield from _faults_of_times(schedule)
    try:
        plain_values("input_parameters", schedule.input_parameters)
    except PlanError as error:
        yield error


def _faults_of_times(schedule: Schedule) -> Iterator[PlanError]:
    for field, most in (("jitter", LONGEST_JITTER), ("catch_up_window", LONGEST_CATCH_UP)):
        length = getattr(schedule, field)
        if not 0 <= length.ToNanoseconds() <= most // timedelta(microseconds=1) * 1000:
            yield PlanError(field, f"must be from 0s to {most.total_seconds():.0f}s")
    start, end = instant_in(schedule, "start_time"), instant_in(schedule, "end_time")
    if start is not None and end is not None and end <= start:
        yield PlanError("end_time", "must be later than start_time")


def schedule_lint(schedule: Schedule, plan: SchedulePlan, now: datetime) -> list[str]:
    """Returns what may surprise people: changes of its clocks, and days that Unix cron numbers."""
    found = []
    if days := unix_lint(schedule.cron_expression):
        found.append(days)
    if dates := str(plan.timetable.surprises(now)):
        found.append(f"the clocks change: {dates}")
    return found


@lru_cache(maxsize=4096)
def schedule_plan(name: str, message: bytes) -> SchedulePlan:
    """Returns the plan of a stored schedule.

    Raises:
        ValueError: this version can't read it.
    """
    schedule = Schedule.FromString(message)
    window = USUAL_CATCH_UP
    if schedule.HasField("catch_up_window"):
        window = from_duration(schedule.catch_up_window)
    return SchedulePlan(
        Timetable(
            name,
            ZonedCron(Cron(schedule.cron_expression), zone_named(schedule.time_zone)),
            instant_in(schedule, "start_time"),
            instant_in(schedule, "end_time"),
            from_duration(schedule.jitter),
        ),
        OVERLAPS[schedule.overlap_policy],
        window,
        schedule.HasField("pause"),
    )
