"""Duties: what one node at a time does for all of them. A lease says which, and until when."""

from datetime import datetime

from tocsin.store.driver.transaction import Transaction
from tocsin.store.leases import hold, renewing, taking
from tocsin.store.schema import duties as table

RENEW = renewing(table, table.c.node)
TAKE = taking(table, table.c.node)


def hold_duty(tx: Transaction, name: str, *, node: str, now: datetime, until: datetime) -> bool:
    """Takes a duty, or keeps it, until then; returns False while another node holds it."""
    key = {"name": name}
    return hold(tx, RENEW, TAKE, key=key, node=node, now=now, until=until) is not None
