"""Finds what can't be of the events that wait, and of who listens: in small pages, by an index."""

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
# Each is a statement of its own: the next trigger with an event, past all events of the one before.
WAITING_AT_ONCE = 100
# Beyond each id, as they are compared.
LAST = "\x7f"


class Candidate(NamedTuple):
    """A trigger, and whether its subscriptions were written (a node of 0.1.0 leaves None)."""

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
    """A batch as it stands, and when its first event came; None: it has none.

    `trigger` None: no such trigger exists.
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
    """A trigger and how events find it. `trigger` None: no such trigger exists."""

    trigger_id: str
    trigger: StoredTrigger | None
    channels: frozenset[Channel]


def page_of_listeners(tx: Transaction, *, after: str) -> tuple[list[Subscriber], str | None]:
    """Returns the triggers that follow an id, and those of whom only subscriptions are left.

    Also returns from where the next page goes on; None: this was the last. Left out are triggers
    of a node of the version before, which are still to be subscribed.
    """
    page = CANDIDATE.all(tx, LISTENERS, after=after)
    position = page[-1].trigger.id if len(page) == LISTENERS_AT_ONCE else None
    found: dict[str, set[Channel]] = {}
    for trigger_id, kind, key in tx.all(LISTENING, after=after, until=position or LAST):
        found.setdefault(trigger_id, set()).add((kind, key))
    listeners = [
        Subscriber(trigger.id, trigger, frozenset(channels))
        for trigger, subscribed in page
        if (channels := found.pop(trigger.id, set())) or subscribed is not None
    ]
    listeners += [Subscriber(each, None, frozenset(left)) for each, left in found.items()]
    return listeners, position


def channels_of(tx: Transaction, trigger_id: str) -> frozenset[Channel]:
    return frozenset(tx.all(CHANNELS_OF, id=trigger_id))


def page_of_batches(tx: Transaction, *, after: str) -> list[BatchRow]:
    """Returns the batches of the triggers that follow an id."""
    return BATCH.all(tx, BATCHES, after=after)


def lock_batch(tx: Transaction, trigger_id: str) -> BatchRow | None:
    """Finds a batch that is to be repaired: until the commit nobody else can change it."""
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
    """Returns triggers that follow an id and have events, but no batch that would send them.

    Also returns from where the next page goes on; None: this was the last.
    """
    found: list[str] = []
    for _ in range(WAITING_AT_ONCE):
        following = tx.value(NEXT_WAITING, after=after)
        if following is None:
            return found, None
        after = following
        if tx.one(HAS_BATCH, id=after) is None:
            found.append(after)
    return found, after


def open_batch(tx: Transaction, trigger_id: str, *, at: datetime) -> bool:
    """Makes the batch of events that have none; returns whether it was still so.

    Its bytes are counted as characters: until it is sent at `at`, that is near enough.
    """
    opened = tx.one(OPEN, trigger_id=trigger_id, due_at=to_micros(at), events=0, bytes=0)
    if opened is None:
        return False
    # Whoever adds or takes events waits for this batch, from here on.
    [(count, size)] = tx.all(COUNT, id=trigger_id)
    if not count:
        drop_events(tx, trigger_id)
        return False
    tx.run(FILL, of_trigger=trigger_id, how_many=count, how_long=size)
    tx.ring(Bell.BATCHES, at)
    return True
