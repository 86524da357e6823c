"""Takes and renews leases: rows that name the node that has a thing, and until when.

The lease of a crashed node runs out. A table of leases has a key and the columns `node` and
`held_until`.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Executable, Table, bindparam, or_, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Row, Transaction


def renewing(table: Table, *answer: ColumnElement[object]) -> Executable:
    """Returns the statement that takes a lease that the node has, or that has run out.

    The statement binds each column of the key as `of_NAME`, and returns `answer`.
    """
    return (
        update(table)
        .where(
            *(column == bindparam(f"of_{column.name}") for column in table.primary_key),
            or_(
                table.c.node == bindparam("by_node"),
                table.c.held_until <= bindparam("now"),
                # No lease lasts this long: the clock was set back since it was taken.
                table.c.held_until > bindparam("until"),
            ),
        )
        .values(node=bindparam("by_node"), held_until=bindparam("until"))
        .returning(*answer)
    )


def taking(table: Table, *answer: ColumnElement[object]) -> Executable:
    """Returns the statement that takes a lease that no node ever had, or returns no row."""
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
    """Takes or renews a lease; returns the row of the statements, or None if another node has it.

    `first` are the other columns of a new row.
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
