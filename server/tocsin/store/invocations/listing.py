"""Lists invocations by origin, state and instant, and finds single ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select, tuple_

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import instant_or_none, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import large_values
from tocsin.store.invocations.rows import INVOCATION, SUMMARY, Invocation, State, filled
from tocsin.store.schema import TROUBLED, UNTROUBLED_STATES
from tocsin.store.schema import invocations as table

# The most rows that one RPC reads for a filter that no index serves.
LOOKED_AT = 10_000
# For a caller who may see only some rows, an RPC reads up to STEPS pages of STEP rows.
STEPS = 10
STEP = 200
# Before and after all instants.
BEGINNING, END = -(2**62), 2**62


class Position(NamedTuple):
    """A position in a list, which goes back in time, and by ids within one instant."""

    scheduled_at: int
    id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Narrows a list; a field that is None does not."""

    origin: str | None = None
    states: frozenset[State] = frozenset(State)
    scheduled_from: datetime | None = None
    scheduled_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page; the list continues after `rest`, and ends here if that is None."""

    rows: list[Invocation]
    rest: Position | None


def position_columns() -> Any:
    """Returns the columns of a position, in the order of the indexes."""
    return tuple_(*(table.c[name] for name in Position._fields))


STATES = FixedList("state", len(State))
SPAN = (
    position_columns() < tuple_(bindparam("before_at"), bindparam("before_id")),
    position_columns() >= tuple_(bindparam("from_at"), bindparam("from_id")),
)
NEWEST_FIRST = table.c.scheduled_at.desc(), table.c.id.desc()
OF_ORIGIN = table.c.origin == bindparam("origin")
SEEN = table.c.forgotten_at.is_(None)
IN_STATES = table.c.state.in_(STATES.parameters)
IN_STATE = table.c.state == bindparam("state"), TROUBLED

BY_ID = select(*SUMMARY.columns).where(table.c.id == bindparam("id"), SEEN)
LOCK = BY_ID.with_for_update()
ASKED = FixedList("asked", 64)
ALL_OF_THEM = select(*SUMMARY.columns).where(table.c.id.in_(ASKED.parameters), SEEN)
WHOLE = select(*INVOCATION.columns).where(table.c.id == bindparam("id"), SEEN)
OF_OCCURRENCE = select(*SUMMARY.columns).where(table.c.occurrence == bindparam("occurrence"), SEEN)


def _page(*conditions: Any) -> Select[Any]:
    return (
        select(*SUMMARY.columns)
        .where(*SPAN, SEEN, *conditions)
        .order_by(*NEWEST_FIRST)
        .limit(bindparam("limit"))
    )


def _stretch(*conditions: Any) -> Select[Any]:
    """Finds the end of a stretch of LOOKED_AT rows in any state."""
    return (
        select(*(table.c[name] for name in Position._fields))
        .where(*SPAN, *conditions)
        .order_by(*NEWEST_FIRST)
        .offset(LOOKED_AT - 1)
        .limit(1)
    )


PAGE = _page(IN_STATES)
PAGE_OF_ORIGIN = _page(IN_STATES, OF_ORIGIN)
TROUBLED_PAGE = _page(*IN_STATE)
TROUBLED_PAGE_OF_ORIGIN = _page(*IN_STATE, OF_ORIGIN)
STRETCH = _stretch()
STRETCH_OF_ORIGIN = _stretch(OF_ORIGIN)
OLDEST = (
    select(table.c.scheduled_at)
    .where(OF_ORIGIN)
    .order_by(table.c.scheduled_at, table.c.id)
    .limit(1)
)
UNDER_WAY = (
    select(table.c.node, func.count())
    .where(table.c.node.is_not(None), table.c.target == bindparam("target"))
    .group_by(table.c.node)
)


def find_summary(tx: Transaction, invocation_id: str, *, lock: bool = False) -> Invocation | None:
    """Finds an invocation without its large fields. With `lock`, no other transaction can change
    it until the commit."""
    return SUMMARY.one(tx, LOCK if lock else BY_ID, id=invocation_id)


def find_occurrence(tx: Transaction, occurrence: str) -> Invocation | None:
    """Finds the invocation of an occurrence without its large fields."""
    return SUMMARY.one(tx, OF_OCCURRENCE, occurrence=occurrence)


def find_summaries(tx: Transaction, ids: Sequence[str]) -> list[Invocation]:
    """Finds those of the invocations that exist, without their large fields, in any order."""
    return [row for values in ASKED.slices(ids) for row in SUMMARY.all(tx, ALL_OF_THEM, **values)]


def find_whole(tx: Transaction, invocation_id: str) -> Invocation | None:
    """Finds an invocation with its payload and the answer of its target."""
    return filled(tx, INVOCATION.one(tx, WHOLE, id=invocation_id), *large_values.FIELDS)


def page_of_invocations(
    tx: Transaction, wanted: Filter, *, after: Position | None, limit: int
) -> Page:
    """Returns up to `limit` invocations after a position, the latest instant first.

    A short page may not be the last: a call reads at most LOOKED_AT rows that it does not return.
    """
    span = _span(wanted, after)
    if not any(state.value in UNTROUBLED_STATES for state in wanted.states):
        rows = _troubled(tx, wanted, span, limit + 1)
        return _cut(rows, limit, None)
    stretch = None if len(wanted.states) == len(State) else _end_of_stretch(tx, wanted, span)
    if stretch is not None:
        span |= {"from_at": stretch.scheduled_at, "from_id": stretch.id}
    statement = PAGE if wanted.origin is None else PAGE_OF_ORIGIN
    states = STATES.filled(sorted(state.value for state in wanted.states))
    rows = SUMMARY.all(tx, statement, **_of(wanted), **span, **states, limit=limit + 1)
    return _cut(rows, limit, stretch)


def page_of_visible(
    tx: Transaction,
    wanted: Filter,
    visible: Callable[[Invocation], bool],
    *,
    after: Position | None,
    limit: int,
) -> Page:
    """Returns the same, of visible invocations only.

    `rest` names no invocation that is not visible.
    """
    rows: list[Invocation] = []
    position = after
    for _ in range(STEPS):
        page = page_of_invocations(tx, wanted, after=position, limit=STEP)
        for row in page.rows:
            if visible(row):
                if len(rows) == limit:
                    return Page(rows, position_of(rows[-1]))
                rows.append(row)
        if page.rest is None:
            return Page(rows, None)
        position = page.rest
    following = page_of_invocations(
        tx, replace(wanted, states=frozenset(State)), after=position, limit=1
    )
    if position is None or not following.rows:
        return Page(rows, None)
    return Page(rows, _between(position, position_of(following.rows[0])))


def _between(last: Position, following: Position) -> Position:
    """Returns a position after one and not after the next, with the shortest id that will do."""
    if following.scheduled_at != last.scheduled_at:
        return Position(last.scheduled_at, "")
    shared = next(
        (
            index
            for index, (ours, its) in enumerate(zip(last.id, following.id, strict=False))
            if ours != its
        ),
        len(following.id),
    )
    return Position(last.scheduled_at, last.id[: shared + 1])


def invocations_between(
    tx: Transaction, origin: str, start: datetime, end: datetime, *, limit: int
) -> list[Invocation]:
    """Returns the invocations of an origin from `start` to before `end`, the latest first."""
    wanted = Filter(origin, scheduled_from=start, scheduled_before=end)
    return page_of_invocations(tx, wanted, after=None, limit=limit).rows


def oldest_instant(tx: Transaction, origin: str) -> datetime | None:
    """Returns the instant of the oldest invocation of an origin, or None."""
    return instant_or_none(tx.value(OLDEST, origin=origin))


def under_way(tx: Transaction, target: str) -> list[int]:
    """Returns how many deliveries to a target each node has under way, for nodes that have any."""
    return [count for _, count in tx.all(UNDER_WAY, target=target)]


def _span(wanted: Filter, after: Position | None) -> dict[str, str | int]:
    start, end = wanted.scheduled_from, wanted.scheduled_before
    last = Position(END if end is None else to_micros(end), "")
    if after is not None:
        last = min(last, after)
    return {
        "before_at": last.scheduled_at,
        "before_id": last.id,
        "from_at": BEGINNING if start is None else to_micros(start),
        "from_id": "",
    }


def _of(wanted: Filter) -> dict[str, str]:
    return {} if wanted.origin is None else {"origin": wanted.origin}


def _troubled(
    tx: Transaction, wanted: Filter, span: dict[str, str | int], limit: int
) -> list[Invocation]:
    statement = TROUBLED_PAGE if wanted.origin is None else TROUBLED_PAGE_OF_ORIGIN
    rows: list[Invocation] = []
    for state in wanted.states:
        rows += SUMMARY.all(tx, statement, **_of(wanted), **span, state=state.value, limit=limit)
    return sorted(rows, key=position_of, reverse=True)[:limit]


def _end_of_stretch(tx: Transaction, wanted: Filter, span: dict[str, str | int]) -> Position | None:
    row = tx.one(STRETCH if wanted.origin is None else STRETCH_OF_ORIGIN, **_of(wanted), **span)
    return None if row is None else Position(*row)


def _cut(rows: list[Invocation], limit: int, stretch: Position | None) -> Page:
    if len(rows) > limit:
        return Page(rows[:limit], position_of(rows[limit - 1]))
    return Page(rows, stretch)


def position_of(invocation: Invocation) -> Position:
    return Position(to_micros(invocation.scheduled_at), invocation.id)
