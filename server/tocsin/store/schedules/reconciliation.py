"""Reads all schedules, in pages by their names, for the reconciler."""

from sqlalchemy import bindparam, select

from tocsin.store.driver.transaction import Transaction
from tocsin.store.schedules.rows import RECORD, StoredSchedule
from tocsin.store.schedules.schema import schedules as table

SCHEDULES_AT_ONCE = 500
PAGE = (
    select(*RECORD.columns)
    .where(table.c.name > bindparam("after"))
    .order_by(table.c.name)
    .limit(SCHEDULES_AT_ONCE)
)


def page_of_all_schedules(tx: Transaction, *, after: str) -> list[StoredSchedule]:
    """Returns a page of the schedules of all locations after a name."""
    return RECORD.all(tx, PAGE, after=after)
