"""Counts the transactions that change triggers, by kind of source.

A node compares these change numbers before it loads triggers again. Nodes of 0.1.0 do not count.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import change_numbers as table

_counted = insert(table).values(kind=bindparam("kind"), number=1)
COUNT = _counted.on_conflict_do_update(
    index_elements=[table.c.kind], set_={"number": table.c.number + 1}
)
# The table has only a few rows, one for each kind.
NUMBERS = select(table.c.kind, table.c.number).order_by(table.c.kind)


def count_change(tx: Transaction, kind: str) -> None:
    """Counts a change of a trigger, and rings for the readers of its kind.

    All triggers of a kind share the row, so it is written last: a transaction locks it only while
    it commits.
    """
    tx.run_last(COUNT, kind=kind)
    tx.ring(Bell.READERS)


def change_numbers(tx: Transaction) -> dict[str, int]:
    """Returns the change numbers, by kind."""
    return {row[0]: row[1] for row in tx.all(NUMBERS)}
