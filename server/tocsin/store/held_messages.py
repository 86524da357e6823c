"""Messages that were accepted and that their queue keeps until they are delivered."""

from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.schema import held_messages as table
from tocsin.store.transaction import Transaction

_held = insert(table)
HOLD = _held.on_conflict_do_update(
    index_elements=[table.c.trigger_id, table.c.key],
    set_={"receipt": _held.excluded.receipt},
).returning(table.c.key)
AGAIN = (
    update(table)
    .where(table.c.trigger_id == bindparam("of_trigger"), table.c.key == bindparam("of_key"))
    .values(receipt=bindparam("by_receipt"))
    .returning(table.c.key)
)
DROP_ALL = delete(table).where(table.c.trigger_id == bindparam("of_trigger"))


def release_all(tx: Transaction, trigger_id: str) -> None:
    """Forgets what is held for a trigger: its queue gives it again."""
    tx.run(DROP_ALL, of_trigger=trigger_id)
