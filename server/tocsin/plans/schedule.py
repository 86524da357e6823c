"""Defines what a schedule means to the engine."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from tocsin.schedule.timetable import Timetable


class Overlap(Enum):
    """What becomes of an instant while the run of the one before has not ended."""

    SKIP = "skip"
    QUEUE = "queue"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """A schedule: when it fires, and what becomes of instants that can't run in time.

    Attributes:
        timetable: its instants.
        overlap: the policy while the run before has not ended.
        catch_up: for how long an instant is made up.
        paused: whether it is paused.
    """

    timetable: Timetable
    overlap: Overlap
    catch_up: timedelta
    paused: bool
