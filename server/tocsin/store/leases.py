"""Leases: a row that names the node that has something, and until when.

A node that dies says nothing more, and its lease runs out. A table of leases has the columns `node`
and `held_until`, and a key.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Executable, Table, bindparam, or_, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Row, Transaction


def renewing(table: Table, *answer: ColumnElement[object]) -> Executable:
    """Returns the statement that takes a lease that is the node's, or has run out.

    It binds each column of the key as `of_NAME`, and returns `answer`.
    """
    return (
        update(table)
        .where(
            *(column == bindparam(f"of_{column.name}") for column in table.primary_key),
            or_(
                table.c.node == bindparam("by_node"),
                table.c.held_until <= bindparam("now"),
                # No lease lasts as long: the clock was set back since it was given.
                table.c.held_until > bindparam("until"),
            ),
        )
        .values(node=bindparam("by_node"), held_until=bindparam("until"))
        .returning(*answer)
    )


def taking(table: Table, *answer: ColumnElement[object]) -> Executable:
    """Returns the statement that takes what no node ever had; it returns nothing if one did."""
    return insert(table).on_conflict_do_nothing().returning(*answer)


def hold(
    tx: Transaction,
    renew: Executable,
    take: Executable,
    *,
    key: dict[str, str],
    node: str,
    now: datetime,
    until: datetime,
    **first: str,
) -> Row | None:
    """Takes a lease, or keeps it; returns what the statements answer, None: another node has it.

    `first` are the other columns of a row that is new.
    """
    held_until = to_micros(until)
    renewed = tx.one(
        renew,
        **{f"of_{name}": value for name, value in key.items()},
        by_node=node,
        now=to_micros(now),
        until=held_until,
    )
    return renewed or tx.one(take, **key, **first, node=node, held_until=held_until)
