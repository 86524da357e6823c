"""What the intake of triggers comes to: what waits, what was lost, how their sources stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Row, Transaction
from tocsin.store.events.sources import SourceState
from tocsin.store.schema import batches, lost_events, triggers
from tocsin.store.schema import source_states as states

_told = (
    select(
        triggers.c.id,
        triggers.c.contract,
        triggers.c.message,
        func.coalesce(batches.c.events, 0),
        batches.c.due_at,
        func.coalesce(lost_events.c.lost, 0),
        lost_events.c.last_at,
        states.c.connected,
        states.c.last_event_at,
        states.c.last_error,
        states.c.last_error_at,
        states.c.refused,
    )
    .outerjoin(batches, batches.c.trigger_id == triggers.c.id)
    .outerjoin(lost_events, lost_events.c.trigger_id == triggers.c.id)
    .outerjoin(states, states.c.trigger_id == triggers.c.id)
)
ONE = _told.where(triggers.c.id == bindparam("trigger_id"))
PAGE = (
    _told.where(triggers.c.folder_id == bindparam("folder_id"), triggers.c.id > bindparam("after"))
    .order_by(triggers.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class StoredIntake:
    """How the intake of one trigger stands; `contract` and `message` are the trigger's.

    `due_at` None: no batch is timed. `source` None: nobody reads its source, or has not yet.
    """

    trigger_id: str
    contract: str
    message: bytes
    waiting: int
    due_at: datetime | None
    lost: int
    last_lost_at: datetime | None
    source: SourceState | None


def find_intake(tx: Transaction, trigger_id: str) -> StoredIntake | None:
    row = tx.one(ONE, trigger_id=trigger_id)
    return None if row is None else _intake(row)


def page_of_intakes(
    tx: Transaction, *, folder_id: str, after: str, limit: int
) -> list[StoredIntake]:
    """Returns those of a folder's triggers, oldest first, up to `limit` after the id `after`."""
    return [_intake(row) for row in tx.all(PAGE, folder_id=folder_id, after=after, limit=limit)]


def _intake(row: Row) -> StoredIntake:
    trigger_id, contract, message, waiting, due_at, lost, last_lost_at, *of_source = row
    return StoredIntake(
        trigger_id=trigger_id,
        contract=contract,
        message=message,
        waiting=waiting,
        due_at=_instant(due_at),
        lost=lost,
        last_lost_at=_instant(last_lost_at),
        source=_source(of_source),
    )


def _source(columns: list[Any]) -> SourceState | None:
    connected, event_at, error, error_at, refused = columns
    if connected is None:
        return None
    return SourceState(
        connected=bool(connected),
        last_event_at=_instant(event_at),
        last_error=error,
        last_error_at=_instant(error_at),
        refused=refused,
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
