"""Converts stored schedules into `tocsin.v1.Schedule`, and back."""

from collections.abc import Iterable
from datetime import datetime

from google.api import field_behavior_pb2

from tocsin.contract.validation import Violation
from tocsin.store.schedules.rows import StoredSchedule
from tocsin.wire import errors
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

_FIELDS = Schedule.DESCRIPTOR.fields
OUTPUT_ONLY = frozenset(
    field.name
    for field in _FIELDS
    if field_behavior_pb2.OUTPUT_ONLY
    in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
)
UPDATABLE = tuple(
    field.name for field in _FIELDS if field.name != "name" and field.name not in OUTPUT_ONLY
)
# What the store keeps in the message beside what clients send.
KEPT = ("pause", "create_time", "update_time")
# If none of these changes, the instants stay the same.
OF_TIMETABLE = ("cron_expression", "time_zone", "start_time", "end_time", "jitter")


def as_sent(sent: Schedule) -> Schedule:
    """Returns a schedule without its name and what the server sets."""
    schedule = Schedule()
    schedule.CopyFrom(sent)
    for field in ("name", *OUTPUT_ONLY):
        schedule.ClearField(field)
    return schedule


def updated(stored: Schedule, sent: Schedule, paths: Iterable[str]) -> Schedule:
    """Returns a stored schedule with the fields of another one that a mask names.

    Raises:
        ApiError: a path can't be updated.
    """
    # Repeated paths count once, so that a long mask costs no more.
    named = tuple(dict.fromkeys(paths))
    named = UPDATABLE if named in ((), ("*",)) else named
    if odd := [path for path in named if path not in (*UPDATABLE, *OUTPUT_ONLY, "name")]:
        known = ", ".join(UPDATABLE)
        raise errors.invalid(
            [Violation("update_mask", f"{path[:64]!r} is not one of {known}") for path in odd[:10]]
        )
    schedule = Schedule()
    schedule.CopyFrom(stored)
    part = Schedule()
    part.CopyFrom(sent)
    for field in Schedule.DESCRIPTOR.fields_by_name:
        if field not in UPDATABLE or field not in named:
            part.ClearField(field)
        else:
            schedule.ClearField(field)
    schedule.MergeFrom(part)
    return schedule


def same_instants(one: Schedule, other: Schedule) -> bool:
    return all(getattr(one, field) == getattr(other, field) for field in OF_TIMETABLE) and all(
        one.HasField(field) == other.HasField(field) for field in ("start_time", "end_time")
    )


def to_message(stored: StoredSchedule) -> Schedule:
    schedule = Schedule.FromString(stored.message)
    schedule.name = stored.name
    schedule.skipped_count, schedule.missed_count = stored.skipped, stored.missed
    schedule.last_error = stored.last_error or ""
    if stored.tick_at is not None:
        schedule.next_run.tick_time.CopyFrom(to_timestamp(stored.tick_at))
        if stored.due_at is not None:
            schedule.next_run.start_time.CopyFrom(to_timestamp(stored.due_at))
    if stored.last_tick_at is not None:
        schedule.last_run.tick_time.CopyFrom(to_timestamp(stored.last_tick_at))
        schedule.last_run.execution_id = stored.last_invocation or ""
    return schedule


def touched(schedule: Schedule, now: datetime) -> bytes:
    """Returns the bytes to store of a schedule that changes now."""
    schedule.update_time.CopyFrom(to_timestamp(now))
    return schedule.SerializeToString(deterministic=True)
