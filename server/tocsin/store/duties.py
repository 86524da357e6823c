"""Duties: what one node at a time does for all of them. A lease says which, and until when."""

from datetime import datetime

from sqlalchemy import bindparam, insert, or_, update

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.schema import duties as table

INSERT = insert(table)
HOLD = (
    update(table)
    .where(
        table.c.name == bindparam("of_name"),
        or_(
            table.c.node == bindparam("by_node"),
            table.c.held_until <= bindparam("now"),
            # No lease lasts as long: the clock was set back since it was given.
            table.c.held_until > bindparam("until"),
        ),
    )
    .values(node=bindparam("by_node"), held_until=bindparam("until"))
)


def hold_duty(tx: Transaction, name: str, *, node: str, now: datetime, until: datetime) -> bool:
    """Takes a duty, or keeps it, until then; returns False while another node holds it."""
    if tx.run(HOLD, of_name=name, by_node=node, now=to_micros(now), until=to_micros(until)):
        return True
    try:
        return tx.run(INSERT, name=name, node=node, held_until=to_micros(until)) > 0
    except UniqueViolation:
        return False
