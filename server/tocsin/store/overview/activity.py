"""Counts what ended between two instants, and which origins failed."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.overview.resources import RESOURCE
from tocsin.store.schema import TROUBLED, triggers
from tocsin.store.schema import invocations as table


class FailingOrigin(NamedTuple):
    """How often a trigger or an integration failed, in a state."""

    origin: str
    parent: str
    failures: int


class Lag(NamedTuple):
    """By how many microseconds the first call of an invocation began after its instant."""

    resource: str
    micros: int


def _ended(*columns: Any) -> Any:
    return (
        select(*columns)
        .where(
            table.c.state == bindparam("state"),
            table.c.finished_at.is_not(None),
            table.c.finished_at >= bindparam("since"),
            table.c.finished_at < bindparam("until"),
        )
        .limit(bindparam("limit"))
    )


# The first is answered by the index alone.
_counted = _ended(literal_column("1").label("one")).subquery()
COUNT = select(func.count()).select_from(_counted)
_of_resources = _ended(RESOURCE.label("resource")).subquery()
COUNT_BY_RESOURCE = select(_of_resources.c.resource, func.count()).group_by(
    _of_resources.c.resource
)
LAGS = _ended(
    RESOURCE.label("resource"), (table.c.started_at - table.c.scheduled_at), table.c.attempts
).order_by(table.c.finished_at.desc())
_failed = (
    select(table.c.origin, table.c.parent)
    .where(
        table.c.state == bindparam("state"),
        TROUBLED,
        table.c.scheduled_at >= bindparam("since"),
        table.c.forgotten_at.is_(None),
    )
    .order_by(table.c.scheduled_at.desc(), table.c.id.desc())
    .limit(bindparam("limit"))
    .subquery()
)
FAILED = select(_failed.c.origin, _failed.c.parent, func.count()).group_by(
    _failed.c.origin, _failed.c.parent
)
IDS = FixedList("id", 100)
NAMES = select(triggers.c.id, triggers.c.name).where(triggers.c.id.in_(IDS.parameters))


def count_ended(
    tx: Transaction, state: State, since: datetime, until: datetime, *, limit: int
) -> int:
    """Counts the invocations that came to a final state, up to `limit`."""
    return int(tx.value(COUNT, **_span(state, since, until), limit=limit))


def ended_by_resource(
    tx: Transaction, state: State, since: datetime, until: datetime, *, limit: int
) -> dict[str, int]:
    """Returns the same by the invocations' resources."""
    return dict(tx.all(COUNT_BY_RESOURCE, **_span(state, since, until), limit=limit))


def lags(tx: Transaction, since: datetime, until: datetime, *, limit: int) -> list[Lag]:
    """Returns the lags of the latest successes at a first call, out of `limit` successes."""
    rows = tx.all(LAGS, **_span(State.SUCCEEDED, since, until), limit=limit)
    return [
        Lag(resource, max(0, micros))
        for resource, micros, attempts in rows
        if attempts == 1 and micros is not None
    ]


def failing_origins(
    tx: Transaction, state: State, since: datetime, *, limit: int
) -> list[FailingOrigin]:
    """Counts the latest failures in a state by their origins, up to `limit` failures."""
    rows = tx.all(FAILED, state=state.value, since=to_micros(since), limit=limit)
    return [FailingOrigin(*row) for row in rows]


def names_of_triggers(tx: Transaction, trigger_ids: list[str]) -> dict[str, str]:
    """Returns the names of those of the triggers that exist, by their ids."""
    return {
        trigger_id: name
        for part in IDS.slices(trigger_ids)
        for trigger_id, name in tx.all(NAMES, **part)
    }


def _span(state: State, since: datetime, until: datetime) -> dict[str, str | int]:
    return {"state": state.value, "since": to_micros(since), "until": to_micros(until)}
