"""Finds the locations that have executions, versions of integrations, or schedules."""

from heapq import merge
from itertools import groupby, islice

from sqlalchemy import Column, Select, bindparam, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_versions
from tocsin.store.schedules.schema import schedules
from tocsin.store.schema import invocations


def _distinct(column: Column[str], *within: ColumnElement[bool]) -> Select[tuple[str]]:
    """Steps through an index from one value to the next, however many rows each has."""
    first = select(func.min(column)).where(*within)
    step = select(first.scalar_subquery().label("name"), literal_column("1").label("number")).cte(
        "names", recursive=True
    )
    following = select(func.min(column)).where(column > step.c.name, *within)
    names = step.union_all(
        select(following.scalar_subquery(), step.c.number + literal_column("1")).where(
            step.c.name.is_not(None), step.c.number < bindparam("most")
        )
    )
    return select(names.c.name).where(names.c.name.is_not(None))


LOCATIONS = (
    _distinct(invocations.c.parent, invocations.c.message.is_not(None)),
    _distinct(integration_versions.c.location),
    _distinct(schedules.c.parent),
)


def locations(tx: Transaction, *, most: int) -> list[str]:
    """Returns up to `most` locations, `projects/*/locations/*`, in order."""
    found = merge(*(sorted(tx.column(each, most=most)) for each in LOCATIONS))
    return list(islice((name for name, _ in groupby(found)), most))
