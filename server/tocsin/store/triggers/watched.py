"""Reads triggers by their ids, as those who watch them are told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import armed_timers, triggers


@dataclass(frozen=True, slots=True)
class TriggerNow:
    """A stored trigger and its next tick; `contract` is the package of the message."""

    id: str
    folder_id: str
    name: str
    contract: str
    message: bytes
    next_at: datetime | None


ASKED = FixedList("asked", 64)
TRIGGER = Record(TriggerNow, triggers, next_at=armed_timers.c.next_at)
SELECT = (
    select(*TRIGGER.columns)
    .outerjoin(armed_timers, armed_timers.c.trigger_id == triggers.c.id)
    .where(triggers.c.id.in_(ASKED.parameters))
)


def triggers_now(tx: Transaction, ids: Sequence[str]) -> list[TriggerNow]:
    """Returns those of the triggers that exist, in any order."""
    return [row for values in ASKED.slices(ids) for row in TRIGGER.all(tx, SELECT, **values)]
