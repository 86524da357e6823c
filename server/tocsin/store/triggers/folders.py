"""Finds the folders and parents of triggers, operations and invocations, for access checks.

These never change, so they can be cached.
"""

from typing import NamedTuple

from sqlalchemy import bindparam, select

from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import invocations, operations, triggers


class ParentAndOrigin(NamedTuple):
    """An invocation's parent (`folders/*`, `projects/*/locations/*`) and origin."""

    parent: str
    origin: str


OF_TRIGGER = select(triggers.c.folder_id).where(triggers.c.id == bindparam("id"))
# A deleted trigger's operations and invocations are kept for a while. The latest operation has a
# folder, while those that nodes of 0.1.0 added have none.
OF_DELETED_TRIGGER = (
    select(operations.c.folder_id)
    .where(operations.c.trigger_id == bindparam("id"))
    .order_by(operations.c.id.desc())
    .limit(1)
)
PARENT_OF_ORIGIN = (
    select(invocations.c.parent).where(invocations.c.origin == bindparam("id")).limit(1)
)
OF_OPERATION = select(operations.c.folder_id, operations.c.trigger_id).where(
    operations.c.id == bindparam("id")
)
OF_INVOCATION = select(*(invocations.c[name] for name in ParentAndOrigin._fields)).where(
    invocations.c.id == bindparam("id")
)


def folder_of_trigger(tx: Transaction, trigger_id: str) -> str | None:
    """Returns the folder of a trigger, also of a deleted one while its operations are kept.

    Returns None if no such trigger is known.
    """
    for statement in (OF_TRIGGER, OF_DELETED_TRIGGER):
        folder_id = tx.value(statement, id=trigger_id)
        if folder_id is not None:
            return str(folder_id)
    parent = tx.value(PARENT_OF_ORIGIN, id=trigger_id)
    if parent is None:
        return None
    collection, _, folder_id = parent.partition("/")
    return folder_id if collection == "folders" else None


def folder_of_operation(tx: Transaction, operation_id: str) -> str | None:
    """Returns the folder of an operation's trigger, or None if no such operation exists."""
    row = tx.one(OF_OPERATION, id=operation_id)
    if row is None:
        return None
    folder_id, trigger_id = row
    return folder_of_trigger(tx, trigger_id) if folder_id is None else str(folder_id)


def parent_and_origin_of(tx: Transaction, invocation_id: str) -> ParentAndOrigin | None:
    row = tx.one(OF_INVOCATION, id=invocation_id)
    return None if row is None else ParentAndOrigin(*row)
