"""Stores decisions about ticks: pauses, changed rules, misfires, deletion.

They are of a trigger; of a schedule, by its name; or of a schedule of an integration's trigger, by
both their names. A tick that fires in time has an invocation and leaves no row here, so the table
stays small.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import WITHHOLDING
from tocsin.store.schema import decisions as table


class DecisionKind(StrEnum):
    PAUSE = "pause"
    """The trigger was paused from `first_at` to `last_at`."""
    RULE = "rule"
    """The rule changed at `first_at`."""
    DELETED = "deleted"
    """The trigger was deleted at `first_at`."""
    MISFIRE = "misfire"
    """Ticks were missed."""
    UNREADABLE = "unreadable"
    """The stored trigger could not be read when its ticks were due."""
    OVERLAP = "overlap"
    """The instants of a schedule from `first_at` until before `last_at` did not run, because the
    run before had not ended."""
    FAILED = "failed"
    """The instants of a schedule from `first_at` until before `last_at` could not be run."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about the ticks from `first_at` to `last_at`, which is None while it goes on.

    `detail` is JSON, whose fields depend on the kind.
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
PAUSE = select(*RECORD.columns).where(
    table.c.trigger_id == bindparam("of_trigger"),
    WITHHOLDING,
    table.c.kind == DecisionKind.PAUSE.value,
)
# Decisions of one kind overlap only after a clock was set back.
LOOKED_AT = 16


def record_decision(tx: Transaction, decision: Decision) -> None:
    """Adds a decision, in the transaction that carries it out."""
    tx.run(INSERT, **RECORD.values(decision))


def end_pause(tx: Transaction, trigger_id: str, *, now: datetime) -> None:
    """Ends the pause of a trigger, if it is paused."""
    tx.run(END_PAUSE, of_trigger=trigger_id, ended=to_micros(now))


def pause_of(tx: Transaction, trigger_id: str) -> Decision | None:
    """Returns the pause of a trigger that has not ended, or None."""
    return RECORD.one(tx, PAUSE, of_trigger=trigger_id)


def record_or_extend(tx: Transaction, decision: Decision) -> None:
    """Adds a decision, or extends the one that ends where this begins."""
    if decision.last_at is None:
        raise ValueError("a decision needs last_at to extend another")
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
    """Returns the latest decision of a kind that covers an instant, or None."""
    decisions = RECORD.all(
        tx,
        LATEST,
        of_trigger=trigger_id,
        of_kind=kind.value,
        at=to_micros(instant),
        limit=LOOKED_AT,
    )
    return next((one for one in decisions if one.last_at is None or one.last_at >= instant), None)


def latest_decision(
    tx: Transaction, trigger_id: str, kind: DecisionKind, instant: datetime
) -> Decision | None:
    """Returns the latest decision of a kind that begins at an instant or earlier, or None."""
    return RECORD.one(
        tx,
        LATEST,
        of_trigger=trigger_id,
        of_kind=kind.value,
        at=to_micros(instant),
        limit=1,
    )


def decision_following(
    tx: Transaction, trigger_id: str, kind: DecisionKind, instant: datetime
) -> Decision | None:
    """Returns the first decision of a kind that begins at an instant or later, or None."""
    return RECORD.one(
        tx, FOLLOWING, of_trigger=trigger_id, of_kind=kind.value, at=to_micros(instant)
    )
