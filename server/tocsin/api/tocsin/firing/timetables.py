"""Reads the timers of a preview."""

from datetime import datetime, timedelta

from tocsin.api.tocsin.firing.preview import Timetable
from tocsin.compilers.loading import load_plan
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers import rows as triggers
from tocsin.store.triggers.rows import NameFilter, StoredTrigger
from tocsin.wire import errors
from tocsin_protos.tocsin.v1 import firing_service_pb2 as contract

LONGEST_PREVIEW = timedelta(days=400)
MOST_PREVIEWED_IDS = 100
# Reading a rule takes some 30 µs, and a preview reads all its rules at once.
MOST_PREVIEWED = 1000


def check_preview(request: contract.PreviewRequest, start: datetime, end: datetime) -> None:
    """Checks the triggers and the span of a preview.

    Raises:
        ApiError: the request names no trigger, too many, or one twice; or the span is wrong.
    """
    ids = request.trigger_ids
    if bool(ids) == bool(request.folder_id):
        raise errors.invalid_field("folder_id", "either folder_id or trigger_ids is required")
    if len(ids) > MOST_PREVIEWED_IDS:
        raise errors.invalid_field("trigger_ids", f"must have at most {MOST_PREVIEWED_IDS} ids")
    if len(set(ids)) < len(ids):
        raise errors.invalid_field("trigger_ids", "must name each trigger only once")
    if end < start:
        raise errors.invalid_field("end", "must not be before start")
    if end - start > LONGEST_PREVIEW:
        raise errors.invalid_field(
            "end", f"must be at most {LONGEST_PREVIEW.days} days after start"
        )


class Timers:
    """Holds the timetables of timers, and the ids of triggers that can't be read."""

    def __init__(self) -> None:
        self.timetables: list[Timetable] = []
        self.unreadable: list[str] = []
        self.truncated = False

    def add(self, stored: StoredTrigger, refuse_as: str | None = None) -> None:
        """Adds a timer; skips a trigger of another kind, or refuses it with that field's name."""
        try:
            plan = load_plan(stored.contract, stored.message)
        except ValueError:
            self.unreadable.append(stored.id)
            return
        if isinstance(plan.source, TimerSource):
            self.timetables.append(
                Timetable(stored.id, stored.name, not plan.active, plan.source.cron)
            )
        elif refuse_as is not None:
            raise errors.not_a_timer(refuse_as, stored.id, plan.kind)


def read_timetables(tx: Transaction, request: contract.PreviewRequest) -> Timers:
    """Reads the timers of a preview.

    Raises:
        ApiError: a trigger that the request names does not exist, or is not a timer.
    """
    timers = Timers()
    for index, trigger_id in enumerate(request.trigger_ids):
        stored = triggers.find_trigger(tx, trigger_id)
        if stored is None:
            raise errors.trigger_not_found(trigger_id)
        timers.add(stored, refuse_as=f"trigger_ids[{index}]")
    if request.folder_id:
        rows = triggers.page_of_triggers(
            tx, folder_id=request.folder_id, names=NameFilter(), after="", limit=MOST_PREVIEWED + 1
        )
        timers.truncated = len(rows) > MOST_PREVIEWED
        for row in rows[:MOST_PREVIEWED]:
            timers.add(row)
    return timers
