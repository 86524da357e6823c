"""Reads the intake of triggers: waiting and lost events, and the states of sources."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, exists, func, select

from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.sources import SOURCE_STATE, SourceState
from tocsin.store.schema import batches, lost_events, subscriptions, triggers
from tocsin.store.schema import source_states as states


@dataclass(frozen=True, slots=True)
class StoredIntake:
    """The intake of one trigger; `contract` and `message` are the trigger's.

    `due_at` is None if no batch is due, `source` if no node has read the source yet.
    `shares_queue` is 1 if another trigger names the same queue.
    """

    trigger_id: str
    contract: str
    message: bytes
    waiting: int
    due_at: datetime | None
    lost: int
    last_lost_at: datetime | None
    source: SourceState | None
    shares_queue: int


_own, _other = subscriptions.alias("own"), subscriptions.alias("other")
_shares_queue = exists().where(
    _own.c.trigger_id == triggers.c.id,
    _own.c.kind == "message_queue",
    _other.c.kind == "message_queue",
    _other.c.key == _own.c.key,
    _other.c.trigger_id != _own.c.trigger_id,
)

INTAKE = Record(
    StoredIntake,
    triggers,
    trigger_id=triggers.c.id,
    waiting=func.coalesce(batches.c.events, 0),
    due_at=batches.c.due_at,
    lost=func.coalesce(lost_events.c.lost, 0),
    last_lost_at=lost_events.c.last_at,
    source=SOURCE_STATE,
    shares_queue=case((_shares_queue, 1), else_=0),
)
_intakes = (
    select(*INTAKE.columns)
    .outerjoin(batches, batches.c.trigger_id == triggers.c.id)
    .outerjoin(lost_events, lost_events.c.trigger_id == triggers.c.id)
    .outerjoin(states, states.c.trigger_id == triggers.c.id)
)
ONE = _intakes.where(triggers.c.id == bindparam("trigger_id"))
PAGE = (
    _intakes.where(
        triggers.c.folder_id == bindparam("folder_id"), triggers.c.id > bindparam("after")
    )
    .order_by(triggers.c.id)
    .limit(bindparam("limit"))
)


def find_intake(tx: Transaction, trigger_id: str) -> StoredIntake | None:
    return INTAKE.one(tx, ONE, trigger_id=trigger_id)


def page_of_intakes(
    tx: Transaction, *, folder_id: str, after: str, limit: int
) -> list[StoredIntake]:
    """Returns the intakes of a folder's triggers, oldest first, up to `limit` after an id."""
    return INTAKE.all(tx, PAGE, folder_id=folder_id, after=after, limit=limit)
