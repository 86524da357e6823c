"""What is on record about a trigger at an instant, gathered in one look at the store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.message import DecodeError

from tocsin.compilers.triggers_v1 import compile_trigger, parse_cron
from tocsin.plans.errors import PlanError
from tocsin.schedule import Cron
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.instants import EPOCH
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import listing
from tocsin.store.invocations.listing import Shown
from tocsin.store.invocations.rows import State
from tocsin.store.triggers import decisions, timers
from tocsin.store.triggers import rows as triggers
from tocsin.store.triggers.decisions import Decision, Kind
from tocsin.wire import errors
from tocsin.wire.timestamps import from_timestamp
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

MINUTE = timedelta(minutes=1)
MOST_DELIVERIES = 100


@dataclass(frozen=True, slots=True)
class Evidence:
    """`cron` is the rule as it was at the tick, `cron_now` as it is; None: no timer.

    `unreadable_now` says why the stored trigger can't be read, `paused_unrecorded` that it is
    paused since before pauses were written down. `under_way` counts the calls of targets, by node.
    """

    trigger_id: str
    tick: datetime
    now: datetime
    created_at: datetime
    cron: Cron | None
    cron_now: Cron | None
    unreadable_now: str
    paused_unrecorded: bool
    made: list[Shown]
    pause: Decision | None
    misfire: Decision | None
    unreadable: Decision | None
    deleted: Decision | None
    rule_change: Decision | None
    next_pause: Decision | None
    armed: datetime | None
    oldest_kept: datetime | None
    under_way: Mapping[str, list[int]] = field(default_factory=dict)

    @property
    def is_tick(self) -> bool:
        """Whether the rule of the time has a tick at the instant."""
        return ticks_at(self.cron, self.tick)


def ticks_at(cron: Cron | None, instant: datetime) -> bool:
    return cron is not None and cron.previous(instant) == instant


def detail_of(decision: Decision) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(decision.detail)
    return detail


def gather(tx: Transaction, trigger_id: str, instant: datetime, now: datetime) -> Evidence:
    """Gathers what is on record about the minute of an instant.

    Raises:
        ApiError: nothing is known of such a trigger.
    """
    tick = instant - (instant - EPOCH) % MINUTE
    stored = triggers.find_trigger(tx, trigger_id)
    deleted = decisions.decision_following(tx, trigger_id, Kind.DELETED, EPOCH)
    if stored is None and deleted is None:
        raise errors.trigger_not_found(trigger_id)
    trigger, unreadable = _parsed(stored.message if stored else b"")
    cron_now = None
    if deleted is not None:
        cron_now = _rule_of(deleted, "cron")
    elif not unreadable:
        cron_now, unreadable = _rule(trigger)
    change = decisions.decision_following(tx, trigger_id, Kind.RULE, tick)
    made = listing.shown_between(tx, trigger_id, tick, tick + MINUTE, limit=MOST_DELIVERIES)
    paused = trigger.status == Trigger.PAUSED
    return Evidence(
        trigger_id=trigger_id,
        tick=tick,
        now=now,
        created_at=_created(trigger, deleted),
        cron=cron_now if change is None else _rule_of(change, "before"),
        cron_now=cron_now,
        unreadable_now=unreadable,
        paused_unrecorded=paused
        and decisions.decision_about(tx, trigger_id, Kind.PAUSE, now) is None,
        made=made,
        pause=decisions.decision_about(tx, trigger_id, Kind.PAUSE, tick),
        misfire=decisions.decision_about(tx, trigger_id, Kind.MISFIRE, tick),
        unreadable=decisions.decision_about(tx, trigger_id, Kind.UNREADABLE, tick),
        deleted=deleted,
        rule_change=change,
        next_pause=decisions.decision_following(tx, trigger_id, Kind.PAUSE, tick),
        armed=timers.armed_at(tx, trigger_id),
        oldest_kept=listing.oldest_instant(tx, trigger_id),
        under_way=_under_way(tx, made, now),
    )


def _created(trigger: Trigger, deleted: Decision | None) -> datetime:
    if deleted is not None:
        return datetime.fromisoformat(detail_of(deleted)["created_at"])
    return from_timestamp(trigger.created_at)


def _parsed(message: bytes) -> tuple[Trigger, str]:
    """Returns the trigger, or why its message can't be read."""
    try:
        return Trigger.FromString(message), ""
    except DecodeError:
        return Trigger(), "it is not a trigger's message"


def _rule(trigger: Trigger) -> tuple[Cron | None, str]:
    """Returns the rule, or why it can't be read."""
    try:
        source = compile_trigger(trigger).source
    except PlanError as error:
        return None, str(error)
    return (source.cron if isinstance(source, TimerSource) else None), ""


def _rule_of(decision: Decision, name: str) -> Cron | None:
    expression = detail_of(decision)[name]
    return parse_cron(expression) if expression else None


def _under_way(tx: Transaction, made: list[Shown], now: datetime) -> dict[str, list[int]]:
    waiting = {
        each.target
        for each in made
        if each.state is State.PENDING and each.next_at is not None and each.next_at <= now
    }
    return {target: listing.under_way(tx, target) for target in sorted(waiting)}
