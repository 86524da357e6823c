"""Converts parameters of integrations from the contract's typed values to plain JSON and back."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from itertools import chain
from typing import Any, NamedTuple

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from tocsin.plans.errors import PlanError
from tocsin.wire.json_text import Json, parse_json
from tocsin_protos.google.cloud.integrations.v1alpha.event_bus_parameters_pb2 import (
    FrontendsParameterEntry,
)
from tocsin_protos.google.cloud.integrations.v1alpha.event_parameter_pb2 import EventParameter
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
    ExecuteIntegrationsRequest,
    ScheduleIntegrationsRequest,
    TestIntegrationsRequest,
)
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType

# An integer outside the contract's int64 is answered as JSON text.
INT64 = range(-(2**63), 2**63)

# Each parameter costs tens of microseconds wherever it is read, which other calls wait for.
MOST_PARAMETERS = 10_000

# The members of a value that each declared type takes; the unspecified type takes any. A protobuf
# enum's value is its number or its name. No member holds bytes or what can't be serialised.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "DATA_TYPE_UNSPECIFIED": (),
    **{
        name: (name.lower(),)
        for name in (
            "STRING_VALUE",
            "INT_VALUE",
            "DOUBLE_VALUE",
            "BOOLEAN_VALUE",
            "PROTO_VALUE",
            "SERIALIZED_OBJECT_VALUE",
            "STRING_ARRAY",
            "INT_ARRAY",
            "DOUBLE_ARRAY",
            "PROTO_ARRAY",
            "BOOLEAN_ARRAY",
            "JSON_VALUE",
        )
    },
    "PROTO_ENUM": ("int_value", "string_value"),
    "PROTO_ENUM_ARRAY": ("int_array", "string_array"),
}

# The members whose values are plain JSON as they are.
PLAIN = frozenset({"string_value", "int_value", "boolean_value"})


class Parameter(NamedTuple):
    """Holds one named value as the client sent it.

    `field` is its path in the request; `within` is the value's path below it, empty in a map.
    """

    field: str
    key: str
    value: Any
    masked: bool
    within: str = ""


def sent_parameters(request: ScheduleIntegrationsRequest) -> dict[str, Parameter]:
    """Collects the parameters from the three fields of the request that can carry them.

    Raises:
        PlanError: there are too many, a parameter has no name or is not of its declared type, or
            two have the same name.
    """
    return _by_name(_carried(request))


def executed_parameters(request: ExecuteIntegrationsRequest) -> dict[str, Parameter]:
    """Collects the parameters of a request to execute in the same way; its oldest form has types.

    Raises:
        PlanError: there are too many, a parameter has no name or is not of its declared type, or
            two have the same name.
    """
    older = {
        "parameter_entries": request.parameter_entries,
        "parameters.parameters": request.parameters.parameters,
    }
    return _by_name(
        chain(
            _named("input_parameters", request.input_parameters),
            *(_entries(path, entries) for path, entries in older.items()),
        )
    )


def tested_parameters(request: TestIntegrationsRequest) -> dict[str, Parameter]:
    """Collects the parameters of a request to test, which has two fields for them.

    Raises:
        PlanError: there are too many, a parameter has no name or is not of its declared type, or
            two have the same name.
    """
    return _by_name(
        chain(
            _named("input_parameters", request.input_parameters),
            _entries("parameters.parameters", request.parameters.parameters),
        )
    )


def named_parameters(field: str, values: Mapping[str, ValueType]) -> dict[str, Parameter]:
    """Collects the parameters of a map.

    Raises:
        PlanError: there are too many, or a parameter has no name.
    """
    return _by_name(_named(field, values))


def check_count(field: str, parameters: Sized) -> None:
    """Refuses more parameters in a field than an integration takes.

    Raises:
        PlanError: there are too many.
    """
    if len(parameters) > MOST_PARAMETERS:
        raise PlanError(
            field, f"must have at most {MOST_PARAMETERS} parameters, but has {len(parameters)}"
        )


def _by_name(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    by_name: dict[str, Parameter] = {}
    for parameter in parameters:
        if not parameter.key:
            raise PlanError(f"{parameter.field}.key", "Field is required")
        if parameter.key in by_name:
            raise PlanError(
                parameter.field, f"parameter {parameter.key[:64]!r} is given more than once"
            )
        by_name[parameter.key] = parameter
    return by_name


def _named(field: str, values: Mapping[str, ValueType]) -> Iterator[Parameter]:
    check_count(field, values)
    # A map of protobuf walked by its items costs several times as much.
    for key in values:
        yield Parameter(f"{field}[{key[:64]}]", key, values[key], masked=False)


def _entries(path: str, entries: Sequence[FrontendsParameterEntry]) -> Iterator[Parameter]:
    check_count(path, entries)
    for index, entry in enumerate(entries):
        field = f"{path}[{index}]"
        _check_type(field, entry)
        yield Parameter(field, entry.key, entry.value, entry.masked, ".value")


def _carried(request: ScheduleIntegrationsRequest) -> Iterator[Parameter]:
    yield from _named("input_parameters", request.input_parameters)
    yield from _entries("parameter_entries", request.parameter_entries)
    if not request.HasField("parameters"):
        return
    check_count("parameters.parameters", request.parameters.parameters)
    for index, old in enumerate(request.parameters.parameters):
        field = f"parameters.parameters[{index}]"
        yield Parameter(field, old.key, old.value, old.masked, ".value")


def _check_type(field: str, entry: FrontendsParameterEntry) -> None:
    """Checks that a value is of the type that its entry declares; nothing is converted.

    Raises:
        PlanError: no value can have the type, or the value has another.
    """
    name = FrontendsParameterEntry.DataType.Name(entry.data_type)
    members = MEMBERS.get(name)
    if members is None:
        raise PlanError(f"{field}.data_type", f"no parameter can be a {name}")
    sent = entry.value.WhichOneof("value")
    if members and sent is not None and sent not in members:
        expected = " or ".join(members)
        raise PlanError(f"{field}.value", f"must set {expected}, as {name} asks for, not {sent}")


def plain_values(field: str, values: Mapping[str, ValueType]) -> dict[str, Json]:
    """Returns the plain JSON values of a map of typed ones, whose path in the request is `field`.

    Raises:
        PlanError: there are too many, a parameter has no name, or a `json_value` is not JSON.
    """
    check_count(field, values)
    plain: dict[str, Json] = {}
    for key, value in values.items():
        member = value.WhichOneof("value")
        if member in PLAIN and key:
            plain[key] = getattr(value, member)
        else:
            plain |= {
                name: to_json(parameter)
                for name, parameter in named_parameters(field, {key: value}).items()
            }
    return plain


def to_json(parameter: Parameter) -> Json:
    """Returns the plain JSON value of a typed one.

    Raises:
        PlanError: a `json_value` is not JSON.
    """
    member = parameter.value.WhichOneof("value")
    if member is None:
        return None
    value = getattr(parameter.value, member)
    match member:
        case "json_value":
            return _parsed(f"{parameter.field}{parameter.within}.json_value", value)
        case "double_value":
            return _number(value)
        case "double_array":
            return [_number(number) for number in value.double_values]
        case "string_array" | "int_array" | "boolean_array":
            return list(getattr(value, member.replace("_array", "_values")))
        case "proto_value":
            return _message(value)
        case "proto_array":
            return [_message(packed) for packed in value.proto_values]
        case "serialized_object_value":
            return base64.b64encode(value.object_value).decode()
        case _:
            plain: Json = value
            return plain


def to_event_parameter(parameter: Parameter) -> EventParameter:
    """Returns the public form of a parameter; a masked one shows its name only."""
    if parameter.masked:
        return EventParameter(key=parameter.key, masked=True)
    if isinstance(parameter.value, ValueType):
        return EventParameter(key=parameter.key, value=parameter.value)
    return EventParameter(key=parameter.key, value=from_json(to_json(parameter)))


def from_json(value: Json) -> ValueType:
    """Returns the typed value of a plain JSON one; arrays and objects become JSON text."""
    match value:
        case None:
            return ValueType()
        case bool():
            return ValueType(boolean_value=value)
        case int() if value in INT64:
            return ValueType(int_value=value)
        case float():
            return ValueType(double_value=value)
        case str():
            return ValueType(string_value=value)
        case _:
            return ValueType(json_value=json.dumps(value, ensure_ascii=False))


def _parsed(field: str, text: str) -> Json:
    try:
        return parse_json(text)
    except ValueError as error:
        raise PlanError(field, f"not JSON: {error}") from error


def _number(value: float) -> Json:
    """Returns a JSON number; NaN and the infinities become their names, as in proto3 JSON."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _message(value: AnyMessage) -> Json:
    try:
        plain: Json = json_format.MessageToDict(value)
    except (TypeError, ValueError, DecodeError, json_format.Error):
        # Only the sender and its target know the type, or the value is broken.
        plain = {"@type": value.type_url, "value": base64.b64encode(value.value).decode()}
    return plain
