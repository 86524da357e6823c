"""Reads the conditions of lists of executions: filters, filter parameters and orders."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial

from tocsin.api.google.executions.candidates import Candidate
from tocsin.api.google.expressions import (
    Comparison,
    Test,
    comparisons,
    compiled,
    parse_expression,
)
from tocsin.store.driver.instants import EPOCH
from tocsin.store.invocations.executions import Wanted
from tocsin.store.invocations.rows import State
from tocsin.wire.errors import invalid_field
from tocsin.wire.resource_names import integration_name
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import ExecutionFilterParams
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType

MILLISECOND = timedelta(milliseconds=1)


class Field(Enum):
    """Names what a filter may be about, under its several names."""

    INTEGRATION = "integration"
    CREATED = "created"
    UPDATED = "updated"
    STATE = "state"
    ID = "id"
    TRIGGER = "trigger"
    PARAMETER_TYPE = "parameter type"


# The fields of each version's filter, by their lower-case names without underscores.
V1_FIELDS: Mapping[str, Field] = {
    "workflow_name": Field.INTEGRATION,
    "CreateTimestamp": Field.CREATED,
    "event_execution_state": Field.STATE,
    "execution_id": Field.ID,
    "trigger_id": Field.TRIGGER,
    "parameter_type": Field.PARAMETER_TYPE,
}
V2_FIELDS: Mapping[str, Field] = {
    "integration_name": Field.INTEGRATION,
    "create_time": Field.CREATED,
    "update_time": Field.UPDATED,
    "state": Field.STATE,
    "execution_id": Field.ID,
    "trigger_id": Field.TRIGGER,
}
INSTANTS = (Field.CREATED, Field.UPDATED)

# The states by the names of all views of an execution.
STATES: Mapping[str, frozenset[State]] = {
    "PENDING": frozenset({State.PENDING}),
    "ON_HOLD": frozenset({State.PENDING}),
    "PROCESSING": frozenset({State.RUNNING, State.DEAD_LETTERING}),
    "IN_PROCESS": frozenset({State.RUNNING, State.DEAD_LETTERING}),
    "SUCCEEDED": frozenset({State.SUCCEEDED}),
    "FAILED": frozenset({State.FAILED, State.DEAD_LETTERED}),
    "CANCELLED": frozenset({State.CANCELLED}),
    "CANCELED": frozenset({State.CANCELLED}),
    "RETRY_ON_HOLD": frozenset({State.RETRYING}),
    "SUSPENDED": frozenset(),
}
# What a type is called, by the member of a value.
TYPES = {field.name: field.name.removesuffix("_value") for field in ValueType.DESCRIPTOR.fields}

Matches = Test[Candidate]


@dataclass(frozen=True, slots=True)
class Query:
    """Says which executions to list: what indexes narrow, and what each must match.

    `execution_id` is the only one that can match; empty if any can.
    """

    wanted: Wanted
    matches: Matches
    execution_id: str = ""


@dataclass(frozen=True, slots=True)
class _Condition:
    """A comparison with its field and its value understood, and where it was sent."""

    sent: Comparison
    field: Field
    source: str

    @property
    def instant(self) -> datetime:
        return _instant(self.source, self.sent.value)

    @property
    def states(self) -> frozenset[State]:
        return _states(self.source, self.sent.value)


def query_of(
    wanted: Wanted,
    text: str,
    fields: Mapping[str, Field],
    params: ExecutionFilterParams | None = None,
) -> Query:
    """Returns what a filter and filter parameters ask for.

    Raises:
        ApiError: one of them can't be parsed, or asks for what is not supported.
    """
    texts = [("filter", text)]
    if params is not None:
        texts.append(("filter_params.custom_filter", params.custom_filter))
    query = Query(wanted, _all_of(()))
    for source, filter_text in texts:
        if filter_text:
            query = _narrowed(query, source, filter_text, fields)
    return query if params is None else _with_params(query, params)


def oldest_first(order_by: str) -> bool:
    """Returns whether an order asks for the oldest first.

    Raises:
        ApiError: it is not an order by the time of creation (AIP-132).
    """
    match order_by.replace("createTime", "create_time").split():
        case [] | ["create_time", "desc"]:
            return False
        case ["create_time"] | ["create_time", "asc"]:
            return True
        case _:
            raise invalid_field(
                "order_by", "must be create_time, create_time asc or create_time desc"
            )


def _narrowed(query: Query, source: str, text: str, fields: Mapping[str, Field]) -> Query:
    try:
        expression = parse_expression(text)
    except ValueError as error:
        raise _refused(source, str(error), fields) from error
    by_name = {_plain(name): field for name, field in fields.items()}

    def understood(comparison: Comparison) -> _Condition:
        field = by_name.get(_plain(comparison.field))
        if field is None:
            raise _refused(source, f"the field {comparison.field[:64]!r} is not supported", fields)
        _check_operator(source, comparison, field)
        return _Condition(comparison, field, source)

    matches = compiled(expression, lambda comparison: _test_of(understood(comparison)))
    narrowed = replace(query, matches=_all_of((query.matches, matches)))
    for comparison in comparisons(expression):
        narrowed = _indexed(narrowed, understood(comparison))
    return narrowed


def _check_operator(source: str, comparison: Comparison, field: Field) -> None:
    allowed: tuple[str, ...] = ("=", "!=")
    if field in INSTANTS:
        allowed += ("<", "<=", ">", ">=")
    if field is Field.PARAMETER_TYPE:
        allowed += (":",)
    if comparison.operator not in allowed:
        raise invalid_field(
            source,
            f"{comparison.field[:64]} can't be compared by {comparison.operator}; expected one of "
            + " ".join(allowed),
        )


def _indexed(query: Query, condition: _Condition) -> Query:
    """Narrows a query by a condition that must hold, if an index knows its field."""
    wanted, value, operator = query.wanted, condition.sent.value, condition.sent.operator
    if condition.field is Field.CREATED:
        return replace(query, wanted=_in_time(wanted, operator, condition.instant))
    if operator != "=":
        return query
    match condition.field:
        case Field.INTEGRATION:
            return replace(query, wanted=_of_integration(wanted, value))
        case Field.STATE:
            states = wanted.states & condition.states
            return replace(query, wanted=replace(wanted, states=states))
        case Field.TRIGGER:
            return replace(query, wanted=replace(wanted, trigger=value))
        case Field.ID:
            return replace(query, execution_id=value)
    return query


def _of_integration(wanted: Wanted, name: str) -> Wanted:
    """Narrows a list to an integration; if the list is of another one, nothing is wanted."""
    origin = integration_name(wanted.location, name)
    if wanted.origin not in (None, origin):
        return replace(wanted, states=frozenset())
    return replace(wanted, origin=origin)


def _in_time(wanted: Wanted, operator: str, instant: datetime) -> Wanted:
    """Narrows a list to the instants at which executions can match."""
    after = instant + MILLISECOND
    start = wanted.stored_from or datetime.min.replace(tzinfo=UTC)
    end = wanted.stored_before or datetime.max.replace(tzinfo=UTC)
    match operator:
        case "=":
            start, end = max(start, instant), min(end, after)
        case "<" | "<=":
            end = min(end, after)
        case ">" | ">=":
            start = max(start, instant)
    return replace(wanted, stored_from=start, stored_before=end)


def _test_of(condition: _Condition) -> Matches:
    operator, value = condition.sent.operator, condition.sent.value
    if operator == "!=":
        equal = _test_of(replace(condition, sent=replace(condition.sent, operator="=")))
        return lambda candidate: not equal(candidate)
    match condition.field:
        case Field.INTEGRATION:
            return lambda candidate: candidate.integration == value
        case Field.TRIGGER:
            return lambda candidate: candidate.trigger == value
        case Field.ID:
            return lambda candidate: candidate.has_id(value)
        case Field.STATE:
            states = condition.states
            return lambda candidate: candidate.stored.state in states
        case Field.PARAMETER_TYPE:
            wanted_type = _type(condition.source, value)
            return lambda candidate: wanted_type in candidate.parameter_types()
        case Field.CREATED:
            return partial(_compare_created, operator, condition.instant)
        case Field.UPDATED:
            return partial(_compare_updated, operator, condition.instant)


def _compare_created(operator: str, instant: datetime, candidate: Candidate) -> bool:
    return _compares(candidate.created_at, operator, instant)


def _compare_updated(operator: str, instant: datetime, candidate: Candidate) -> bool:
    return _compares(candidate.updated_at, operator, instant)


def _compares(instant: datetime, operator: str, other: datetime) -> bool:
    """Compares with whole milliseconds, as clients are given them in some views."""
    match operator:
        case "<":
            return instant < other
        case "<=":
            return instant < other + MILLISECOND
        case ">":
            return instant > other
        case ">=":
            return instant >= other
        case _:
            return other <= instant < other + MILLISECOND


def _with_params(query: Query, params: ExecutionFilterParams) -> Query:
    if params.task_statuses:
        raise invalid_field(
            "filter_params.task_statuses", "is not supported: an integration has no tasks here"
        )
    tests: list[Matches] = []
    wanted = query.wanted
    if params.event_statuses:
        states = frozenset[State]().union(
            *(
                _states(f"filter_params.event_statuses[{index}]", name)
                for index, name in enumerate(params.event_statuses)
            )
        )
        wanted = replace(wanted, states=wanted.states & states)
        tests.append(lambda candidate: candidate.stored.state in states)
    if params.start_time:
        wanted = _in_time(wanted, ">=", _of_millis("filter_params.start_time", params.start_time))
    if params.end_time:
        wanted = _in_time(wanted, "<=", _of_millis("filter_params.end_time", params.end_time))
    if params.workflow_name:
        name = params.workflow_name
        wanted = _of_integration(wanted, name)
        tests.append(lambda candidate: candidate.integration == name)
    tests += _parameter_tests(params)
    query = replace(query, wanted=wanted, matches=_all_of((query.matches, *tests)))
    if params.execution_id:
        execution_id = params.execution_id
        matches = _all_of((query.matches, lambda candidate: candidate.has_id(execution_id)))
        query = replace(query, execution_id=execution_id, matches=matches)
    return query


def _parameter_tests(params: ExecutionFilterParams) -> Iterable[Matches]:
    key = params.parameter_pair_key or params.parameter_key
    value = params.parameter_pair_value or params.parameter_value
    if key or value:
        yield lambda candidate: candidate.has_parameter(key, value)
    if params.parameter_type:
        wanted_type = _type("filter_params.parameter_type", params.parameter_type)
        yield lambda candidate: wanted_type in candidate.parameter_types()


def _all_of(tests: tuple[Callable[[Candidate], bool], ...]) -> Matches:
    return lambda candidate: all(test(candidate) for test in tests)


def _states(source: str, name: str) -> frozenset[State]:
    states = STATES.get(name.upper())
    if states is None:
        raise invalid_field(
            source, f"{name[:64]!r} is not a state; expected one of {', '.join(STATES)}"
        )
    return states


def _type(source: str, name: str) -> str:
    """Returns the member of a value that a type's name means, such as `string` or `INT_ARRAY`."""
    plain = name.lower()
    for member, short in TYPES.items():
        if plain in (member, short):
            return member
    raise invalid_field(
        source, f"{name[:64]!r} is not a type; expected one of {', '.join(TYPES.values())}"
    )


def _instant(source: str, text: str) -> datetime:
    """Reads an instant by RFC 3339, or in milliseconds since 1970."""
    if text.isascii() and text.isdigit():
        return _of_millis(source, int(text[:20]))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise invalid_field(
            source,
            f"{text[:64]!r} is not an instant; expected one such as 2026-03-01T09:00:00Z, or "
            "milliseconds since 1970",
        )
    return instant.astimezone(UTC)


def _of_millis(source: str, millis: int) -> datetime:
    try:
        return EPOCH + millis * MILLISECOND
    except OverflowError:
        raise invalid_field(source, "must be an instant of the years 1 to 9999") from None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _refused(source: str, reason: str, fields: Mapping[str, Field]) -> Exception:
    return invalid_field(
        source,
        f"{reason}; expected conditions of {', '.join(fields)}, such as "
        'trigger_id = "api_trigger/orders" AND NOT execution_id = a',
    )
