"""Parses the filter of ListOperations, a part of AIP-160: `:`, `=`, AND and NOT on a few fields."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.api.google.expressions import tokens_of
from tocsin.wire.errors import invalid_field
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import (
    ExecutionInfo,
    IntegrationExecutionDetails,
)

LONGEST_FILTER = 1000
STATE = "metadata.integration_execution_details.integration_execution_state"

# The text of each field that a filter may name, besides `done`.
FIELDS: dict[str, Callable[[str, ExecutionInfo], str]] = {
    "name": lambda name, _: name,
    "metadata.integration": lambda _, info: info.integration,
    "metadata.trigger_id": lambda _, info: info.trigger_id,
    "metadata.execution_id": lambda _, info: info.execution_id,
    "metadata.execution_method": lambda _, info: ExecutionInfo.ExecutionMethod.Name(
        info.execution_method
    ),
    STATE: lambda _, info: IntegrationExecutionDetails.IntegrationExecutionState.Name(
        info.integration_execution_details.integration_execution_state
    ),
}

# Of a field that only needs to be set.
ANY_TEXT: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Compares a field with the texts between which anything may stand."""

    field: str
    parts: tuple[str, ...]
    negated: bool

    def holds(self, name: str, info: ExecutionInfo) -> bool:
        return _matches(FIELDS[self.field](name, info), self.parts) is not self.negated


@dataclass(frozen=True, slots=True)
class OperationFilter:
    """Holds what is wanted: values of `done`, and conditions that must all hold."""

    done: frozenset[bool] = frozenset((True, False))
    conditions: tuple[Condition, ...] = ()

    def holds(self, name: str, info: ExecutionInfo) -> bool:
        return all(condition.holds(name, info) for condition in self.conditions)


def operation_filter(text: str) -> OperationFilter:
    """Parses a filter; an empty one matches all.

    Raises:
        ApiError: the filter can't be parsed, or uses a field or an operator that is not supported.
    """
    if len(text) > LONGEST_FILTER:
        raise _refused(f"must have at most {LONGEST_FILTER} characters")
    try:
        tokens = tokens_of(text)
    except ValueError as error:
        raise _refused(str(error)) from error
    done = {True, False}
    conditions: list[Condition] = []
    while tokens:
        negated = False
        if tokens[0] == "NOT":
            negated, _ = True, tokens.pop(0)
        elif tokens[0].startswith("-") and tokens[0] != "-":
            negated, tokens[0] = True, tokens[0][1:]
        field, operator, value = _restriction(tokens)
        if field == "done":
            done &= {_truth(value) is not negated}
        else:
            conditions.append(Condition(field, _parts(operator, value), negated))
        if tokens and tokens[0] == "OR":
            raise _refused("conditions must be joined by AND, not by 'OR'")
        # Between two conditions the AND may be left out.
        if tokens and tokens[0] == "AND":
            del tokens[0]
            if not tokens:
                raise _refused("a condition is missing after AND")
    return OperationFilter(frozenset(done), tuple(conditions))


def _restriction(tokens: list[str]) -> tuple[str, str, str]:
    """Takes a field, an operator and a value."""
    if len(tokens) < 3 or tokens[0] in "(),":
        raise _refused(f"expected a field, an operator and a value at {' '.join(tokens)[:64]!r}")
    sent, operator, value = tokens[:3]
    del tokens[:3]
    field = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", sent)
    if field != "done" and field not in FIELDS:
        raise _refused(
            f"the field {sent[:64]!r} is not supported; expected done, {', '.join(FIELDS)}"
        )
    if operator not in ("=", ":"):
        raise _refused(f"the operator {operator[:64]!r} is not supported; expected = or :")
    if value in ("=", ":", "(", ")", ","):
        raise _refused(f"a value is missing before {value!r}")
    return field, operator, value[1:-1] if value[0] in "\"'" else value


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise _refused(f"done must be true or false, not {value[:64]!r}")
    return value == "true"


def _parts(operator: str, value: str) -> tuple[str, ...]:
    """Returns the texts around each `*`; `:` matches a part of the field, `=` all of it."""
    if operator == ":" and value == "*":
        return ANY_TEXT
    parts = tuple(value.split("*"))
    return ("", *parts, "") if operator == ":" else parts


def _matches(text: str, parts: tuple[str, ...]) -> bool:
    """Returns whether a text has the parts in their order, with anything between them.

    A regular expression could take exponential time for many `*`.
    """
    if not parts:
        return bool(text)
    if len(parts) == 1:
        return text == parts[0]
    first, *between, last = parts
    end = len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or end < len(first):
        return False
    position = len(first)
    for part in between:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _refused(reason: str) -> Exception:
    return invalid_field("filter", f"{reason}; expected a filter such as done = true AND name:abc")
