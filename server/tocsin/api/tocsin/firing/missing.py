"""Lists ticks that did not fire, by the records of what was decided about them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.api.tocsin.firing.evidence import detail_of
from tocsin.api.tocsin.firing.verdicts import Counted, misfire_message
from tocsin.api.tocsin.overview.view import View
from tocsin.compilers.integration_schedules import decided_key, origin_of
from tocsin.compilers.loading import load_plan
from tocsin.compilers.schedules import schedule_plan
from tocsin.schedule.instants import rfc3339
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schedules.rows import StoredSchedule, find_schedule
from tocsin.store.triggers import missed as records
from tocsin.store.triggers.decisions import Decision, DecisionKind
from tocsin.store.triggers.listing import placed_triggers
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.firing_service_pb2 import (
    ExplainResponse,
    ListMissedResponse,
    MissedTicks,
)

# Records of other folders are read and left out.
MOST_READ = 5000
# A tick of a moment ago is about to be decided.
LATE_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Missing:
    """What is asked for: the ticks from `start` until before `end` that the view shows."""

    view: View
    start: datetime
    end: datetime
    now: datetime
    limit: int


class Origin(NamedTuple):
    """Whose ticks they are; `ticks` is None if they can't be counted."""

    trigger_id: str
    name: str
    folder_id: str
    ticks: Counted | None
    seen: bool


class Reason(NamedTuple):
    """Why some ticks did not fire, and how many; 0 if that was not recorded."""

    reason: ExplainResponse.Reason
    ticks: int
    text: str


def missed_between(tx: Transaction, asked: Missing) -> ListMissedResponse:
    """Returns what did not fire, the latest first."""
    decided = records.decisions_between(tx, asked.start, asked.end, limit=MOST_READ)
    late_until = min(asked.end, asked.now - LATE_AFTER)
    timers = records.late_timers(tx, asked.start, late_until, limit=MOST_READ)
    schedules = records.late_schedules(tx, asked.start, late_until, limit=MOST_READ)
    configs = records.late_configs(tx, asked.start, late_until, limit=MOST_READ)
    origins = _Origins(tx, asked.view, [each.trigger_id for each in decided], timers)
    found = [
        *(one for decision in decided for one in _of_decision(decision, origins, asked)),
        *(_overdue(origins.of(one.trigger_id), one.next_at, asked.now) for one in timers),
        *(_waiting(origins.of(one.name), one, asked.now) for one in schedules),
        *(_overdue(origins.of(_key(one)), one.next_at, asked.now) for one in configs),
    ]
    seen = sorted(
        (one for one in found if one is not None),
        key=lambda one: (one.last_tick.ToNanoseconds(), one.name, one.trigger_id),
        reverse=True,
    )
    full = any(len(rows) >= MOST_READ for rows in (decided, timers, schedules, configs))
    return ListMissedResponse(missed=seen[: asked.limit], truncated=full or len(seen) > asked.limit)


class _Origins:
    """Finds the triggers and schedules of records, each once."""

    def __init__(
        self,
        tx: Transaction,
        view: View,
        keys: Iterable[str],
        timers: Iterable[records.LateTimer],
    ) -> None:
        ids = {key for key in keys if "/" not in key} | {timer.trigger_id for timer in timers}
        self._tx = tx
        self._view = view
        self._triggers = placed_triggers(tx, sorted(ids))
        self._known: dict[str, Origin] = {}

    def of(self, key: str) -> Origin:
        """Returns the origin by the key of its decisions: a trigger's id, or a name."""
        if key not in self._known:
            self._known[key] = self._schedule(key) if "/" in key else self._trigger(key)
        return self._known[key]

    def _trigger(self, trigger_id: str) -> Origin:
        placed = self._triggers.get(trigger_id)
        if placed is None:
            return Origin(trigger_id, "", "", None, self._view.sees_everything)
        seen = self._view.triggers_of(placed.folder_id)
        ticks = _ticks_of(placed.trigger)
        return Origin(trigger_id, placed.trigger.name, placed.folder_id, ticks, seen)

    def _schedule(self, key: str) -> Origin:
        stored = find_schedule(self._tx, key)
        if stored is None:
            # The schedule of an integration's trigger, or one that was deleted.
            name, _, trigger_id = key.partition("/integrations/")
            integration, _, trigger_id = trigger_id.partition("/")
            if not trigger_id:
                return Origin("", key, "", None, self._view.sees_everything)
            origin = origin_of(name, integration)
            return Origin(trigger_id, origin, "", None, self._view.schedules_of(origin))
        seen = self._view.schedules_of(stored.integration)
        return Origin("", key, "", _instants_of(stored), seen)


def _ticks_of(trigger: StoredTrigger) -> Counted | None:
    """Returns what counts a timer's ticks; None if it can't be read, which is a record itself."""
    try:
        source = load_plan(trigger.contract, trigger.message).source
    except ValueError:
        return None
    return source.cron if isinstance(source, TimerSource) else None


def _instants_of(stored: StoredSchedule) -> Counted | None:
    try:
        return schedule_plan(stored.name, stored.message).timetable
    except ValueError:
        return None


def _key(config: records.LateConfig) -> str:
    return decided_key(origin_of(config.location, config.integration), config.trigger_id)


def _of_decision(decision: Decision, origins: _Origins, asked: Missing) -> Iterator[MissedTicks]:
    origin = origins.of(decision.trigger_id)
    if not origin.seen:
        return
    for reason in _reasons(decision, origin, asked):
        message = _message(origin, reason, decision.first_at, decision.last_at or asked.now)
        message.decided_at.CopyFrom(to_timestamp(decision.decided_at))
        if decision.kind is DecisionKind.MISFIRE:
            message.misfire.CopyFrom(misfire_message(decision))
        yield message


def _reasons(decision: Decision, origin: Origin, asked: Missing) -> Iterator[Reason]:
    detail = detail_of(decision)
    match decision.kind:
        case DecisionKind.MISFIRE:
            yield from _of_misfire(decision.count, detail)
        case DecisionKind.PAUSE:
            yield from _of_pause(decision, origin, asked)
        case DecisionKind.OVERLAP:
            yield Reason(
                ExplainResponse.REASON_OVERLAP_SKIPPED,
                decision.count,
                "The run before had not ended, and the schedule skips such instants.",
            )
        case DecisionKind.FAILED:
            yield Reason(
                ExplainResponse.REASON_COULD_NOT_RUN,
                decision.count,
                f"The integration could not be run: {detail.get('error', 'no reason recorded')}.",
            )
        case DecisionKind.UNREADABLE:
            yield Reason(
                ExplainResponse.REASON_UNREADABLE,
                0,
                "The stored trigger could not be read; the server's log says why.",
            )
    if "overdue" in detail:
        what = {DecisionKind.PAUSE: "paused", DecisionKind.DELETED: "deleted"}.get(
            decision.kind, "given another rule"
        )
        overdue = rfc3339(datetime.fromisoformat(detail["overdue"]))
        yield Reason(
            ExplainResponse.REASON_WITHDRAWN,
            1,
            f"The tick {overdue} was due but had not fired when it was {what} at "
            f"{rfc3339(decision.first_at)}.",
        )


def _of_misfire(missed: int, detail: Mapping[str, object]) -> Iterator[Reason]:
    """Yields why some of the ticks that were missed together never fired."""
    expired, dropped, fired = (int(str(detail[name])) for name in ("expired", "dropped", "fired"))
    if expired:
        yield Reason(
            ExplainResponse.REASON_MISFIRE_EXPIRED,
            expired,
            "They were missed, and found older than the window in which missed ticks fire.",
        )
    rest = missed - expired
    if detail["policy"] == "skip" and rest > 0:
        yield Reason(
            ExplainResponse.REASON_MISFIRE_SKIPPED,
            rest,
            "They were missed, and the policy skips missed ticks.",
        )
    if detail["policy"] == "fire_once" and fired and rest > 1:
        yield Reason(
            ExplainResponse.REASON_MISFIRE_COALESCED,
            rest - 1,
            f"They were missed, and one call stands for all {rest} ticks.",
        )
    if dropped:
        yield Reason(
            ExplainResponse.REASON_MISFIRE_CAPPED,
            dropped,
            f"They were missed, and only the latest {fired} of {missed} missed ticks fired.",
        )


def _of_pause(pause: Decision, origin: Origin, asked: Missing) -> Iterator[Reason]:
    """Yields the ticks within the pause and the asked span, by the present rule."""
    if origin.ticks is None:
        return
    begin = max(pause.first_at, asked.start - MICROSECOND)
    end = min(pause.last_at or asked.now, asked.end - MICROSECOND)
    count = origin.ticks.count(begin, end) if begin < end else 0
    if not count:
        return
    since = rfc3339(pause.first_at)
    text = (
        f"It has been paused since {since}."
        if pause.last_at is None
        else f"It was paused from {since} to {rfc3339(pause.last_at)}."
    )
    yield Reason(ExplainResponse.REASON_PAUSED, count, text)


def _overdue(origin: Origin, tick: datetime, now: datetime) -> MissedTicks | None:
    if not origin.seen:
        return None
    count = 1 if origin.ticks is None else 1 + origin.ticks.count(tick, now)
    text = f"It has been due since {rfc3339(tick)}, and no node has decided about it yet."
    return _message(origin, Reason(ExplainResponse.REASON_DUE, count, text), tick, now)


def _waiting(origin: Origin, schedule: records.LateSchedule, now: datetime) -> MissedTicks | None:
    if schedule.waits_for is None:
        return _overdue(origin, schedule.tick_at, now)
    if not origin.seen:
        return None
    text = f"It has been due since {rfc3339(schedule.tick_at)}, and waits for the run before."
    reason = Reason(ExplainResponse.REASON_OVERLAP_QUEUED, 1, text)
    return _message(origin, reason, schedule.tick_at, now)


def _message(origin: Origin, reason: Reason, first: datetime, last: datetime) -> MissedTicks:
    return MissedTicks(
        trigger_id=origin.trigger_id,
        name=origin.name,
        folder_id=origin.folder_id,
        reason=reason.reason,
        explanation=reason.text,
        first_tick=to_timestamp(first),
        last_tick=to_timestamp(last),
        count=reason.ticks,
    )
