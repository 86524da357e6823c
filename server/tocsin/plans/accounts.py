"""Finds the service accounts that a plan acts as."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from tocsin.plans.plan import Plan

FIELD = "service_account_id"


def accounts_of(plan: Plan) -> frozenset[str]:
    """Returns the service accounts of the source, the targets and the dead letter queues."""
    return frozenset((*_within(plan.source), *_within(plan.actions)))


def _within(value: Any) -> Iterator[str]:
    """Finds the field by its name, so that a new source or target need not be listed here."""
    if isinstance(value, tuple):
        for each in value:
            yield from _within(each)
    elif is_dataclass(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            if field.name != FIELD:
                yield from _within(inner)
            elif inner:
                yield inner
