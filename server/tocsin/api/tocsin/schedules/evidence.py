"""Gathers the records about a schedule at an instant in one read of the store.

The schedule is one of `ScheduleService`, or that of an integration's trigger.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.api.tocsin.firing.evidence import MOST_DELIVERIES, detail_of, under_way_for
from tocsin.api.tocsin.firing.verdicts import Counted
from tocsin.compilers.integration_schedules import decided_key, expressions_of
from tocsin.compilers.schedules import schedule_plan
from tocsin.schedule import CronError, UnixCron
from tocsin.store.driver.instants import EPOCH, MICROSECOND
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schedules import armed_schedules
from tocsin.store.integrations.versions import StoredVersion, published_version
from tocsin.store.invocations import listing
from tocsin.store.invocations.rows import Invocation
from tocsin.store.schedules import rows as schedules
from tocsin.store.schedules.rows import StoredSchedule
from tocsin.store.triggers import decisions
from tocsin.store.triggers.decisions import Decision, DecisionKind
from tocsin.wire import errors
from tocsin.wire.resource_names import IntegrationName, integration_name
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a schedule fires; `unbounded` are its instants without `start` and `end`."""

    expression: str
    zone: str
    instants: Counted
    unbounded: Counted
    start: datetime | None = None
    end: datetime | None = None

    @property
    def text(self) -> str:
        """The expression with its time zone, for an explanation."""
        return self.expression if "TZ=" in self.expression else f"{self.expression} in {self.zone}"

    def in_minute(self, minute: datetime) -> datetime | None:
        """Returns the instant of a minute, or None if it has none."""
        return _in_minute(self.instants, minute)

    def bounded_away(self, minute: datetime) -> bool:
        """Returns whether only `start` or `end` keeps it from firing in a minute."""
        return self.in_minute(minute) is None and _in_minute(self.unbounded, minute) is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store has of a schedule now.

    Attributes:
        tick_at: the instant that it decides about next; None: none.
        due_at: when that is; None: none, or a run must end first.
        waits_for: the id of that run.
    """

    tick_at: datetime | None = None
    due_at: datetime | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleEvidence:
    """Holds what is recorded about a schedule and one minute.

    `rule` is that of the minute, `rule_now` the present one; None: it was not published, or can't
    be read, as `unreadable_now` says. `tick` is the instant of the minute by the rule, or else the
    minute. `backfilled` are the runs that a caller asked for later. `paused_since` is set if it is
    paused now.
    """

    name: str
    trigger_id: str
    of_integration: bool
    minute: datetime
    tick: datetime
    now: datetime
    created_at: datetime | None
    rule: Rule | None
    rule_now: Rule | None
    unreadable_now: str
    ran: list[Invocation]
    backfilled: list[Invocation]
    paused_since: datetime | None
    pause: Decision | None
    next_pause: Decision | None
    misfire: Decision | None
    overlap: Decision | None
    failed: Decision | None
    unreadable: Decision | None
    deleted: Decision | None
    rule_change: Decision | None
    change_before: Decision | None
    standing: Standing
    oldest_kept: datetime | None
    under_way: Mapping[str, list[int]] = field(default_factory=dict)

    @property
    def paused_now(self) -> None:
        """A pause of a schedule keeps no execution waiting."""
        return


def gather_of_schedule(
    tx: Transaction, name: str, instant: datetime, now: datetime
) -> ScheduleEvidence:
    """Gathers the records about the minute of an instant of a schedule.

    Raises:
        ApiError: no schedule of this name exists or is recorded.
    """
    minute = _minute_of(instant)
    stored = schedules.find_schedule(tx, name)
    deleted = decisions.decision_following(tx, name, DecisionKind.DELETED, minute)
    if stored is None and deleted is None:
        deleted = decisions.latest_decision(tx, name, DecisionKind.DELETED, now)
    if stored is None and deleted is None:
        raise errors.schedule_not_found(name)
    change = decisions.decision_following(tx, name, DecisionKind.RULE, minute)
    if deleted is not None and change is not None and change.first_at > deleted.first_at:
        # Another schedule has the name since.
        change = None
    rule_now, unreadable = _rules_of(name, stored, deleted)
    changed = None if change is None else _rule_of(name, _recorded(change))
    message = Schedule() if stored is None else Schedule.FromString(stored.message)
    integration, trigger_id, created_at = _identity(stored, deleted, message)
    paused = deleted is None and message.HasField("pause")
    standing = Standing()
    if stored is not None and deleted is None:
        standing = Standing(stored.tick_at, stored.due_at, stored.waits_for)
    return _evidence(
        tx,
        name,
        name,
        integration,
        trigger_id,
        minute,
        now,
        created_at=created_at,
        rule=rule_now if change is None else changed,
        rule_now=rule_now,
        unreadable_now=unreadable,
        paused_since=message.pause.pause_time.ToDatetime(UTC) if paused else None,
        deleted=deleted,
        rule_change=change,
        standing=standing,
    )


def gather_of_integration(
    tx: Transaction,
    name: IntegrationName,
    trigger_id: str,
    instant: datetime,
    now: datetime,
) -> ScheduleEvidence:
    """Gathers the records about the minute of an instant of a schedule of an integration's trigger.

    Raises:
        ApiError: the integration has no such schedule, and none is recorded.
    """
    minute, origin = _minute_of(instant), integration_name(name.location, name.integration)
    version = published_version(tx, name.location, name.integration)
    published = {}
    if version is not None:
        published = expressions_of(IntegrationVersion.FromString(version.message))
    trigger_id = trigger_id or _only(published, origin)
    key = decided_key(origin, trigger_id)
    change = decisions.decision_following(tx, key, DecisionKind.RULE, minute)
    latest = decisions.latest_decision(tx, key, DecisionKind.RULE, now)
    if trigger_id not in published and latest is None:
        raise errors.api_trigger_not_found(trigger_id, origin)
    rule_now, unreadable = _cron(*published.get(trigger_id, ("", "")))
    before = None
    if change is not None:
        detail = detail_of(change)
        before, _ = _cron(detail["before"], detail["zone_before"])
    armed = {} if version is None else armed_schedules(tx, version.summary.id)
    tick_at = armed.get(trigger_id)
    return _evidence(
        tx,
        origin,
        key,
        origin,
        trigger_id,
        minute,
        now,
        created_at=_published_at(version) if latest is None else None,
        rule=rule_now if change is None else before,
        rule_now=rule_now,
        unreadable_now=unreadable,
        paused_since=None,
        deleted=None,
        rule_change=change,
        standing=Standing(tick_at, tick_at),
    )


def _evidence(
    tx: Transaction,
    name: str,
    key: str,
    integration: str,
    trigger_id: str,
    minute: datetime,
    now: datetime,
    *,
    created_at: datetime | None,
    rule: Rule | None,
    rule_now: Rule | None,
    unreadable_now: str,
    paused_since: datetime | None,
    deleted: Decision | None,
    rule_change: Decision | None,
    standing: Standing,
) -> ScheduleEvidence:
    tick = (None if rule is None else rule.in_minute(minute)) or minute
    own = listing.invocations_between(
        tx, integration, minute, minute + MINUTE, limit=MOST_DELIVERIES
    )
    first = listing.find_occurrence(tx, f"{key}/{tick.isoformat()}")
    ran = [] if first is None else [first]
    backfilled = [
        each for each in own if (each.occurrence or "").startswith(f"{key}/{tick.isoformat()}/")
    ]
    return ScheduleEvidence(
        name=name,
        trigger_id=trigger_id,
        of_integration=name != key,
        minute=minute,
        tick=tick,
        now=now,
        created_at=created_at,
        rule=rule,
        rule_now=rule_now,
        unreadable_now=unreadable_now,
        ran=ran,
        backfilled=backfilled,
        paused_since=paused_since,
        pause=decisions.decision_about(tx, key, DecisionKind.PAUSE, tick),
        next_pause=decisions.decision_following(tx, key, DecisionKind.PAUSE, tick),
        misfire=decisions.decision_about(tx, key, DecisionKind.MISFIRE, tick),
        overlap=_until_before(tx, key, DecisionKind.OVERLAP, tick),
        failed=_until_before(tx, key, DecisionKind.FAILED, tick),
        unreadable=decisions.decision_about(tx, key, DecisionKind.UNREADABLE, tick),
        deleted=deleted,
        rule_change=rule_change,
        change_before=decisions.latest_decision(tx, key, DecisionKind.RULE, tick),
        standing=standing,
        oldest_kept=listing.oldest_instant(tx, integration),
        under_way=under_way_for(tx, [*ran, *backfilled], now),
    )


def _minute_of(instant: datetime) -> datetime:
    return instant - (instant - EPOCH) % MINUTE


def _in_minute(instants: Counted, minute: datetime) -> datetime | None:
    tick = instants.previous(minute + MINUTE - MICROSECOND)
    return tick if tick is not None and tick >= minute else None


def _until_before(tx: Transaction, key: str, kind: DecisionKind, tick: datetime) -> Decision | None:
    """Returns the decision about an instant of those that end before `last_at`."""
    decision = decisions.latest_decision(tx, key, kind, tick)
    if decision is None or decision.last_at is None or decision.last_at <= tick:
        return None
    return decision


def _rules_of(
    name: str, stored: StoredSchedule | None, deleted: Decision | None
) -> tuple[Rule | None, str]:
    """Returns the latest rule of the schedule that had the name, and why it can't be read."""
    if deleted is not None:
        return _rule_of(name, _recorded(deleted)), ""
    assert stored is not None, "a schedule is there, or was deleted"
    try:
        return _rule_of(name, stored.message), ""
    except ValueError as error:
        return None, str(error)


def _rule_of(name: str, message: bytes) -> Rule:
    timetable = schedule_plan(name, message).timetable
    cron = timetable.cron
    return Rule(
        cron.cron.expression, cron.zone.key, timetable, cron, timetable.start, timetable.end
    )


def _recorded(decision: Decision) -> bytes:
    return base64.b64decode(detail_of(decision)["schedule"])


def _identity(
    stored: StoredSchedule | None, deleted: Decision | None, message: Schedule
) -> tuple[str, str, datetime]:
    """Returns the integration of the schedule that had the name, its trigger and its creation."""
    if deleted is not None:
        detail = detail_of(deleted)
        created = Timestamp()
        created.FromJsonString(detail["created_at"])
        return detail["integration"], detail["trigger_id"], created.ToDatetime(UTC)
    assert stored is not None, "a schedule is there, or was deleted"
    created_at = message.create_time.ToDatetime(UTC)
    return stored.integration, message.trigger_id, created_at


def _cron(expression: str, zone: str) -> tuple[Rule | None, str]:
    if not expression:
        return None, ""
    try:
        cron = UnixCron(expression, zone)
    except CronError as error:
        return None, str(error)
    return Rule(expression, zone, cron, cron), ""


def _published_at(version: StoredVersion | None) -> datetime | None:
    return None if version is None else version.summary.updated_at


def _only(published: Mapping[str, object], origin: str) -> str:
    """Returns the only scheduled trigger of an integration.

    Raises:
        ApiError: it has none, or several.
    """
    if not published:
        raise errors.invalid_field(
            "trigger_id",
            f"is required: {origin} has no published trigger of the type CLOUD_SCHEDULER, so name "
            "one that it had before",
        )
    if len(published) > 1:
        raise errors.invalid_field(
            "trigger_id", f"is required: {origin} has several schedules: {', '.join(published)}"
        )
    [trigger_id] = published
    return trigger_id
