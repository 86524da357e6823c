"""Keeps what nodes say of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import invocations
from tocsin.store.schema import nodes as table

COUNTED_UP_TO = 5000


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as it described itself last; `schema.py` describes the columns."""

    name: str
    host: str
    version: str
    since: datetime
    seen_at: datetime
    claims: int
    behind_us: int | None


RECORD = Record(NodeState, table)
_put = insert(table).values(RECORD.bound)
PUT = _put.on_conflict_do_update(
    index_elements=[table.c.name],
    set_={name: _put.excluded[name] for name in ("seen_at", "claims", "behind_us")},
)
ALL = select(*RECORD.columns).order_by(table.c.since, table.c.name).limit(bindparam("limit"))
FORGET = delete(table).where(table.c.name == bindparam("of_name"))
FORGET_OTHERS = delete(table).where(table.c.name != bindparam("of_name"))
FORGET_OLDER = delete(table).where(table.c.seen_at < bindparam("before"))
_held = (
    select(invocations.c.node)
    .where(invocations.c.node.is_not(None))
    .limit(bindparam("limit"))
    .subquery()
)
UNDER_WAY = select(_held.c.node, func.count()).group_by(_held.c.node)


def put_node(tx: Transaction, state: NodeState, *, others_before: datetime) -> None:
    """Writes how a node stands, and forgets those that were not seen since an instant.

    A node that has the store to itself forgets all others.
    """
    tx.run(PUT, **RECORD.values(state))
    if tx.exclusive:
        tx.run(FORGET_OTHERS, of_name=state.name)
    else:
        tx.run(FORGET_OLDER, before=to_micros(others_before))


def forget_node(tx: Transaction, name: str) -> None:
    tx.run(FORGET, of_name=name)


def all_nodes(tx: Transaction, *, limit: int) -> list[NodeState]:
    """Returns the nodes by the time of their start."""
    return RECORD.all(tx, ALL, limit=limit)


def deliveries_under_way(tx: Transaction) -> Mapping[str, int]:
    """Returns how many invocations each node has claimed, counted up to COUNTED_UP_TO in all."""
    return dict(tx.all(UNDER_WAY, limit=COUNTED_UP_TO))
