"""Says which invocations are wanted, and makes the statements that read and count them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, bindparam, func, literal, select, tuple_

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import SUMMARY, Invocation, State
from tocsin.store.schema import TROUBLED, UNTROUBLED_STATES
from tocsin.store.schema import invocations as table

# The most rows that one RPC reads for a filter that no index serves.
LOOKED_AT = 10_000
# Before and after all instants.
BEGINNING, END = -(2**62), 2**62


class Position(NamedTuple):
    """A position in a list, which goes by time, and by ids within one instant."""

    scheduled_at: int
    id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Narrows a list; a field that is None does not.

    `parent` is the folder or the location, `integration_id` the last part of an integration's name,
    `error_text` a part of the last error, and `made_until` the latest instant of creation. With
    `oldest_first` the list goes forward in time, else back.
    """

    origin: str | None = None
    states: frozenset[State] = frozenset(State)
    scheduled_from: datetime | None = None
    scheduled_before: datetime | None = None
    parent: str | None = None
    integration_id: str | None = None
    error_text: str | None = None
    made_until: datetime | None = None
    oldest_first: bool = False


def position_columns() -> Any:
    """Returns the columns of a position, in the order of the indexes."""
    return tuple_(*(table.c[name] for name in Position._fields))


STATES = FixedList("state", len(State))
BEFORE = tuple_(bindparam("before_at"), bindparam("before_id"))
FROM = tuple_(bindparam("from_at"), bindparam("from_id"))
# The position at which a page begins is not in it, and the one at which it ends is.
SPAN = position_columns() < BEFORE, position_columns() >= FROM
FORWARD_SPAN = position_columns() > FROM, position_columns() <= BEFORE
NEWEST_FIRST = table.c.scheduled_at.desc(), table.c.id.desc()
OLDEST_FIRST = table.c.scheduled_at, table.c.id
OF_ORIGIN = table.c.origin == bindparam("origin")
SEEN = table.c.forgotten_at.is_(None)
IN_STATES = table.c.state.in_(STATES.parameters)
IN_STATE = table.c.state == bindparam("state"), TROUBLED
# The conditions that no index serves, by the field of the filter.
ESCAPE = "!"
NARROWING: dict[str, Any] = {
    "parent": table.c.parent == bindparam("parent"),
    "integration_id": table.c.origin
    == table.c.parent + literal("/integrations/") + bindparam("integration_id", type_=Text),
    "error_text": table.c.last_error.ilike(bindparam("error_text"), escape=ESCAPE),
    "made_until": table.c.created_at <= bindparam("made_until"),
}


class Statements(NamedTuple):
    """The statements of one kind of list: `page`, and the `stretch` that it may read.

    A stretch is LOOKED_AT rows in any state, or in one of those that have an index.
    """

    page: Select[Any]
    stretch: Select[Any]
    counting: Select[Any]


@cache
def statements(
    *, of_origin: bool, troubled: bool = False, forward: bool = False, by: tuple[str, ...] = ()
) -> Statements:
    """Returns the statements of a list.

    Args:
        of_origin: whether it is of one origin.
        troubled: whether it is of one state that has an index.
        forward: whether the oldest come first.
        by: the names of further conditions.
    """
    span = FORWARD_SPAN if forward else SPAN
    indexed = [*span, *((OF_ORIGIN,) if of_origin else ()), *(IN_STATE if troubled else ())]
    narrowed = [*indexed, SEEN, *(() if troubled else (IN_STATES,)), *(NARROWING[n] for n in by)]
    order = OLDEST_FIRST if forward else NEWEST_FIRST
    return Statements(
        select(*SUMMARY.columns).where(*narrowed).order_by(*order).limit(bindparam("limit")),
        select(*(table.c[name] for name in Position._fields))
        .where(*indexed)
        .order_by(*order)
        .offset(bindparam("skipped"))
        .limit(1),
        select(func.count()).select_from(table).where(*narrowed),
    )


class Look(NamedTuple):
    """One of the ways in which a list is read: all states together, or a state with an index."""

    statements: Statements
    values: dict[str, Any]


def looks_of(wanted: Filter) -> list[Look]:
    """Returns the ways in which a list is read."""
    by = tuple(name for name in NARROWING if getattr(wanted, name) is not None)
    values = _values(wanted)
    kind = partial(
        statements, of_origin=wanted.origin is not None, forward=wanted.oldest_first, by=by
    )
    if any(state.value in UNTROUBLED_STATES for state in wanted.states):
        states = STATES.filled(sorted(state.value for state in wanted.states))
        return [Look(kind(), values | states)]
    return [
        Look(kind(troubled=True), values | {"state": state.value})
        for state in sorted(wanted.states)
    ]


def _values(wanted: Filter) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: getattr(wanted, name)
        for name in ("origin", "parent", "integration_id")
        if getattr(wanted, name) is not None
    }
    if wanted.error_text is not None:
        values["error_text"] = f"%{escaped(wanted.error_text)}%"
    if wanted.made_until is not None:
        values["made_until"] = to_micros(wanted.made_until)
    return values


def escaped(text: str) -> str:
    """Returns a text for a LIKE in which each character stands for itself."""
    for character in (ESCAPE, "%", "_"):
        text = text.replace(character, ESCAPE + character)
    return text


def span_of(wanted: Filter, after: Position | None) -> dict[str, str | int]:
    """Returns the values of a span that begins at a position; None: where the filter says."""
    start, end = wanted.scheduled_from, wanted.scheduled_before
    first = Position(BEGINNING if start is None else to_micros(start), "")
    last = Position(END if end is None else to_micros(end), "")
    if after is not None and wanted.oldest_first:
        first = max(first, after)
    elif after is not None:
        last = min(last, after)
    return {
        "before_at": last.scheduled_at,
        "before_id": last.id,
        "from_at": first.scheduled_at,
        "from_id": first.id,
    }


def span_ending_at(wanted: Filter, end: Position) -> dict[str, str | int]:
    """Returns the part of a span that makes it end at a position, which is in it."""
    if wanted.oldest_first:
        return {"before_at": end.scheduled_at, "before_id": end.id}
    return {"from_at": end.scheduled_at, "from_id": end.id}


def end_of_stretch(
    tx: Transaction,
    looks: Sequence[Look],
    span: dict[str, str | int],
    wanted: Filter,
    *,
    always: bool = False,
) -> Position | None:
    """Returns the last position that one call reads; None if the list ends before, or an index
    finds every row."""
    narrowed = any(getattr(wanted, name) is not None for name in NARROWING)
    every_state = len(wanted.states) == len(State)
    troubled = not any(state.value in UNTROUBLED_STATES for state in wanted.states)
    if not always and not narrowed and (every_state or troubled):
        return None
    ends = [
        Position(*row)
        for look in looks
        if (
            row := tx.one(
                look.statements.stretch, **_indexed(look.values), **span, skipped=LOOKED_AT - 1
            )
        )
    ]
    if not ends:
        return None
    return min(ends) if wanted.oldest_first else max(ends)


def _indexed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("origin", "state") if name in values}


def position_of(invocation: Invocation) -> Position:
    return Position(to_micros(invocation.scheduled_at), invocation.id)
