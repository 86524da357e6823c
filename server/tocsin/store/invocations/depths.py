"""Counts waiting work for gauges.

Millions may wait, and nodes count several times a minute. So invocations are counted up to a limit,
along the index by which they are claimed. Armed timers are all counted, which is quick since their
rows are small.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal_column, select

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.deliveries import next_due
from tocsin.store.invocations.rows import State
from tocsin.store.schema import armed_timers
from tocsin.store.schema import invocations as table

COUNTED_UP_TO = 5000

IS_DUE = case((table.c.next_at <= bindparam("now"), 1), else_=0)
WAITING = (
    select(table.c.state, IS_DUE.label("due"))
    .where(table.c.next_at.is_not(None), table.c.node.is_(None))
    .order_by(table.c.next_at)
    .limit(bindparam("limit"))
    .subquery()
)
WAITING_BY_STATE = select(WAITING.c.state, WAITING.c.due, func.count()).group_by(
    WAITING.c.state, WAITING.c.due
)
HELD = (
    select(literal_column("1").label("one"))
    .select_from(table)
    .where(table.c.node.is_not(None))
    .limit(bindparam("limit"))
    .subquery()
)
HELD_COUNT = select(func.count()).select_from(HELD)
BY_ORIGIN = ("parent", "origin", "state")


def _by_origin(which: ColumnElement[bool], due: ColumnElement[int]) -> Select[Any]:
    """Counts some invocations, up to a limit, by their parents, origins and states."""
    counted = (
        select(*(table.c[name] for name in BY_ORIGIN), table.c.next_at, due.label("due"))
        .where(which)
        .order_by(table.c.next_at if due is IS_DUE else table.c.node)
        .limit(bindparam("limit"))
        .subquery()
    )
    by = (*(counted.c[name] for name in BY_ORIGIN), counted.c.due)
    return select(*by, func.count(), func.min(counted.c.next_at)).group_by(*by)


WAITING_BY_ORIGIN = _by_origin(and_(table.c.next_at.is_not(None), table.c.node.is_(None)), IS_DUE)
HELD_BY_ORIGIN = _by_origin(table.c.node.is_not(None), literal_column("0"))
ARMED = select(func.count()).select_from(armed_timers)


@dataclass(frozen=True, slots=True)
class Depths:
    """Counts of invocations, each up to `COUNTED_UP_TO`.

    `waiting` counts unclaimed ones by state and by whether they are due, and `held` those claimed
    by any node. `oldest_due` is the earliest due instant that has passed.
    """

    waiting: Mapping[tuple[State, bool], int]
    held: int
    oldest_due: datetime | None


def depths(tx: Transaction, *, now: datetime) -> Depths:
    rows = tx.all(WAITING_BY_STATE, now=to_micros(now), limit=COUNTED_UP_TO)
    earliest = next_due(tx)
    return Depths(
        waiting={(State(state), bool(due)): count for state, due, count in rows},
        held=tx.value(HELD_COUNT, limit=COUNTED_UP_TO),
        oldest_due=earliest if earliest is not None and earliest <= now else None,
    )


@dataclass(frozen=True, slots=True)
class OpenInvocations:
    """Counts the unfinished invocations of one origin in one state.

    `held` means that nodes have claimed them. `oldest_us` is when the first of them is due.
    """

    parent: str
    origin: str
    state: State
    due: bool
    held: bool
    count: int
    oldest_us: int


def open_by_origin(tx: Transaction, *, now: datetime) -> tuple[list[OpenInvocations], bool]:
    """Counts unfinished invocations by their origins, and says whether more exist.

    It counts up to COUNTED_UP_TO that wait, those that are due first, and as many claimed ones.
    """
    counts: list[OpenInvocations] = []
    capped = False
    waiting = tx.all(WAITING_BY_ORIGIN, now=to_micros(now), limit=COUNTED_UP_TO)
    held = tx.all(HELD_BY_ORIGIN, limit=COUNTED_UP_TO)
    for rows, claimed in ((waiting, False), (held, True)):
        capped = capped or sum(row[4] for row in rows) >= COUNTED_UP_TO
        counts += [
            OpenInvocations(parent, origin, State(state), bool(due), claimed, count, oldest)
            for parent, origin, state, due, count, oldest in rows
        ]
    return counts, capped


def armed_timer_count(tx: Transaction) -> int:
    return int(tx.value(ARMED))
