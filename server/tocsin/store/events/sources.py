"""Stores the states, positions and leases of pulled sources, and lists their triggers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.changes import Watched
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.leases import hold, renewing, taking
from tocsin.store.schema import source_parts as parts
from tocsin.store.schema import source_states as states
from tocsin.store.schema import subscriptions, triggers
from tocsin.store.triggers.rows import TRIGGER, StoredTrigger


class Listening(NamedTuple):
    """A trigger and one of its keys."""

    key: str
    trigger: StoredTrigger


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of a trigger's source, as the node that reads it last wrote it.

    `refused` counts events that arrived and can never be delivered.
    """

    connected: bool = False
    last_event_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    refused: int = 0


LISTENING = Record(Listening, subscriptions, trigger=TRIGGER)
PAGE = (
    select(*LISTENING.columns)
    .select_from(subscriptions)
    .join(triggers, triggers.c.id == subscriptions.c.trigger_id)
    .where(
        subscriptions.c.kind == bindparam("kind"),
        tuple_(subscriptions.c.key, subscriptions.c.trigger_id)
        > tuple_(bindparam("after_key"), bindparam("after")),
    )
    .order_by(subscriptions.c.key, subscriptions.c.trigger_id)
    .limit(bindparam("limit"))
)
PAGE_SIZE = 500

SOURCE_STATE = Record(SourceState, states)
_standing = insert(states)
WRITE_STATE = _standing.on_conflict_do_update(
    index_elements=[states.c.trigger_id],
    set_={
        "connected": _standing.excluded.connected,
        "last_event_at": func.coalesce(_standing.excluded.last_event_at, states.c.last_event_at),
        "last_error": func.coalesce(_standing.excluded.last_error, states.c.last_error),
        "last_error_at": func.coalesce(_standing.excluded.last_error_at, states.c.last_error_at),
        "refused": states.c.refused + _standing.excluded.refused,
    },
)
# What was posted came, so its source answers; how a source that is read stands is not touched.
REFUSE = _standing.on_conflict_do_update(
    index_elements=[states.c.trigger_id],
    set_={
        "last_error": _standing.excluded.last_error,
        "last_error_at": _standing.excluded.last_error_at,
        "refused": states.c.refused + _standing.excluded.refused,
    },
)
DROP_STATE = delete(states).where(states.c.trigger_id == bindparam("of_trigger"))

RENEW = renewing(parts, parts.c.position)
TAKE = taking(parts, parts.c.position)
MOVE = (
    update(parts)
    .where(
        parts.c.trigger_id == bindparam("of_trigger"),
        parts.c.part == bindparam("of_part"),
        parts.c.node == bindparam("by_node"),
    )
    .values(position=bindparam("to"))
)
RELEASE = (
    update(parts)
    .where(
        parts.c.trigger_id == bindparam("of_trigger"),
        parts.c.part == bindparam("of_part"),
        parts.c.node == bindparam("by_node"),
    )
    .values(held_until=0)
)
# No index has the nodes: it reads all rows, which only a stop may do.
RELEASE_ALL = (
    update(parts)
    .where(parts.c.node == bindparam("by_node"), parts.c.held_until > 0)
    .values(held_until=0)
)
PARTS = select(parts.c.part, parts.c.position).where(parts.c.trigger_id == bindparam("trigger_id"))
DROP_PART = delete(parts).where(
    parts.c.trigger_id == bindparam("of_trigger"), parts.c.part == bindparam("of_part")
)
DROP_PARTS = delete(parts).where(parts.c.trigger_id == bindparam("of_trigger"))


def triggers_of_kind(tx: Transaction, kind: str) -> Iterator[StoredTrigger]:
    """Yields all triggers of a kind; a trigger with several keys comes several times."""
    key, last = "", ""
    while page := LISTENING.all(tx, PAGE, kind=kind, after_key=key, after=last, limit=PAGE_SIZE):
        yield from (listening.trigger for listening in page)
        if len(page) < PAGE_SIZE:
            return
        key, last = page[-1].key, page[-1].trigger.id


def write_source_state(tx: Transaction, trigger_id: str, state: SourceState) -> None:
    """Writes a state: fields that are None keep their values, and `refused` is added."""
    tx.run(WRITE_STATE, trigger_id=trigger_id, **SOURCE_STATE.values(state))
    tx.changed(Watched.INTAKES, (trigger_id,))


def count_refused(
    tx: Transaction, trigger_id: str, *, refused: int, why: str, now: datetime
) -> None:
    """Counts events that were posted for a trigger and can't be read."""
    state = SourceState(connected=True, last_error=why, last_error_at=now, refused=refused)
    tx.run(REFUSE, trigger_id=trigger_id, **SOURCE_STATE.values(state))
    tx.changed(Watched.INTAKES, (trigger_id,))


def hold_part(
    tx: Transaction, trigger_id: str, part: str, *, node: str, now: datetime, until: datetime
) -> str | None:
    """Takes or renews the lease of a part; returns its position, or None if another node has it.

    A part that no node has read has the position `""`.
    """
    key = {"trigger_id": trigger_id, "part": part}
    row = hold(tx, RENEW, TAKE, key=key, node=node, now=now, until=until, position="")
    return None if row is None else row[0]


def move_part(tx: Transaction, trigger_id: str, part: str, *, node: str, position: str) -> bool:
    """Writes the position of a part; returns False if another node has taken it."""
    return tx.run(MOVE, of_trigger=trigger_id, of_part=part, by_node=node, to=position) > 0


def release_part(tx: Transaction, trigger_id: str, part: str, *, node: str) -> None:
    """Ends the lease of a part, so that other nodes can take it at once."""
    tx.run(RELEASE, of_trigger=trigger_id, of_part=part, by_node=node)


def release_parts(tx: Transaction, *, node: str) -> None:
    """Ends all leases of a node, so that other nodes can take its parts at once."""
    tx.run(RELEASE_ALL, by_node=node)


def positions(tx: Transaction, trigger_id: str) -> dict[str, str]:
    """Returns the positions of a trigger's source, by part."""
    return dict(tx.all(PARTS, trigger_id=trigger_id))


def drop_part(tx: Transaction, trigger_id: str, part: str) -> None:
    """Deletes a part that no longer exists."""
    tx.run(DROP_PART, of_trigger=trigger_id, of_part=part)


def forget_source(tx: Transaction, trigger_id: str) -> None:
    """Deletes everything about the source of a deleted trigger."""
    tx.run(DROP_STATE, of_trigger=trigger_id)
    tx.run(DROP_PARTS, of_trigger=trigger_id)
