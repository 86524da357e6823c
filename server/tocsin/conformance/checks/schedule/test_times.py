"""When an execution is to run."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.conformance.checks.schedule.scheduler import DISCOVERY, Scheduler, in_seconds
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

WHEN = f"{DISCOVERY}.scheduleTime: 'If the time is less or equal to the current time, the "
WHEN += "integration is executed immediately'"
TIMESTAMP = "proto google/protobuf/timestamp.proto"

TAKEN: dict[str, tuple[Any, str, Level]] = {
    "absent": (lambda: None, "A call without a time", SHOULD),
    "past": (lambda: in_seconds(-3600), "A time that has passed", MUST),
    "long-past": (lambda: Timestamp(seconds=-1), "A time before 1970", MUST),
    "now": (lambda: in_seconds(0), "The present time", MUST),
    "soon": (lambda: in_seconds(60), "A time in a minute", MUST),
    "fraction": (
        lambda: Timestamp(seconds=4_039_372_800, nanos=1),
        "A time with nanoseconds",
        MUST,
    ),
    "first-instant": (
        lambda: Timestamp(seconds=-62_135_596_800),
        "The first instant of a Timestamp",
        MUST,
    ),
}


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(
            time,
            marks=clause(f"schedule.time.{id}", level, f"{what} {level} be taken.", source=WHEN),
        )
        for id, (time, what, level) in TAKEN.items()
    ],
)
def test_a_time_is_taken(scheduler: Scheduler, time: Any) -> None:
    assert scheduler.ids(schedule_time=time())


REFUSED: dict[str, tuple[Timestamp, str]] = {
    "negative-nanos": (Timestamp(seconds=4_039_372_800, nanos=-1), "negative nanoseconds"),
    "too-many-nanos": (Timestamp(seconds=4_039_372_800, nanos=10**9), "a second of nanoseconds"),
    "year-10000": (Timestamp(seconds=253_402_300_800), "a year after 9999"),
    "year-0": (Timestamp(seconds=-62_135_596_801), "a year before 1"),
    "largest-int64": (Timestamp(seconds=2**63 - 1), "the largest int64 as seconds"),
}


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(
            time,
            marks=clause(
                f"schedule.time.invalid.{id}",
                MUST,
                f"A Timestamp with {what} MUST be refused with INVALID_ARGUMENT.",
                source=f"{TIMESTAMP}: seconds 'must be between' years 1 and 9999, nanos 'must be "
                "between 0 and 999,999,999 inclusive'",
                features=("schedule",),
            ),
        )
        for id, (time, what) in REFUSED.items()
    ],
)
def test_a_time_that_is_none_is_refused(scheduler: Scheduler, time: Timestamp) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, schedule_time=time)


@clause(
    "schedule.time.invalid.blamed",
    SHOULD,
    "A Timestamp that is out of range SHOULD be named in google.rpc.BadRequest.",
    source="proto google/rpc/error_details.proto, BadRequest",
    features=("schedule",),
)
def test_a_bad_time_is_blamed(scheduler: Scheduler) -> None:
    time = Timestamp(seconds=253_402_300_800)
    scheduler.refused(Code.INVALID_ARGUMENT, field="schedule_time", schedule_time=time)
