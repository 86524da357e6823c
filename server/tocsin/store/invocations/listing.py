"""Lists invocations by origin, state and instant, and finds single ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import instant_or_none
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import large_values
from tocsin.store.invocations.rows import INVOCATION, SUMMARY, Invocation, State, filled
from tocsin.store.invocations.selecting import (
    OF_ORIGIN,
    SEEN,
    Filter,
    Position,
    end_of_stretch,
    looks_of,
    position_of,
    span_ending_at,
    span_of,
)
from tocsin.store.schema import invocations as table

# For a caller who may see only some rows, an RPC reads up to STEPS pages of STEP rows.
STEPS = 10
STEP = 200


@dataclass(frozen=True, slots=True)
class Page:
    """A page; the list continues after `rest`, and ends here if that is None.

    `ended_early` says that it ends because enough was read, so that more rows may match.
    """

    rows: list[Invocation]
    rest: Position | None
    ended_early: bool = False


BY_ID = select(*SUMMARY.columns).where(table.c.id == bindparam("id"), SEEN)
LOCK = BY_ID.with_for_update()
ASKED = FixedList("asked", 64)
ALL_OF_THEM = select(*SUMMARY.columns).where(table.c.id.in_(ASKED.parameters), SEEN)
WHOLE = select(*INVOCATION.columns).where(table.c.id == bindparam("id"), SEEN)
OF_OCCURRENCE = select(*SUMMARY.columns).where(table.c.occurrence == bindparam("occurrence"), SEEN)


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
    """Returns up to `limit` invocations after a position, in the order that is wanted.

    A short page may not be the last: a call reads at most LOOKED_AT rows that it does not return.
    """
    looks = looks_of(wanted)
    span = span_of(wanted, after)
    end = end_of_stretch(tx, looks, span, wanted)
    if end is not None:
        span |= span_ending_at(wanted, end)
    rows = [
        row
        for look in looks
        for row in SUMMARY.all(tx, look.statements.page, **look.values, **span, limit=limit + 1)
    ]
    rows.sort(key=position_of, reverse=not wanted.oldest_first)
    if len(rows) > limit:
        return Page(rows[:limit], position_of(rows[limit - 1]))
    return Page(rows, end, ended_early=end is not None)


class Counted(NamedTuple):
    """How many invocations a stretch has, and where the next stretch begins; None: nowhere."""

    matching: int
    rest: Position | None


def count_stretch(tx: Transaction, wanted: Filter, *, after: Position | None) -> Counted:
    """Counts invocations among the next LOOKED_AT rows after a position."""
    looks = looks_of(wanted)
    span = span_of(wanted, after)
    end = end_of_stretch(tx, looks, span, wanted, always=True)
    if end is not None:
        span |= span_ending_at(wanted, end)
    count = sum(tx.value(look.statements.counting, **look.values, **span) for look in looks)
    return Counted(count, end)


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
        if page.ended_early:
            break
    following = page_of_invocations(
        tx,
        replace(wanted, states=frozenset(State), parent=None, integration_id=None, error_text=None),
        after=position,
        limit=1,
    )
    if position is None or not following.rows:
        return Page(rows, None)
    if wanted.oldest_first:
        return Page(rows, position, ended_early=True)
    return Page(rows, _between(position, position_of(following.rows[0])), ended_early=True)


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
