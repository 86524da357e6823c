"""Change numbers: for a kind of source, how many transactions changed triggers of that kind.

A node asks for the numbers before it reads triggers again. Nodes of 0.1.0 count nothing.
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
# All of the table, which has a row for each kind: a handful.
NUMBERS = select(table.c.kind, table.c.number).order_by(table.c.kind)


def count_change(tx: Transaction, kind: str) -> None:
    """Counts a change of a trigger, and rings for the readers of its kind.

    All triggers of a kind share the row. It is written last, so that a transaction keeps others
    from it for no longer than its commit takes.
    """
    tx.run_last(COUNT, kind=kind)
    tx.ring(Bell.READERS)


def change_numbers(tx: Transaction) -> dict[str, int]:
    """Returns the number of each kind that was ever counted."""
    return {row[0]: row[1] for row in tx.all(NUMBERS)}
