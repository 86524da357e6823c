"""Finds the work that is overdue: what fires as soon as a server may fire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, func, select

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_schedules, integration_versions
from tocsin.store.invocations.rows import State
from tocsin.store.schedules.schema import schedules
from tocsin.store.schema import armed_timers, batches, invocations, source_parts, triggers


@dataclass(frozen=True, slots=True)
class OverdueItem:
    """One piece of work, when it fell due, and whose it is."""

    id: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Overdue:
    """Overdue work of one kind: how much there is, and the first of it."""

    kind: str
    count: int
    first: Sequence[OverdueItem]


@dataclass(frozen=True, slots=True)
class OverdueWork:
    """All overdue work, and how many parts of streams are read again from their position."""

    kinds: Sequence[Overdue]
    streams: int

    @property
    def count(self) -> int:
        return sum(kind.count for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    count: Select[Any]
    first: Select[Any]


def _kind(
    name: str,
    rows: FromClause,
    id_: ColumnElement[Any],
    owner: ColumnElement[Any],
    due_at: ColumnElement[Any],
    *conditions: ColumnElement[bool],
    counted: FromClause | None = None,
) -> _Kind:
    where = (due_at <= bindparam("now"), *conditions)
    return _Kind(
        name,
        select(func.count()).select_from(rows if counted is None else counted).where(*where),
        select(id_, owner, due_at)
        .select_from(rows)
        .where(*where)
        .order_by(due_at)
        .limit(bindparam("limit")),
    )


_RUNNING = (invocations.c.state == State.RUNNING.value,)
_WAITING = (invocations.c.state != State.RUNNING.value,)
KINDS = (
    _kind(
        "timers",
        armed_timers.join(triggers, triggers.c.id == armed_timers.c.trigger_id),
        triggers.c.id,
        triggers.c.name,
        armed_timers.c.next_at,
        counted=armed_timers,
    ),
    _kind(
        "schedules of integrations",
        integration_schedules.join(
            integration_versions, integration_versions.c.id == integration_schedules.c.version_id
        ),
        integration_schedules.c.trigger_id,
        integration_versions.c.integration,
        integration_schedules.c.next_at,
        counted=integration_schedules,
    ),
    _kind("schedules", schedules, schedules.c.name, schedules.c.integration, schedules.c.due_at),
    _kind(
        "batches of events", batches, batches.c.trigger_id, batches.c.trigger_id, batches.c.due_at
    ),
    _kind(
        "invocations that wait",
        invocations,
        invocations.c.id,
        invocations.c.origin,
        invocations.c.next_at,
        *_WAITING,
    ),
    _kind(
        "invocations whose call was under way",
        invocations,
        invocations.c.id,
        invocations.c.origin,
        invocations.c.next_at,
        *_RUNNING,
    ),
)
STREAMS = select(func.count()).select_from(source_parts)


def overdue_work(tx: Transaction, *, now: datetime, limit: int) -> OverdueWork:
    """Returns what is due by `now`, with the first `limit` of each kind, the oldest first."""
    now_us = to_micros(now)
    kinds = []
    for kind in KINDS:
        count = tx.value(kind.count, now=now_us)
        first = [
            OverdueItem(id_, owner, from_micros(due_us))
            for id_, owner, due_us in (tx.all(kind.first, now=now_us, limit=limit) if count else ())
        ]
        kinds.append(Overdue(kind.name, count, first))
    return OverdueWork(kinds, tx.value(STREAMS))
