"""Stores many new executions at once that differ in little."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import bindparam, insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.invocations import large_values
from tocsin.store.invocations.large_values import LARGEST_IN_ROW
from tocsin.store.invocations.rows import INVOCATION, Invocation
from tocsin.store.schema import invocations as table

# The columns that new executions fill; the others are empty or have their default.
SHARED = (
    *("parent", "origin", "action", "target", "state", "attempts", "created_at"),
    *("integration_trigger", "traceparent"),
)
COLUMNS = (*SHARED, "id", "scheduled_at", "next_at", "payload", "message")
INSERT = insert(table).values({name: bindparam(name) for name in COLUMNS})


class Own(NamedTuple):
    """What one of the executions has of its own; it is due at `due_us`."""

    id: str
    due_us: int
    payload: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class Alike:
    """Executions as the model, except for what each has of its own.

    Their ids are new, and no client has chosen one.
    """

    model: Invocation
    each: list[Own] = field(default_factory=list)


def insert_alike(tx: Transaction, groups: Sequence[Alike]) -> None:
    """Adds executions, each to be delivered when it is due."""
    rows: list[dict[str, Value]] = []
    for group in groups:
        values = INVOCATION.values(group.model)
        shared = {name: values[name] for name in SHARED}
        rows += [
            {
                **shared,
                "id": own.id,
                "scheduled_at": own.due_us,
                "next_at": own.due_us,
                "payload": own.payload,
                "message": own.message,
            }
            for own in group.each
        ]
    if not rows:
        return
    large = _take_out_large(tx, groups, rows)
    tx.many(INSERT, rows)
    for invocation_id, apart in large:
        large_values.keep(tx, invocation_id, apart)
    due_us = min(own.due_us for group in groups for own in group.each)
    tx.ring(Bell.DELIVERIES, from_micros(due_us))
    tx.changed(Watched.INVOCATIONS, [own.id for group in groups for own in group.each])


def _take_out_large(
    tx: Transaction, groups: Sequence[Alike], rows: Sequence[dict[str, Value]]
) -> list[tuple[str, dict[str, Value]]]:
    """Takes the large values out of rows; returns them by their invocations' ids."""
    owns = (own for group in groups for own in group.each)
    large = []
    for own, row in zip(owns, rows, strict=True):
        if len(own.payload) > LARGEST_IN_ROW or len(own.message) > LARGEST_IN_ROW:
            large.append((own.id, large_values.take_out(tx, row)))
    return [(invocation_id, apart) for invocation_id, apart in large if apart]
