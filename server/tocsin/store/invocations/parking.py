"""Invocations of triggers that are paused or deleted: what waits is parked, or cancelled.

Pause, Resume and Delete bring what waits in line a step at a time: the first step belongs to their
transaction, a walk through the rest follows. Whatever a walk has not come to yet, and what waits
again after a call that was under way, is set aside when a node would claim it.

All of this locks the trigger before it looks whether the trigger is paused: nobody parks what a
Resume of this moment has passed already.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import and_, bindparam, case, delete, func, null, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import CancelReason, State
from tocsin.store.schema import WITHHOLDING, decisions, parking_walks
from tocsin.store.schema import invocations as table
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.store.triggers.rows import lock_trigger

# When a parked invocation is due as far as a claim knows: never, yet an instant that every version
# can read.
PARKED_UNTIL = datetime(9999, 1, 1, tzinfo=UTC)
# Bounds how long one step keeps its rows, and the event loop.
STEP = 500
# Beyond the latest instant, and beyond each id.
FROM_THE_LATEST = (2**62, "")

LISTED = FixedList("listed", 64)
withheld = (
    select(decisions.c.kind)
    .where(decisions.c.trigger_id == table.c.origin, WITHHOLDING)
    .limit(1)
    .correlate(table)
    .scalar_subquery()
)
# A dead letter is put into its queue in any case: its calls are over.
DELIVERABLE = or_(
    withheld.is_(None),
    table.c.state == State.DEAD_LETTERING.value,
    and_(table.c.by_hand.is_not(None), withheld != DecisionKind.DELETED.value),
)
WITHHOLDING_OF = (
    select(decisions.c.kind).where(decisions.c.trigger_id == bindparam("id"), WITHHOLDING).limit(1)
)
ORIGINS = select(table.c.id, table.c.origin).where(table.c.id.in_(LISTED.parameters))

AWAITS_CALL = and_(
    table.c.next_at.is_not(None),
    table.c.node.is_(None),
    or_(table.c.state == State.PENDING.value, table.c.state == State.RETRYING.value),
)
PAGE = (
    select(
        table.c.scheduled_at,
        table.c.id,
        case((AWAITS_CALL, 1), else_=0),
        case((or_(table.c.by_hand.is_not(None), table.c.parked_due_at.is_not(None)), 1), else_=0),
    )
    .where(
        table.c.origin == bindparam("origin"),
        tuple_(table.c.scheduled_at, table.c.id)
        < tuple_(bindparam("before_at"), bindparam("before_id")),
    )
    .order_by(table.c.scheduled_at.desc(), table.c.id.desc())
    .limit(bindparam("limit"))
)
# Without a wait: a claim that holds them may be waiting for the trigger.
LOCK = (
    select(table.c.id)
    .where(table.c.id.in_(LISTED.parameters), AWAITS_CALL)
    .order_by(table.c.id)
    .with_for_update(skip_locked=True)
)
PARK = (
    update(table)
    .where(table.c.id.in_(LISTED.parameters))
    .values(
        # One whose node died in its call waits for another call.
        state=case(
            (table.c.state == State.RUNNING.value, State.PENDING.value), else_=table.c.state
        ),
        node=null(),
        parked_due_at=table.c.next_at,
        next_at=to_micros(PARKED_UNTIL),
    )
)
CANCEL = (
    update(table)
    .where(table.c.id.in_(LISTED.parameters))
    .values(
        state=State.CANCELLED.value,
        node=null(),
        next_at=null(),
        parked_due_at=null(),
        finished_at=bindparam("finished"),
        cancel_reason=CancelReason.TRIGGER_DELETED.value,
    )
)
PARKED = (
    select(table.c.id, table.c.parked_due_at)
    .where(table.c.parked_due_at.is_not(None), table.c.origin == bindparam("origin"))
    .order_by(table.c.id)
    .limit(STEP)
    .with_for_update()
)
# A node of 0.1.0 may have cancelled it meanwhile, or made it due.
UNPARK = (
    update(table)
    .where(table.c.id.in_(LISTED.parameters))
    .values(
        next_at=case(
            (table.c.next_at == to_micros(PARKED_UNTIL), table.c.parked_due_at),
            else_=table.c.next_at,
        ),
        parked_due_at=null(),
    )
)
NEXT_PARKED_ORIGIN = select(func.min(table.c.origin)).where(
    table.c.parked_due_at.is_not(None), table.c.origin > bindparam("after")
)

_begun = insert(parking_walks)
BEGIN = _begun.on_conflict_do_update(
    index_elements=[parking_walks.c.trigger_id],
    set_={name: _begun.excluded[name] for name in ("since", "before_at", "before_id")},
)
WALK = (
    select(parking_walks.c.before_at, parking_walks.c.before_id)
    .where(parking_walks.c.trigger_id == bindparam("id"))
    .with_for_update()
)
MOVE = (
    update(parking_walks)
    .where(parking_walks.c.trigger_id == bindparam("of_trigger"))
    .values(before_at=bindparam("to_at"), before_id=bindparam("to_id"))
)
END = delete(parking_walks).where(parking_walks.c.trigger_id == bindparam("of_trigger"))
FIRST_WALK = (
    select(parking_walks.c.trigger_id, parking_walks.c.since)
    .order_by(parking_walks.c.trigger_id)
    .limit(1)
)


def withheld_by(tx: Transaction, trigger_id: str) -> DecisionKind | None:
    """Returns what keeps a trigger's invocations from being delivered: PAUSE, DELETED, or None."""
    kind = tx.value(WITHHOLDING_OF, id=trigger_id)
    return None if kind is None else DecisionKind(kind)


def follow(tx: Transaction, trigger_id: str, *, now: datetime) -> None:
    """Brings what waits for a trigger in line with its pause, resumption or deletion of now.

    It takes the first step, and leaves the rest to `take_step`. The caller has locked the trigger.
    """
    position = _step(tx, trigger_id, FROM_THE_LATEST, now)
    if position is None:
        tx.run(END, of_trigger=trigger_id)
        return
    at, before = position
    tx.run(BEGIN, trigger_id=trigger_id, since=to_micros(now), before_at=at, before_id=before)
    tx.ring(Bell.PARKING)


def follow_if_left(tx: Transaction, trigger_id: str, *, now: datetime) -> bool:
    """Does the same for a trigger that is not paused and has parked invocations all the same.

    Returns whether it was so, and no walk was on its way.
    """
    lock_trigger(tx, trigger_id)
    if withheld_by(tx, trigger_id) is DecisionKind.PAUSE or tx.one(WALK, id=trigger_id):
        return False
    follow(tx, trigger_id, now=now)
    return True


def first_walk(tx: Transaction) -> tuple[str, datetime] | None:
    """Returns a trigger with a walk that is not finished, and since when; None: there is none."""
    row = tx.one(FIRST_WALK)
    return None if row is None else (row[0], from_micros(row[1]))


def take_step(tx: Transaction, trigger_id: str, *, now: datetime) -> None:
    """Takes the next step of a trigger's walk; it does nothing where another node ended it."""
    lock_trigger(tx, trigger_id)
    walk = tx.one(WALK, id=trigger_id)
    if walk is None:
        return
    position = _step(tx, trigger_id, (walk[0], walk[1]), now)
    if position is None:
        tx.run(END, of_trigger=trigger_id)
    else:
        tx.run(MOVE, of_trigger=trigger_id, to_at=position[0], to_id=position[1])


def set_aside(tx: Transaction, ids: Sequence[str], *, now: datetime) -> None:
    """Parks or cancels due invocations that this transaction has locked, and may not deliver."""
    of_origin: dict[str, list[str]] = {}
    for places in LISTED.slices(ids):
        for invocation_id, origin in tx.all(ORIGINS, **places):
            of_origin.setdefault(origin, []).append(invocation_id)
    for origin in sorted(of_origin):
        lock_trigger(tx, origin)
        # Asked again, under the lock: it may be resumed by now.
        kind = withheld_by(tx, origin)
        if kind is not None:
            _withhold(tx, kind, of_origin[origin], now)


def parked_origins(tx: Transaction, *, after: str, limit: int) -> list[str]:
    """Returns triggers that follow an id and have parked invocations."""
    found: list[str] = []
    while len(found) < limit and (origin := tx.value(NEXT_PARKED_ORIGIN, after=after)) is not None:
        found.append(origin)
        after = origin
    return found


def _step(
    tx: Transaction, trigger_id: str, position: tuple[int, str], now: datetime
) -> tuple[int, str] | None:
    """Takes one step from a position back in time; returns where the next begins, None: nowhere."""
    kind = withheld_by(tx, trigger_id)
    if kind is None:
        return position if _unpark_some(tx, trigger_id) == STEP else None
    at, before = position
    rows = tx.all(PAGE, origin=trigger_id, before_at=at, before_id=before, limit=STEP)
    waiting = [
        invocation_id
        for _, invocation_id, waits, exempt in rows
        if waits and (kind is DecisionKind.DELETED or not exempt)
    ]
    for places in LISTED.slices(waiting):
        if found := tx.column(LOCK, **places):
            _withhold(tx, kind, found, now)
    return (rows[-1][0], rows[-1][1]) if len(rows) == STEP else None


def _withhold(tx: Transaction, kind: DecisionKind, ids: Sequence[str], now: datetime) -> None:
    """Cancels or parks invocations that this transaction has locked."""
    for places in LISTED.slices(ids):
        if kind is DecisionKind.DELETED:
            tx.run(CANCEL, finished=to_micros(now), **places)
        else:
            tx.run(PARK, **places)
    tx.changed(Watched.INVOCATIONS, ids)


def _unpark_some(tx: Transaction, trigger_id: str) -> int:
    """Makes parked invocations due when they were; returns how many."""
    parked = tx.all(PARKED, origin=trigger_id)
    for places in LISTED.slices([invocation_id for invocation_id, _ in parked]):
        tx.run(UNPARK, **places)
    if parked:
        tx.changed(Watched.INVOCATIONS, [invocation_id for invocation_id, _ in parked])
        # They are due when they were, which may be before anything else that waits.
        tx.ring(Bell.DELIVERIES, from_micros(min(due for _, due in parked)))
    return len(parked)
