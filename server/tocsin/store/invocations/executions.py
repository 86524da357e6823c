"""Lists executions in the order in which they were stored, and finds what replays one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select, tuple_

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.invocations.rows import Invocation, State
from tocsin.store.schema import invocations as table

# Before and after all instants.
BEGINNING, END = -(2**62), 2**62
# Before all ids.
FIRST_ID = ""
# The fewest rows that one statement reads.
FEWEST = 10
MOST_REPLAYS = 100


class Position(NamedTuple):
    """A position in a list, which goes by instants, and by ids within one instant."""

    created_at: int
    id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Narrows a list of executions.

    Attributes:
        location: the project and location.
        origin: the integration; None for all of the location.
        states: the states; without one, nothing is wanted.
        trigger: the trigger of the integration; None for all.
        stored_from: the first instant.
        stored_before: the instant after the last one.
        oldest_first: the order; otherwise the latest comes first.
    """

    location: str
    origin: str | None = None
    states: frozenset[State] = frozenset(State)
    trigger: str | None = None
    stored_from: datetime | None = None
    stored_before: datetime | None = None
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What the indexes know of an execution. A node of 0.1.0 leaves the trigger empty."""

    created_at: int
    id: str
    origin: str
    state: State
    execution_id: str | None
    integration_trigger: str | None

    @classmethod
    def of(cls, execution: Invocation) -> "Stored":
        return cls(
            to_micros(execution.created_at),
            execution.id,
            execution.origin,
            execution.state,
            execution.execution_id,
            execution.integration_trigger,
        )

    @property
    def position(self) -> Position:
        return Position(self.created_at, self.id)


STORED = Record(Stored, table)
IS_EXECUTION = table.c.message.is_not(None)
ORDER = tuple_(table.c.created_at, table.c.id)
FROM = tuple_(bindparam("from_at"), bindparam("from_id"))
UNTIL = tuple_(bindparam("until_at"), bindparam("until_id"))

NEXT_ORIGIN = select(func.min(table.c.origin)).where(
    table.c.origin > bindparam("after"), table.c.origin < bindparam("before"), IS_EXECUTION
)
NEXT_TRIGGER = select(func.min(table.c.integration_trigger)).where(
    table.c.origin == bindparam("origin"),
    table.c.integration_trigger > bindparam("after"),
    IS_EXECUTION,
)
REPLAYS = (
    select(func.coalesce(table.c.execution_id, table.c.id))
    .where(table.c.replay_of == bindparam("of_id"), table.c.replay_of.is_not(None))
    .order_by(table.c.id)
    .limit(MOST_REPLAYS)
)


def _page(oldest_first: bool, *conditions: Any) -> Select[Any]:
    statement = (
        select(*STORED.columns)
        .where(
            table.c.origin == bindparam("origin"),
            *conditions,
            IS_EXECUTION,
            table.c.forgotten_at.is_(None),
            ORDER > FROM,
            ORDER < UNTIL,
        )
        .limit(bindparam("limit"))
    )
    # The trigger is the same in all rows. PostgreSQL takes that from `=`, not from `IS NULL`, and
    # would sort what the index has in order.
    order = (table.c.integration_trigger, table.c.created_at, table.c.id)
    if oldest_first:
        return statement.order_by(*order)
    return statement.order_by(*(column.desc() for column in order))


DIRECTIONS = (False, True)
IN_STATE = table.c.state == bindparam("state")
OF_TRIGGER = {
    oldest: _page(oldest, table.c.integration_trigger == bindparam("trigger"), IN_STATE)
    for oldest in DIRECTIONS
}
OF_UNKNOWN_TRIGGER = {
    oldest: _page(oldest, table.c.integration_trigger.is_(None), IN_STATE) for oldest in DIRECTIONS
}


def executions_after(
    tx: Transaction, wanted: Wanted, after: Position | None, *, likely: int
) -> Iterator[Stored]:
    """Yields the executions after a position, each when it is asked for.

    With a trigger, executions whose trigger no column tells are among them.

    Args:
        tx: the transaction.
        wanted: which executions.
        after: the position; None for the beginning.
        likely: how many the caller is likely to ask for.
    """
    if not wanted.states:
        return
    low = Position(_micros(wanted.stored_from, BEGINNING), FIRST_ID)
    high = Position(_micros(wanted.stored_before, END), FIRST_ID)
    if after is not None:
        low, high = (max(low, after), high) if wanted.oldest_first else (low, min(high, after))
    branches = [
        (statement, {"origin": origin, **narrowing})
        for origin in _origins(tx, wanted)
        for statement, narrowing in _branches(tx, wanted, origin)
    ]
    at_once = max(FEWEST, likely // max(len(branches), 1) + 1)
    found = [
        _walk(tx, statement, values, low, high, at_once, wanted.oldest_first)
        for statement, values in branches
    ]
    yield from merge(*found, key=_position, reverse=not wanted.oldest_first)


def replays_of(tx: Transaction, invocation_id: str) -> list[str]:
    """Returns the ids, as the API shows them, of the executions that replay one, 100 at most."""
    return tx.column(REPLAYS, of_id=invocation_id)


def _position(stored: Stored) -> Position:
    return stored.position


def _micros(instant: datetime | None, otherwise: int) -> int:
    return otherwise if instant is None else to_micros(instant)


def _origins(tx: Transaction, wanted: Wanted) -> Iterator[str]:
    """Yields the integration, or all of the location that have executions."""
    if wanted.origin is not None:
        yield wanted.origin
        return
    origin: str | None = f"{wanted.location}/integrations/"
    before = f"{wanted.location}/integrations0"  # the character after the slash
    while (origin := tx.value(NEXT_ORIGIN, after=origin, before=before)) is not None:
        yield origin


def _branches(
    tx: Transaction, wanted: Wanted, origin: str
) -> Iterator[tuple[Select[Any], dict[str, Value]]]:
    """Yields the statements whose rows together are the wanted ones, each with its values."""
    oldest = wanted.oldest_first
    triggers = [wanted.trigger] if wanted.trigger is not None else _triggers(tx, origin)
    states = sorted(state.value for state in wanted.states)
    for trigger in triggers:
        for state in states:
            yield OF_TRIGGER[oldest], {"trigger": trigger, "state": state}
    for state in states:
        yield OF_UNKNOWN_TRIGGER[oldest], {"state": state}


def _triggers(tx: Transaction, origin: str) -> Iterator[str]:
    """Yields the triggers by which an integration has executions."""
    trigger: str | None = ""
    while (trigger := tx.value(NEXT_TRIGGER, origin=origin, after=trigger)) is not None:
        yield trigger


def _walk(
    tx: Transaction,
    statement: Select[Any],
    values: dict[str, Value],
    low: Position,
    high: Position,
    at_once: int,
    oldest_first: bool,
) -> Iterator[Stored]:
    """Yields the rows of a statement between two positions, and reads a few at once."""
    while True:
        rows = STORED.all(
            tx,
            statement,
            **values,
            from_at=low.created_at,
            from_id=low.id,
            until_at=high.created_at,
            until_id=high.id,
            limit=at_once,
        )
        yield from rows
        if len(rows) < at_once:
            return
        if oldest_first:
            low = rows[-1].position
        else:
            high = rows[-1].position
