"""Finds the service accounts that a plan uses."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from tocsin.plans.plan import Action, Plan

FIELD = "service_account_id"


def accounts_of(plan: Plan) -> frozenset[str]:
    """Returns the service accounts of a plan's source, targets and dead letter queues."""
    return frozenset((*_within(plan.source), *_within(plan.actions)))


def accounts_of_action(action: Action) -> frozenset[str]:
    """Returns the service accounts of an action's target and dead letter queue."""
    return frozenset(_within(action))


def _within(value: Any) -> Iterator[str]:
    """Yields accounts by the field's name, so that new sources and targets need no entry here."""
    if isinstance(value, tuple):
        for item in value:
            yield from _within(item)
    elif is_dataclass(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            if field.name != FIELD:
                yield from _within(inner)
            elif inner:
                yield inner
