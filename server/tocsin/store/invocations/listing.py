"""Invocations as they are shown: lists by origin, state and instant, and each with all it has."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select, tuple_

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Row, Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.schema import TROUBLED, UNTROUBLED_STATES
from tocsin.store.schema import invocations as table

# What a filter that no index serves may look at within one call.
LOOKED_AT = 10_000
# What a call for one who may not see all looks at: so many times, so many rows that are found.
STEPS = 10
STEP = 200
# Before and after all that there is.
BEGINNING, END = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Shown:
    """An invocation with what is known of its delivery. `next_at`: due, or the end of the lease."""

    id: str
    parent: str
    origin: str
    occurrence: str | None
    state: State
    target: str
    action: str
    node: str | None
    attempts: int
    failures: int
    history: str | None
    last_error: str | None
    scheduled_at: datetime
    created_at: datetime
    next_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What is large, and is read only for one."""

    payload: bytes
    answer: bytes | None


class Position(NamedTuple):
    """A place in a list: lists go back in time, those of one instant by their ids."""

    scheduled_at: int
    id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is about; what is None does not narrow it."""

    origin: str | None = None
    states: frozenset[State] = frozenset(State)
    scheduled_from: datetime | None = None
    scheduled_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`rest` is where the list goes on; None: it ends here."""

    rows: list[Shown]
    rest: Position | None


def place() -> Any:
    """A row's place, which indexes hold in this order."""
    return tuple_(table.c.scheduled_at, table.c.id)


COLUMNS = (
    table.c.id,
    table.c.parent,
    table.c.origin,
    table.c.occurrence,
    table.c.state,
    table.c.target,
    table.c.action,
    table.c.node,
    table.c.attempts,
    table.c.failures,
    table.c.history,
    table.c.last_error,
    table.c.scheduled_at,
    table.c.created_at,
    table.c.next_at,
    table.c.started_at,
    table.c.finished_at,
)
STATES = [f"state{place}" for place in range(len(State))]
SPAN = (
    place() < tuple_(bindparam("before_at"), bindparam("before_id")),
    place() >= tuple_(bindparam("from_at"), bindparam("from_id")),
)
NEWEST_FIRST = table.c.scheduled_at.desc(), table.c.id.desc()
OF_ORIGIN = table.c.origin == bindparam("origin")
SEEN = table.c.forgotten_at.is_(None)
IN_STATES = table.c.state.in_([bindparam(each) for each in STATES])
IN_STATE = table.c.state == bindparam("state"), TROUBLED

BY_ID = select(*COLUMNS).where(table.c.id == bindparam("id"), SEEN)
LOCK = BY_ID.with_for_update()
CONTENTS = select(table.c.payload, table.c.answer).where(table.c.id == bindparam("id"))


def _page(*conditions: Any) -> Select[Any]:
    return (
        select(*COLUMNS)
        .where(*SPAN, SEEN, *conditions)
        .order_by(*NEWEST_FIRST)
        .limit(bindparam("limit"))
    )


def _stretch(*conditions: Any) -> Select[Any]:
    """Where a stretch of so many rows ends, whatever their states."""
    return (
        select(table.c.scheduled_at, table.c.id)
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


def find_shown(tx: Transaction, invocation_id: str, *, lock: bool = False) -> Shown | None:
    """Finds an invocation. Locked: until the commit nobody else can change it."""
    row = tx.one(LOCK if lock else BY_ID, id=invocation_id)
    return None if row is None else _shown(row)


def find_contents(tx: Transaction, invocation_id: str) -> Contents | None:
    row = tx.one(CONTENTS, id=invocation_id)
    return None if row is None else Contents(row[0], row[1])


def page_of_shown(tx: Transaction, wanted: Filter, *, after: Position | None, limit: int) -> Page:
    """Returns up to `limit` of what a filter asks for, the latest instant first, beyond a place.

    A page can be short and the list still go on: no call looks at more than LOOKED_AT rows that it
    does not return.
    """
    span = _span(wanted, after)
    if not any(state.value in UNTROUBLED_STATES for state in wanted.states):
        rows = _troubled(tx, wanted, span, limit + 1)
        return _cut(rows, limit, None)
    stretch = None if len(wanted.states) == len(State) else _end_of_stretch(tx, wanted, span)
    if stretch is not None:
        span |= {"from_at": stretch.scheduled_at, "from_id": stretch.id}
    statement = PAGE if wanted.origin is None else PAGE_OF_ORIGIN
    places = _places(wanted.states)
    found = tx.all(statement, **_of(wanted), **span, **places, limit=limit + 1)
    return _cut([_shown(row) for row in found], limit, stretch)


def page_of_visible(
    tx: Transaction,
    wanted: Filter,
    visible: Callable[[Shown], bool],
    *,
    after: Position | None,
    limit: int,
) -> Page:
    """Returns the same of what is visible only. A page can be short and the list still go on.

    Where it goes on is told in a way that names nothing that is not visible.
    """
    found: list[Shown] = []
    place = after
    for _ in range(STEPS):
        page = page_of_shown(tx, wanted, after=place, limit=STEP)
        for row in page.rows:
            if visible(row):
                if len(found) == limit:
                    return Page(found, place_of(found[-1]))
                found.append(row)
        if page.rest is None:
            return Page(found, None)
        place = page.rest
    following = page_of_shown(tx, replace(wanted, states=frozenset(State)), after=place, limit=1)
    if place is None or not following.rows:
        return Page(found, None)
    return Page(found, _between(place, place_of(following.rows[0])))


def _between(last: Position, following: Position) -> Position:
    """Returns a place after one and not after the next, with as little of an id as will do."""
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


def shown_between(
    tx: Transaction, origin: str, start: datetime, end: datetime, *, limit: int
) -> list[Shown]:
    """Returns what an origin has from `start` to before `end`, the latest first."""
    wanted = Filter(origin, scheduled_from=start, scheduled_before=end)
    return page_of_shown(tx, wanted, after=None, limit=limit).rows


def oldest_instant(tx: Transaction, origin: str) -> datetime | None:
    """Returns how far back the invocations of an origin reach."""
    row = tx.one(OLDEST, origin=origin)
    return None if row is None else from_micros(row[0])


def under_way(tx: Transaction, target: str) -> list[int]:
    """Returns how many calls of a target each node that works for it has under way."""
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


def _places(states: frozenset[State]) -> dict[str, str]:
    values = sorted(state.value for state in states)
    return dict(zip(STATES, values + values[-1:] * (len(STATES) - len(values)), strict=True))


def _troubled(
    tx: Transaction, wanted: Filter, span: dict[str, str | int], limit: int
) -> list[Shown]:
    statement = TROUBLED_PAGE if wanted.origin is None else TROUBLED_PAGE_OF_ORIGIN
    found: list[Shown] = []
    for state in wanted.states:
        rows = tx.all(statement, **_of(wanted), **span, state=state.value, limit=limit)
        found.extend(_shown(row) for row in rows)
    return sorted(found, key=place_of, reverse=True)[:limit]


def _end_of_stretch(tx: Transaction, wanted: Filter, span: dict[str, str | int]) -> Position | None:
    row = tx.one(STRETCH if wanted.origin is None else STRETCH_OF_ORIGIN, **_of(wanted), **span)
    return None if row is None else Position(*row)


def _cut(rows: list[Shown], limit: int, stretch: Position | None) -> Page:
    if len(rows) > limit:
        return Page(rows[:limit], place_of(rows[limit - 1]))
    return Page(rows, stretch)


def place_of(shown: Shown) -> Position:
    return Position(to_micros(shown.scheduled_at), shown.id)


def _shown(row: Row) -> Shown:
    return Shown(
        id=row[0],
        parent=row[1],
        origin=row[2],
        occurrence=row[3],
        state=State(row[4]),
        target=row[5],
        action=row[6],
        node=row[7],
        attempts=row[8],
        failures=row[9],
        history=row[10],
        last_error=row[11],
        scheduled_at=from_micros(row[12]),
        created_at=from_micros(row[13]),
        next_at=_instant(row[14]),
        started_at=_instant(row[15]),
        finished_at=_instant(row[16]),
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
