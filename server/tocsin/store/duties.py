"""Gives each duty to one node at a time, by a lease."""

from datetime import datetime

from sqlalchemy import bindparam, update

from tocsin.store.driver.transaction import Transaction
from tocsin.store.leases import hold, renewing, taking
from tocsin.store.schema import duties as table

RELEASE = (
    update(table)
    .where(table.c.name == bindparam("of_name"), table.c.node == bindparam("by_node"))
    .values(held_until=0)
)
RELEASE_ALL = (
    update(table)
    .where(table.c.node == bindparam("by_node"), table.c.held_until > 0)
    .values(held_until=0)
)
RENEW = renewing(table, table.c.node)
TAKE = taking(table, table.c.node)


def hold_duty(tx: Transaction, name: str, *, node: str, now: datetime, until: datetime) -> bool:
    """Takes or renews a duty until `until`; returns False while another node has it."""
    key = {"name": name}
    return hold(tx, RENEW, TAKE, key=key, node=node, now=now, until=until) is not None


def release_duty(tx: Transaction, name: str, *, node: str) -> None:
    """Lets another node take a duty at once, if this node has it."""
    tx.run(RELEASE, of_name=name, by_node=node)


def release_duties(tx: Transaction, *, node: str) -> None:
    """Lets other nodes take all duties that this node has at once."""
    tx.run(RELEASE_ALL, by_node=node)
