"""Stores subscriptions, by which an event's kind and key find triggers."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, select, update

from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import subscriptions as table
from tocsin.store.schema import triggers
from tocsin.store.triggers.rows import TRIGGER, StoredTrigger

INSERT = insert(table)
OTHERS = (
    select(triggers.c.folder_id)
    .select_from(table)
    .join(triggers, triggers.c.id == table.c.trigger_id)
    .where(
        table.c.kind == bindparam("kind"),
        table.c.key == bindparam("key"),
        table.c.trigger_id != bindparam("but"),
    )
)
DELETE = delete(table).where(table.c.trigger_id == bindparam("of_trigger"))
LISTENERS = (
    select(*TRIGGER.columns)
    .select_from(table)
    .join(triggers, triggers.c.id == table.c.trigger_id)
    .where(
        table.c.kind == bindparam("kind"),
        table.c.key == bindparam("key"),
        table.c.trigger_id > bindparam("after"),
    )
    .order_by(table.c.trigger_id)
    .limit(bindparam("limit"))
)
LISTENER = (
    select(*TRIGGER.columns)
    .select_from(table)
    .join(triggers, triggers.c.id == table.c.trigger_id)
    .where(
        table.c.kind == bindparam("kind"),
        table.c.key == bindparam("key"),
        table.c.trigger_id == bindparam("of_trigger"),
    )
)
UNSUBSCRIBED = (
    select(*TRIGGER.columns)
    .where(triggers.c.subscribed.is_(None))
    .order_by(triggers.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
SUBSCRIBED = update(triggers).where(triggers.c.id == bindparam("of_trigger")).values(subscribed=1)


def subscribe(
    tx: Transaction, *, trigger_id: str, kind: str, keys: Iterable[str], sole: str | None = None
) -> None:
    """Replaces a trigger's subscriptions.

    `sole` names what no other trigger may listen to; it goes with the first key.

    Raises:
        UniqueViolation: another trigger listens to the sole thing.
    """
    tx.run(DELETE, of_trigger=trigger_id)
    for key in sorted(set(keys)):
        tx.run(INSERT, kind=kind, key=key, trigger_id=trigger_id, sole=sole)
        sole = None


def folders_of_others(tx: Transaction, trigger_id: str, *, kind: str, key: str) -> set[str]:
    """Returns the folders of the triggers besides this one that listen to the key."""
    return set(tx.column(OTHERS, kind=kind, key=key, but=trigger_id))


def unsubscribe(tx: Transaction, trigger_id: str) -> None:
    tx.run(DELETE, of_trigger=trigger_id)


def listeners(
    tx: Transaction, *, kind: str, key: str, after: str, limit: int
) -> list[StoredTrigger]:
    """Returns the triggers that listen to a key, sorted by id, up to `limit` after an id."""
    return TRIGGER.all(tx, LISTENERS, kind=kind, key=key, after=after, limit=limit)


def listener(tx: Transaction, trigger_id: str, *, kind: str, key: str) -> StoredTrigger | None:
    """Returns a trigger, or None if it does not listen to the key."""
    return TRIGGER.one(tx, LISTENER, kind=kind, key=key, of_trigger=trigger_id)


def unsubscribed(tx: Transaction, *, limit: int) -> list[StoredTrigger]:
    """Returns triggers that a node of 0.1.0 created, without subscriptions."""
    return TRIGGER.all(tx, UNSUBSCRIBED, limit=limit)


def mark_subscribed(tx: Transaction, trigger_id: str) -> None:
    tx.run(SUBSCRIBED, of_trigger=trigger_id)
