"""Groups dead letters by their causes."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, bindparam, select

from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.selecting import (
    IN_STATE,
    LOOKED_AT,
    NARROWING,
    NEWEST_FIRST,
    OF_ORIGIN,
    SEEN,
    SPAN,
    Filter,
    Position,
    end_of_stretch,
    looks_of,
    span_ending_at,
    span_of,
)
from tocsin.store.schema import invocations as table

LONGEST = 300
CAUSE_DIGITS = 16
MOST_ORIGINS = 10

# A status stays, and so does the URL that an error begins with.
STATUS = re.compile(r"\banswered (\d{3})\b")
ID = re.compile(
    r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"
    r"|\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{12,}\b"
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Letter(NamedTuple):
    """A dead letter, as far as its cause goes."""

    scheduled_at: int
    id: str
    parent: str
    origin: str
    target: str
    last_error: str | None


LETTER = Record(Letter, table)


@dataclass(slots=True)
class Cause:
    """Dead letters that failed alike; `latest` is the latest of them."""

    id: str
    error: str
    latest: Letter
    count: int = 0
    oldest_at: int = 0
    origins: dict[str, None] = field(default_factory=dict)


class Causes(NamedTuple):
    """Causes, the most frequent first; `rest` is how far was looked, None if all were."""

    causes: list[Cause]
    rest: Position | None


def normalised(error: str) -> str:
    """Returns an error without what differs from one invocation to the next: numbers and ids."""
    url, blank, rest = error.partition(" ")
    if not url.startswith(("http://", "https://")):
        url, blank, rest = "", "", error
    status = STATUS.search(rest)
    rest = NUMBER.sub("#", ID.sub("…", STATUS.sub("answered @", rest)))
    if status is not None:
        rest = rest.replace("answered @", f"answered {status[1]}", 1)
    return f"{url}{blank}{rest}"[:LONGEST]


def cause_id(target: str, error: str | None) -> str:
    """Returns the id of the cause of a dead letter that `target` did not take."""
    text = f"{target}\0{normalised(error or '')}"
    return hashlib.sha256(text.encode()).hexdigest()[:CAUSE_DIGITS]


def causes_of(
    tx: Transaction, wanted: Filter, visible: Callable[[Letter], bool] | None = None
) -> Causes:
    """Groups the latest dead letters of a filter, up to LOOKED_AT, by their causes."""
    looks = looks_of(wanted)
    span = span_of(wanted, None)
    end = end_of_stretch(tx, looks, span, wanted, always=True)
    if end is not None:
        span |= span_ending_at(wanted, end)
    by = tuple(name for name in NARROWING if getattr(wanted, name) is not None)
    statement = _letters(of_origin=wanted.origin is not None, by=by)
    causes: dict[str, Cause] = {}
    for look in looks:
        for row in LETTER.all(tx, statement, **look.values, **span, limit=LOOKED_AT):
            if visible is None or visible(row):
                _add(causes, row)
    in_order = sorted(causes.values(), key=lambda cause: (-cause.count, cause.id))
    return Causes(in_order, end)


@cache
def _letters(*, of_origin: bool, by: tuple[str, ...]) -> Select[tuple[str, ...]]:
    conditions = [*SPAN, *((OF_ORIGIN,) if of_origin else ()), *IN_STATE, SEEN]
    return (
        select(*LETTER.columns)
        .where(*conditions, *(NARROWING[name] for name in by))
        .order_by(*NEWEST_FIRST)
        .limit(bindparam("limit"))
    )


def _add(causes: dict[str, Cause], letter: Letter) -> None:
    id_ = cause_id(letter.target, letter.last_error)
    cause = causes.get(id_)
    if cause is None:
        error = normalised(letter.last_error or "")
        cause = causes[id_] = Cause(id_, error, letter, oldest_at=letter.scheduled_at)
    cause.count += 1
    cause.oldest_at = min(cause.oldest_at, letter.scheduled_at)
    cause.latest = max(cause.latest, letter)
    if len(cause.origins) < MOST_ORIGINS:
        cause.origins[letter.origin] = None
