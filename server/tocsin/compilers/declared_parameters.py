"""Compiles the parameters that a version declares, and checks the input of executions by them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jsonschema_rs

from tocsin.compilers.parameters import INT64, Parameter, to_json
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import Output
from tocsin.wire.json_text import Json, parse_json
from tocsin_protos.google.cloud.integrations.v1alpha import integration_version_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.event_parameter_pb2 import EventParameter
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType

Declaration = contract.IntegrationParameter

# What a JSON schema may come to once its references are followed: more could take any time.
MOST_SCHEMAS = 2000
MOST_FAULTS_OF_SCHEMA = 10
LONGEST_FAULT = 300
# Nothing that a schema names is fetched, and its patterns take linear time.
_OPTIONS: Mapping[str, Any] = {
    "offline": True,
    "pattern_options": jsonschema_rs.RegexOptions(),
}
Fault: TypeAlias = PlanError


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared parameter.

    Attributes:
        key: its name.
        kind: the name of its data type.
        taken: whether it is an input.
        default: its value if it is not given; None if it must be given.
        masked: whether its value is hidden.
        schema: checks its JSON; None checks nothing.
    """

    key: str
    kind: str
    taken: bool
    default: ValueType | None = field(default=None, compare=False)
    masked: bool = False
    schema: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Input:
    """What is handed to an integration, as the API shows it and as the integration gets it.

    `fields` has the path of each value in its request, for errors.
    """

    shown: Mapping[str, EventParameter]
    plain: Mapping[str, Json]
    fields: Mapping[str, str] = field(default_factory=dict)


def declared_of(version: contract.IntegrationVersion) -> tuple[Declared, ...] | None:
    """Returns what a version declares, or None if it declares nothing and so takes anything."""
    if not version.integration_parameters:
        return None
    return tuple(
        Declared(
            each.key,
            Declaration.DataType.Name(each.data_type),
            each.input_output_type in (Declaration.IN, Declaration.IN_OUT),
            each.default_value if _is_set(each) else None,
            each.masked,
            jsonschema_rs.validator_for(each.json_schema, **_OPTIONS) if each.json_schema else None,
        )
        for each in version.integration_parameters
    )


def outputs_of_version(version: contract.IntegrationVersion) -> tuple[Output, ...] | None:
    """Returns what comes back from a version; None if it declares nothing."""
    if not version.integration_parameters:
        return None
    return tuple(
        Output(
            each.key,
            Declaration.DataType.Name(each.data_type),
            each.masked,
            each.input_output_type == Declaration.IN_OUT,
        )
        for each in version.integration_parameters
        if each.input_output_type in (Declaration.OUT, Declaration.IN_OUT)
    )


def _is_set(declaration: Declaration) -> bool:
    return declaration.HasField("default_value")


# --- Checking declarations ---------------------------------------------------------------------


def faults_of_declarations(version: contract.IntegrationVersion, path: str) -> Iterator[Fault]:
    """Yields what is wrong with the declared parameters of a version."""
    for index, each in enumerate(version.integration_parameters):
        place = f"{path}.integration_parameters[{index}]"
        if not each.key:
            yield PlanError(f"{place}.key", "is required")
        kind = Declaration.DataType.Name(each.data_type)
        if kind not in TYPES:
            usable = ", ".join(list(TYPES)[1:])
            yield PlanError(f"{place}.data_type", f"must be one of {usable}, not {kind}")
            continue
        yield from _faults_of_schema(each, place)
        yield from _faults_of_default(each, kind, place)


def _faults_of_default(each: Declaration, kind: str, place: str) -> Iterator[Fault]:
    if not _is_set(each):
        return
    field_path = f"{place}.default_value"
    try:
        plain = to_json(Parameter(field_path, each.key, each.default_value, masked=False))
    except PlanError as error:
        yield error
        return
    if typed(plain, kind) is None:
        yield PlanError(field_path, f"must be {TYPES[kind][0]}, as data_type says")


def _faults_of_schema(each: Declaration, place: str) -> Iterator[Fault]:
    if not each.json_schema:
        return
    field_path = f"{place}.json_schema"
    try:
        schema = parse_json(each.json_schema)
    except ValueError as error:
        yield PlanError(field_path, f"is not JSON: {error}")
        return
    if not isinstance(schema, dict | bool):
        yield PlanError(field_path, "must be a JSON object")
        return
    if (why := _endless(schema)) is not None:
        yield PlanError(field_path, why)
        return
    try:
        jsonschema_rs.validator_for(each.json_schema, **_OPTIONS)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        yield PlanError(field_path, f"is not a JSON schema: {_first_line(error)}")


def _endless(schema: Json) -> str | None:
    """Returns why the time that a schema takes has no bound; None if it has one."""
    spent = 0

    def walk(value: Json, above: tuple[str, ...]) -> None:
        nonlocal spent
        spent += 1
        if spent > MOST_SCHEMAS:
            raise ValueError(f"must come to at most {MOST_SCHEMAS} parts, references followed")
        if isinstance(value, list):
            for each in value:
                walk(each, above)
        if not isinstance(value, dict):
            return
        for name, each in value.items():
            if name in ("$dynamicRef", "$recursiveRef"):
                raise ValueError(f"must not have {name}")
            if name == "$ref" and isinstance(each, str):
                if each in above:
                    raise ValueError(f"must not refer to itself, as by {each[:64]!r}")
                walk(_referred(schema, each), (*above, each))
            elif name not in ("$defs", "definitions"):
                walk(each, above)

    try:
        walk(schema, ("#",))
    except ValueError as error:
        return str(error)
    except RecursionError:
        return "is nested too deeply"
    return None


def _referred(schema: Json, reference: str) -> Json:
    """Returns what a reference of a schema leads to.

    Raises:
        ValueError: it leads out of the schema, or nowhere.
    """
    if not reference.startswith("#/"):
        raise ValueError(f"may refer to its own parts only, as #/$defs/A, not {reference[:64]!r}")
    found = schema
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            raise ValueError(f"refers to {reference[:64]!r}, which is not there")
    return found


# --- Checking input ----------------------------------------------------------------------------


def accepted(declared: tuple[Declared, ...], given: Input) -> Input:
    """Returns the input of an execution, typed as declared and with defaults.

    Raises:
        Faults: parameters are not declared, of another type, missing, or not as their schema says.
    """
    faults: list[Fault] = []
    by_key = {each.key: each for each in declared}
    found: dict[str, str] = {}
    for key in given.plain:
        place = given.fields.get(key, key)
        known = _known(key, by_key)
        if known is None:
            faults.append(PlanError(place, "is not a parameter that the integration declares"))
        elif not by_key[known].taken:
            faults.append(PlanError(place, "is not an input of the integration"))
        elif known in found:
            faults.append(PlanError(place, f"is given twice, also as {found[known][:64]!r}"))
        else:
            found[known] = key
    shown: dict[str, EventParameter] = {}
    plain: dict[str, Json] = {}
    for each in declared:
        if not each.taken:
            continue
        if each.key not in found:
            value = each.default
            if value is None:
                place = f"{given.fields.get('', 'input_parameters')}[{each.key[:64]}]"
                faults.append(PlanError(place, "is required by the integration"))
                continue
            shown[each.key] = EventParameter(key=each.key, value=value)
            plain[each.key] = to_json(Parameter(each.key, each.key, value, masked=False))
        else:
            faults += _take(each, found[each.key], given, shown, plain)
        if each.masked and each.key in shown:
            shown[each.key] = EventParameter(key=each.key, masked=True)
    if faults:
        raise Faults(faults)
    return Input(shown, plain)


class Faults(ValueError):
    """Input is not as it was declared; `faults` says all that is wrong."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


def _known(key: str, by_key: Mapping[str, Declared]) -> str | None:
    """Returns the declared name that is meant; backticks around a name may be left out or added."""
    for name in (key, key.strip("`"), f"`{key}`"):
        if name in by_key:
            return name
    return None


def _take(
    each: Declared,
    key: str,
    given: Input,
    shown: dict[str, EventParameter],
    plain: dict[str, Json],
) -> Iterator[Fault]:
    place, sent = given.fields.get(key, key), given.plain[key]
    value = typed(sent, each.kind)
    if value is None:
        yield PlanError(place, f"must be {TYPES[each.kind][0]}, as the integration declares")
        return
    if each.schema is not None:
        for number, error in enumerate(each.schema.iter_errors(sent)):
            if number == MOST_FAULTS_OF_SCHEMA:
                break
            within = "".join(f"[{step}]" for step in error.instance_path)
            yield PlanError(f"{place}{within}"[:LONGEST_FAULT], _first_line(error))
    as_sent = given.shown.get(key, EventParameter())
    if as_sent.masked:
        shown[each.key] = EventParameter(key=each.key, masked=True)
    elif each.kind == "JSON_VALUE" and as_sent.value.HasField("json_value"):
        # Its text stays as it was sent.
        shown[each.key] = EventParameter(key=each.key, value=as_sent.value)
    else:
        shown[each.key] = EventParameter(key=each.key, value=value)
    # Numbers of a Struct are doubles, and whole numbers are given for doubles.
    plain[each.key] = (
        to_json(Parameter(place, each.key, value, masked=False))
        if each.kind.startswith(("INT_", "DOUBLE_"))
        else sent
    )


def _first_line(error: Exception) -> str:
    message: str = getattr(error, "message", "") or str(error)
    return message.partition("\n")[0][:LONGEST_FAULT]


# --- Types -------------------------------------------------------------------------------------


def typed(value: Json, kind: str) -> ValueType | None:
    """Returns plain JSON as a value of a data type; None if it does not fit."""
    return TYPES[kind][1](value) if kind in TYPES else None


def _text(value: Json) -> ValueType | None:
    return ValueType(string_value=value) if isinstance(value, str) else None


def _whole(value: Json) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool) and value in INT64
    return value if is_whole and isinstance(value, int) else None


def _number(value: Json) -> float | None:
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _array(
    value: Json, element: Callable[[Json], Any], build: Callable[[list[Any]], ValueType]
) -> ValueType | None:
    if not isinstance(value, list):
        return None
    elements = [element(each) for each in value]
    return None if any(each is None for each in elements) else build(elements)


def _string_or_none(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _bool_or_none(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _of_int(value: Json) -> ValueType | None:
    whole = _whole(value)
    return None if whole is None else ValueType(int_value=whole)


def _of_double(value: Json) -> ValueType | None:
    number = _number(value)
    return None if number is None else ValueType(double_value=number)


def _of_bool(value: Json) -> ValueType | None:
    return ValueType(boolean_value=value) if isinstance(value, bool) else None


def _texts(value: Json) -> ValueType | None:
    return _array(
        value, _string_or_none, lambda each: ValueType(string_array={"string_values": each})
    )


def _wholes(value: Json) -> ValueType | None:
    return _array(value, _whole, lambda each: ValueType(int_array={"int_values": each}))


def _numbers(value: Json) -> ValueType | None:
    return _array(value, _number, lambda each: ValueType(double_array={"double_values": each}))


def _bools(value: Json) -> ValueType | None:
    return _array(
        value, _bool_or_none, lambda each: ValueType(boolean_array={"boolean_values": each})
    )


def _json(value: Json) -> ValueType:
    return ValueType(json_value=json.dumps(value, ensure_ascii=False))


def _any(value: Json) -> ValueType:
    match value:
        case str():
            return ValueType(string_value=value)
        case bool():
            return ValueType(boolean_value=value)
        case int() if value in INT64:
            return ValueType(int_value=value)
        case float():
            return ValueType(double_value=value)
        case _:
            return _json(value)


# The words for each data type, and what reads it from JSON.
TYPES: Mapping[str, tuple[str, Callable[[Json], ValueType | None]]] = {
    "INTEGRATION_PARAMETER_DATA_TYPE_UNSPECIFIED": ("any value", _any),
    "STRING_VALUE": ("a string", _text),
    "INT_VALUE": ("a whole number of 64 bits", _of_int),
    "DOUBLE_VALUE": ("a number", _of_double),
    "BOOLEAN_VALUE": ("true or false", _of_bool),
    "STRING_ARRAY": ("a list of strings", _texts),
    "INT_ARRAY": ("a list of whole numbers of 64 bits", _wholes),
    "DOUBLE_ARRAY": ("a list of numbers", _numbers),
    "BOOLEAN_ARRAY": ("a list of true and false", _bools),
    "JSON_VALUE": ("JSON", _json),
}
