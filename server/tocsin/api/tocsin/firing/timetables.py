"""Checks which timers a preview asks for, and reads their timetables."""

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
# Reading a trigger's rule takes some 30 microseconds, and all of a preview's are read at once.
MOST_PREVIEWED = 1000


def check_preview(request: contract.PreviewRequest, start: datetime, end: datetime) -> None:
    """Checks which triggers a preview asks for, and its span.

    Raises:
        ApiError: the request names none, too many, or one twice; or the span is too long.
    """
    ids = request.trigger_ids
    if bool(ids) == bool(request.folder_id):
        raise errors.invalid_field("folder_id", "either folder_id or trigger_ids is required")
    if len(ids) > MOST_PREVIEWED_IDS:
        raise errors.invalid_field("trigger_ids", f"has more than {MOST_PREVIEWED_IDS} ids")
    if len(set(ids)) < len(ids):
        raise errors.invalid_field("trigger_ids", "names a trigger more than once")
    if end < start:
        raise errors.invalid_field("end", "is before the start")
    if end - start > LONGEST_PREVIEW:
        raise errors.invalid_field("end", f"is over {LONGEST_PREVIEW.days} days after the start")


class Timers:
    """Holds the timetables of timers, and the ids of triggers that can't be read."""

    def __init__(self) -> None:
        self.timetables: list[Timetable] = []
        self.unreadable: list[str] = []
        self.truncated = False

    def add(self, stored: StoredTrigger, refuse_as: str | None = None) -> None:
        """Adds a trigger; passes over one that is not a timer, or refuses it as that field."""
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
    """Reads the timers that a preview asks for.

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
