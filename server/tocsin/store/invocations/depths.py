"""Counts waiting work for gauges.

Millions may wait, and nodes count several times a minute. So invocations are counted up to a limit,
along the index by which they are claimed. Armed timers are all counted, which is quick since their
rows are small.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, literal_column, select

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.deliveries import next_due
from tocsin.store.invocations.rows import State
from tocsin.store.schema import armed_timers
from tocsin.store.schema import invocations as table

COUNTED_UP_TO = 5000

IS_DUE = case((table.c.next_at <= bindparam("now"), 1), else_=0).label("due")
WAITING = (
    select(table.c.state, IS_DUE)
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


def armed_timer_count(tx: Transaction) -> int:
    return int(tx.value(ARMED))
