"""Finds faults of waiting events and of subscriptions, in small pages along indexes."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.instants import instant_or_none, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.accepted import drop_events
from tocsin.store.schema import batches, events, subscriptions, triggers
from tocsin.store.triggers.rows import TRIGGER, StoredTrigger, find_trigger

LISTENERS_AT_ONCE = 500
BATCHES_AT_ONCE = 500
# Each trigger is a statement, which skips all events of the trigger before.
WAITING_AT_ONCE = 100
# Greater than every id.
LAST = "\x7f"


class Candidate(NamedTuple):
    """A trigger, and whether its subscriptions were written (None if by a node of 0.1.0)."""

    trigger: StoredTrigger
    subscribed: int | None


CANDIDATE = Record(Candidate, triggers, trigger=TRIGGER)
LISTENERS = (
    select(*CANDIDATE.columns)
    .where(triggers.c.id > bindparam("after"))
    .order_by(triggers.c.id)
    .limit(LISTENERS_AT_ONCE)
)
LISTENING = (
    select(subscriptions.c.trigger_id, subscriptions.c.kind, subscriptions.c.key)
    .where(
        subscriptions.c.trigger_id > bindparam("after"),
        subscriptions.c.trigger_id <= bindparam("until"),
    )
    .order_by(subscriptions.c.trigger_id)
)
CHANNELS_OF = select(subscriptions.c.kind, subscriptions.c.key).where(
    subscriptions.c.trigger_id == bindparam("id")
)

FIRST_AT = (
    select(events.c.received_at)
    .where(events.c.trigger_id == batches.c.trigger_id)
    .order_by(events.c.id)
    .limit(1)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch, and when its first event arrived, None without events.

    `trigger` is None if it does not exist.
    """

    trigger_id: str
    due_at: datetime | None
    first_at: datetime | None
    trigger: StoredTrigger | None


BATCH = Record(BatchRow, batches, first_at=FIRST_AT, trigger=TRIGGER)
BATCHES = (
    select(*BATCH.columns)
    .select_from(batches.outerjoin(triggers, triggers.c.id == batches.c.trigger_id))
    .where(batches.c.trigger_id > bindparam("after"))
    .order_by(batches.c.trigger_id)
    .limit(BATCHES_AT_ONCE)
)
LOCK_BATCH = (
    select(batches.c.due_at).where(batches.c.trigger_id == bindparam("id")).with_for_update()
)
DUE_AT = (
    update(batches)
    .where(batches.c.trigger_id == bindparam("of_trigger"))
    .values(due_at=bindparam("at"))
)

FIRST_OF = (
    select(events.c.received_at)
    .where(events.c.trigger_id == bindparam("id"))
    .order_by(events.c.id)
    .limit(1)
)
NEXT_WAITING = (
    select(events.c.trigger_id)
    .where(events.c.trigger_id > bindparam("after"))
    .order_by(events.c.trigger_id)
    .limit(1)
)
HAS_BATCH = select(batches.c.trigger_id).where(batches.c.trigger_id == bindparam("id"))
OPEN = insert(batches).on_conflict_do_nothing().returning(batches.c.trigger_id)
COUNT = select(func.count(), func.sum(func.length(events.c.body))).where(
    events.c.trigger_id == bindparam("id")
)
FILL = (
    update(batches)
    .where(batches.c.trigger_id == bindparam("of_trigger"))
    .values(events=bindparam("how_many"), bytes=bindparam("how_long"))
)

# A kind of source and a key under which a trigger listens to it.
Channel: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A trigger and its subscriptions; `trigger` is None if it does not exist."""

    trigger_id: str
    trigger: StoredTrigger | None
    channels: frozenset[Channel]


def page_of_listeners(tx: Transaction, *, after: str) -> tuple[list[Subscriber], str | None]:
    """Returns subscribers after an id, also those of which only subscriptions are left.

    Also returns the id after which the next page begins, or None after the last page. Triggers
    that a node of 0.1.0 created are left out until they are subscribed.
    """
    page = CANDIDATE.all(tx, LISTENERS, after=after)
    position = page[-1].trigger.id if len(page) == LISTENERS_AT_ONCE else None
    channels_by_id: dict[str, set[Channel]] = {}
    for trigger_id, kind, key in tx.all(LISTENING, after=after, until=position or LAST):
        channels_by_id.setdefault(trigger_id, set()).add((kind, key))
    listeners = [
        Subscriber(trigger.id, trigger, frozenset(channels))
        for trigger, subscribed in page
        if (channels := channels_by_id.pop(trigger.id, set())) or subscribed is not None
    ]
    listeners += [
        Subscriber(trigger_id, None, frozenset(channels))
        for trigger_id, channels in channels_by_id.items()
    ]
    return listeners, position


def channels_of(tx: Transaction, trigger_id: str) -> frozenset[Channel]:
    return frozenset(tx.all(CHANNELS_OF, id=trigger_id))


def page_of_batches(tx: Transaction, *, after: str) -> list[BatchRow]:
    """Returns a page of the batches of triggers after an id."""
    return BATCH.all(tx, BATCHES, after=after)


def lock_batch(tx: Transaction, trigger_id: str) -> BatchRow | None:
    """Finds a batch and locks it: until the commit no other transaction can change it."""
    row = tx.one(LOCK_BATCH, id=trigger_id)
    if row is None:
        return None
    return BatchRow(
        trigger_id,
        due_at=instant_or_none(row[0]),
        first_at=instant_or_none(tx.value(FIRST_OF, id=trigger_id)),
        trigger=find_trigger(tx, trigger_id),
    )


def make_batch_due(tx: Transaction, trigger_id: str, *, at: datetime) -> None:
    tx.run(DUE_AT, of_trigger=trigger_id, at=to_micros(at))
    tx.ring(Bell.BATCHES, at)


def events_without_batch(tx: Transaction, *, after: str) -> tuple[list[str], str | None]:
    """Returns a page of triggers after an id that have events but no batch to send them.

    Also returns the id after which the next page begins, or None after the last page.
    """
    trigger_ids: list[str] = []
    for _ in range(WAITING_AT_ONCE):
        following = tx.value(NEXT_WAITING, after=after)
        if following is None:
            return trigger_ids, None
        after = following
        if tx.one(HAS_BATCH, id=after) is None:
            trigger_ids.append(after)
    return trigger_ids, after


def open_batch(tx: Transaction, trigger_id: str, *, at: datetime) -> bool:
    """Makes a batch, due at `at`, of events that have none; returns False if they have one.

    The size of the batch is counted in characters, which is precise enough until then.
    """
    opened = tx.one(OPEN, trigger_id=trigger_id, due_at=to_micros(at), events=0, bytes=0)
    if opened is None:
        return False
    # The batch is locked now, so no other transaction adds or takes events.
    [(count, size)] = tx.all(COUNT, id=trigger_id)
    if not count:
        drop_events(tx, trigger_id)
        return False
    tx.run(FILL, of_trigger=trigger_id, how_many=count, how_long=size)
    tx.ring(Bell.BATCHES, at)
    return True
