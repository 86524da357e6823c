"""How much waits in the store: for a gauge, not for a decision.

There may be millions, and a node asks several times a minute. So invocations are counted up to a
limit, along the index by which they are claimed; armed timers are counted whole, which is quick
since their rows are small.
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
    """`waiting` counts by state, and by whether it is due, the earliest `COUNTED_UP_TO` that no
    node holds; `held` those under way on any node; `oldest_due` is the earliest that is late."""

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
