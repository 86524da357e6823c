"""Stores triggers as their contract sent them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from tocsin.store.driver.changes import Watched
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import triggers as table


class StoredTrigger(NamedTuple):
    """A trigger as its contract sent it. `contract` is the package of the message."""

    id: str
    name: str
    contract: str
    message: bytes


INSERT = insert(table).values(
    **{name: bindparam(name) for name in ("id", "folder_id", "name", "contract", "message")},
    subscribed=1,
)
TRIGGER = Record(StoredTrigger, table)
SELECT = select(*TRIGGER.columns).where(table.c.id == bindparam("id"))
LOCK = SELECT.with_for_update()
MESSAGE = select(table.c.message).where(
    table.c.id == bindparam("id"), table.c.contract == bindparam("contract")
)
UPDATE = (
    update(table)
    .where(table.c.id == bindparam("trigger_id"))
    .values(name=bindparam("new_name"), message=bindparam("new_message"))
)
DELETE = delete(table).where(table.c.id == bindparam("id"))
PAGE = (
    select(*TRIGGER.columns)
    .where(table.c.folder_id == bindparam("folder_id"), table.c.id > bindparam("after"))
    .order_by(table.c.id)
    .limit(bindparam("limit"))
)
NAMED = select(*TRIGGER.columns).where(
    table.c.folder_id == bindparam("folder_id"),
    table.c.name == bindparam("name"),
    # Databases use the index of names only for statements with its condition.
    table.c.name != literal_column("''"),
)

ASKED = FixedList("asked", 64)
NAMES = select(table.c.id, table.c.name).where(table.c.id.in_(ASKED.parameters))

# A folder may have a million triggers, so the count has a limit.
COUNT = select(func.count()).select_from(
    select(table.c.id)
    .where(table.c.folder_id == bindparam("folder_id"))
    .limit(bindparam("limit"))
    .subquery()
)


@dataclass(frozen=True, slots=True)
class NameFilter:
    """Narrows a list to the names in `included` (None: all) that are not in `excluded`.

    An empty name matches no trigger.
    """

    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()


def insert_trigger(
    tx: Transaction, *, trigger_id: str, folder_id: str, name: str, contract: str, message: bytes
) -> None:
    """Adds a trigger.

    Raises:
        UniqueViolation: the folder has a trigger with this name.
    """
    tx.run(
        INSERT, id=trigger_id, folder_id=folder_id, name=name, contract=contract, message=message
    )
    tx.changed(Watched.TRIGGERS, (trigger_id,))


def count_triggers(tx: Transaction, folder_id: str, *, limit: int) -> int:
    """Counts the triggers of a folder, up to `limit`."""
    return int(tx.value(COUNT, folder_id=folder_id, limit=limit))


def find_trigger(tx: Transaction, trigger_id: str) -> StoredTrigger | None:
    return TRIGGER.one(tx, SELECT, id=trigger_id)


def names_of(tx: Transaction, ids: Sequence[str]) -> dict[str, str]:
    """Returns the names of those triggers that exist and have one, by their ids."""
    rows = [row for asked in ASKED.slices(ids) for row in tx.all(NAMES, **asked)]
    return {trigger_id: name for trigger_id, name in rows if name}


def find_message(tx: Transaction, trigger_id: str, contract: str) -> bytes | None:
    """Returns the message of a trigger, or None if the contract has no such trigger."""
    row = tx.one(MESSAGE, id=trigger_id, contract=contract)
    return None if row is None else row[0]


def lock_trigger(tx: Transaction, trigger_id: str) -> StoredTrigger | None:
    """Finds a trigger and locks it: until the commit no other transaction can change it."""
    return TRIGGER.one(tx, LOCK, id=trigger_id)


def update_trigger(tx: Transaction, *, trigger_id: str, name: str, message: bytes) -> None:
    """Replaces a trigger's message.

    Raises:
        UniqueViolation: another trigger of the folder has this name.
    """
    tx.run(UPDATE, trigger_id=trigger_id, new_name=name, new_message=message)
    tx.changed(Watched.TRIGGERS, (trigger_id,))


def delete_trigger(tx: Transaction, trigger_id: str) -> None:
    tx.run(DELETE, id=trigger_id)
    tx.changed(Watched.TRIGGERS, (trigger_id,))


def page_of_triggers(
    tx: Transaction, *, folder_id: str, names: NameFilter, after: str, limit: int
) -> list[StoredTrigger]:
    """Returns up to `limit` triggers of a folder after an id, oldest first."""
    if names.included is not None:
        wanted = names.included - names.excluded
        triggers = [
            trigger
            for name in wanted
            for trigger in TRIGGER.all(tx, NAMED, folder_id=folder_id, name=name)
        ]
        return sorted(trigger for trigger in triggers if trigger.id > after)[:limit]
    page: list[StoredTrigger] = []
    for row in _following(tx, folder_id, after, limit):
        if row.name not in names.excluded:
            page.append(row)
            if len(page) == limit:
                break
    return page


def _following(tx: Transaction, folder_id: str, after: str, step: int) -> Iterator[StoredTrigger]:
    while page := TRIGGER.all(tx, PAGE, folder_id=folder_id, after=after, limit=step):
        yield from page
        if len(page) < step:
            return
        after = page[-1].id
