"""What was decided about a trigger's ticks: pauses, changes of its rule, misfires, its end.

A tick that fires in time leaves no row here: its invocation says it. So the table stays small.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import decisions as table


class DecisionKind(StrEnum):
    PAUSE = "pause"
    """From the pause to the resumption."""
    RULE = "rule"
    """At this instant the rule changed."""
    DELETED = "deleted"
    """At this instant the trigger was deleted."""
    MISFIRE = "misfire"
    """Ticks that were found due too late."""
    UNREADABLE = "unreadable"
    """The stored trigger could not be read when its ticks were due."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, about all from `first_at` to `last_at` (None: without end, for now).

    `detail` is JSON, its fields those of the kind.
    """

    id: str
    trigger_id: str
    kind: DecisionKind
    first_at: datetime
    last_at: datetime | None
    decided_at: datetime
    count: int = 1
    detail: str = "{}"


RECORD = Record(Decision, table)
OF_KIND = table.c.trigger_id == bindparam("of_trigger"), table.c.kind == bindparam("of_kind")

INSERT = insert(table).values(RECORD.bound)
END_PAUSE = (
    update(table)
    .where(
        table.c.trigger_id == bindparam("of_trigger"),
        table.c.kind == DecisionKind.PAUSE.value,
        table.c.last_at.is_(None),
    )
    .values(last_at=bindparam("ended"))
)
EXTEND = (
    update(table)
    .where(*OF_KIND, table.c.last_at == bindparam("until_now"))
    .values(
        last_at=bindparam("ended"), count=table.c.count + 1, decided_at=bindparam("decided_again")
    )
)
LATEST = (
    select(*RECORD.columns)
    .where(*OF_KIND, table.c.first_at <= bindparam("at"))
    .order_by(table.c.first_at.desc(), table.c.id.desc())
    .limit(bindparam("limit"))
)
FOLLOWING = (
    select(*RECORD.columns)
    .where(*OF_KIND, table.c.first_at >= bindparam("at"))
    .order_by(table.c.first_at, table.c.id)
    .limit(1)
)
# Spans of one kind overlap only where a clock was set back.
LOOKED_AT = 16


def record_decision(tx: Transaction, decision: Decision) -> None:
    """Adds a decision; it belongs into the transaction of what it is about."""
    tx.run(INSERT, **RECORD.values(decision))


def end_pause(tx: Transaction, trigger_id: str, *, now: datetime) -> None:
    """Ends the pause that a trigger is in, if it is in one."""
    tx.run(END_PAUSE, of_trigger=trigger_id, ended=to_micros(now))


def record_or_extend(tx: Transaction, decision: Decision) -> None:
    """Adds a decision, or lets the one that ends where this begins end where this does."""
    if decision.last_at is None:
        raise ValueError("what has no end can't extend another")
    extended = tx.run(
        EXTEND,
        of_trigger=decision.trigger_id,
        of_kind=decision.kind.value,
        until_now=to_micros(decision.first_at),
        ended=to_micros(decision.last_at),
        decided_again=to_micros(decision.decided_at),
    )
    if not extended:
        record_decision(tx, decision)


def decision_about(
    tx: Transaction, trigger_id: str, kind: DecisionKind, instant: datetime
) -> Decision | None:
    """Returns the latest decision of a kind that covers an instant."""
    at = to_micros(instant)
    found = RECORD.all(
        tx, LATEST, of_trigger=trigger_id, of_kind=kind.value, at=at, limit=LOOKED_AT
    )
    return next((each for each in found if each.last_at is None or each.last_at >= instant), None)


def decision_following(
    tx: Transaction, trigger_id: str, kind: DecisionKind, instant: datetime
) -> Decision | None:
    """Returns the first decision of a kind that begins at an instant or later."""
    at = to_micros(instant)
    return RECORD.one(tx, FOLLOWING, of_trigger=trigger_id, of_kind=kind.value, at=at)
