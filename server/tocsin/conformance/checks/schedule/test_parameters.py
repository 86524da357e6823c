"""Parameters: the values that an integration is handed."""

from typing import Any

import pytest
from google.protobuf import json_format

from tocsin.conformance.checks.schedule.scheduler import DISCOVERY, PROTO, Scheduler
from tocsin.conformance.checks.schedule.values import (
    OLDER,
    VALUES,
    WRONG,
    data_type,
    kebab,
    snake,
)
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_error, expect_rest_error
from tocsin_protos.google.cloud.integrations.v1alpha import (
    event_bus_parameters_pb2,
    value_type_pb2,
)

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

VALUE_TYPE = "proto google/cloud/integrations/v1alpha/value_type.proto, ValueType.{}"
INPUTS = f"{DISCOVERY}.inputParameters: 'Input parameters used by integration execution'"
OLDER_CARRIER = ("older-parameters",)


def value_of(member: str, value: Any) -> Any:
    return json_format.ParseDict({member: value}, value_type_pb2.ValueType())


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=clause(
                f"schedule.parameters.input.{kebab(member)}",
                MUST,
                f"A parameter with a {snake(member)} MUST be taken.",
                source=VALUE_TYPE.format(snake(member)),
            ),
        )
        for member in VALUES
    ],
)
def test_a_parameter_of_each_type_is_taken(scheduler: Scheduler, member: str) -> None:
    assert scheduler.ids(input_parameters={"conformance": value_of(member, VALUES[member])})


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=clause(
                f"schedule.parameters.input.rest.{kebab(member)}",
                MUST,
                f"A parameter with {member} in the body of a request over REST MUST be taken.",
                source="discovery document integrations v1, ValueType." + member,
                features=("rest",),
            ),
        )
        for member in VALUES
    ],
)
def test_a_parameter_of_each_type_is_taken_over_rest(scheduler: Scheduler, member: str) -> None:
    sent = {"inputParameters": {"conformance": {member: VALUES[member]}}}
    assert scheduler.rest_ids(sent)


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=clause(
                f"schedule.parameters.input.wrong.{kebab(member)}",
                MUST,
                f"A parameter whose {member} is of another type MUST be refused with 400.",
                source=f"discovery document integrations v1, ValueType.{member}; ProtoJSON",
                features=("rest",),
            ),
        )
        for member in WRONG
    ],
)
def test_a_parameter_of_a_wrong_type_is_refused(scheduler: Scheduler, member: str) -> None:
    sent = {"inputParameters": {"conformance": {member: WRONG[member]}}}
    expect_rest_error(scheduler.rest(sent), Code.INVALID_ARGUMENT)


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, "No parameters"),
    "no-value": ({"conformance": {}}, "A parameter without a value"),
    "empty-array": ({"conformance": {"stringArray": {}}}, "A list without elements"),
    "empty-string": ({"conformance": {"stringValue": ""}}, "An empty text"),
    "zero": ({"conformance": {"intValue": "0"}}, "A zero"),
    "false": ({"conformance": {"booleanValue": False}}, "A false"),
    "backticks": ({"`system name`": {"stringValue": "x"}}, "A key in backticks"),
    "unicode-key": ({"ключ 中": {"stringValue": "x"}}, "A key beyond ASCII"),
    "many": ({f"k{n}": {"intValue": str(n)} for n in range(300)}, "300 parameters"),
    "json-text": ({"conformance": {"jsonValue": '"text"'}}, "A JSON text as jsonValue"),
    "json-null": ({"conformance": {"jsonValue": "null"}}, "A JSON null as jsonValue"),
    "nan": ({"conformance": {"doubleValue": "NaN"}}, "A NaN as doubleValue"),
    "line-breaks": (
        {"conformance": {"stringValue": "a\r\nb\u2028c\t\u0001"}},
        "Control characters",
    ),
}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(
            sent,
            marks=clause(
                f"schedule.parameters.input.odd.{id}",
                MUST,
                f"{what} MUST be taken.",
                source=f"{INPUTS}; " + VALUE_TYPE.format("value, a oneof that may be unset"),
            ),
        )
        for id, (sent, what) in ODD.items()
    ],
)
def test_what_is_odd_is_taken(scheduler: Scheduler, sent: dict[str, Any]) -> None:
    values = {
        key: json_format.ParseDict(value, value_type_pb2.ValueType()) for key, value in sent.items()
    }
    assert scheduler.ids(input_parameters=values)


@clause(
    "schedule.parameters.input.bad-json",
    SHOULD,
    "A jsonValue that is not JSON SHOULD be refused with INVALID_ARGUMENT.",
    source=VALUE_TYPE.format("json_value: 'any JSON value, written out as text'"),
)
def test_json_that_is_none_is_refused(scheduler: Scheduler) -> None:
    scheduler.refused(
        Code.INVALID_ARGUMENT, input_parameters={"conformance": value_of("jsonValue", "{")}
    )


@clause(
    "schedule.parameters.input.large",
    SHOULD,
    "Input of 7 MiB SHOULD be taken.",
    source="docs: application-integration/quotas, 'API trigger input: 8 MB'",
)
def test_large_input_is_taken(scheduler: Scheduler) -> None:
    assert scheduler.ids(input_parameters={"k": value_of("stringValue", "x" * 7 * 2**20)})


@clause(
    "schedule.parameters.input.too-large",
    SHOULD,
    "Input of 9 MiB SHOULD be refused.",
    source="docs: application-integration/quotas, 'API trigger input: 8 MB'",
)
def test_too_large_input_is_refused(scheduler: Scheduler) -> None:
    answer = scheduler.call(input_parameters={"k": value_of("stringValue", "x" * 9 * 2**20)})
    expect_error(answer, Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED, Code.FAILED_PRECONDITION)


ENTRIES = "discovery document integrations v1, EnterpriseCrmFrontendsEventbusProtoParameterEntry"
EVENTS = "discovery document integrations v1, EnterpriseCrmEventbusProtoParameterEntry"


def entry(value: dict[str, Any], **more: Any) -> Any:
    told = {"key": "conformance", "value": value, **more}
    return json_format.ParseDict(told, event_bus_parameters_pb2.FrontendsParameterEntry())


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=clause(
                f"schedule.parameters.entries.{kebab(member)}",
                MUST,
                f"An entry of parameterEntries with a {snake(member)} MUST be taken.",
                source=f"{ENTRIES}.value",
                features=OLDER_CARRIER,
            ),
        )
        for member in (*VALUES, *OLDER)
    ],
)
def test_an_entry_of_each_type_is_taken(scheduler: Scheduler, member: str) -> None:
    value = {member: (VALUES | OLDER)[member]}
    assert scheduler.ids(parameter_entries=[entry(value)])
    assert scheduler.ids(parameter_entries=[entry(value, dataType=data_type(member))])


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=clause(
                f"schedule.parameters.events.{kebab(member)}",
                MUST,
                f"A parameter of `parameters` with a {snake(member)} MUST be taken.",
                source=f"{EVENTS}.value",
                features=OLDER_CARRIER,
            ),
        )
        for member in (*VALUES, *OLDER)
        if member != "jsonValue"
    ],
)
def test_an_event_parameter_of_each_type_is_taken(scheduler: Scheduler, member: str) -> None:
    told = {"parameters": [{"key": "conformance", "value": {member: (VALUES | OLDER)[member]}}]}
    sent = json_format.ParseDict(told, event_bus_parameters_pb2.EventBusEventParameters())
    assert scheduler.ids(parameters=sent)


@clause(
    "schedule.parameters.entries.masked",
    MUST,
    "An entry that is masked MUST be taken.",
    source=f"{ENTRIES}.masked",
    features=OLDER_CARRIER,
)
def test_a_masked_entry_is_taken(scheduler: Scheduler) -> None:
    assert scheduler.ids(parameter_entries=[entry({"stringValue": "x"}, masked=True)])


@clause(
    "schedule.parameters.carriers.together",
    MUST,
    "Parameters of different keys in all three carriers MUST be taken together.",
    source=f"{DISCOVERY}: inputParameters, parameterEntries, parameters are fields of one request",
    features=OLDER_CARRIER,
)
def test_all_carriers_are_taken_together(scheduler: Scheduler) -> None:
    told = {"parameters": [{"key": "c", "value": {"intValue": "3"}}]}
    assert scheduler.ids(
        input_parameters={"a": value_of("intValue", "1")},
        parameter_entries=[entry({"intValue": "2"})],
        parameters=json_format.ParseDict(told, event_bus_parameters_pb2.EventBusEventParameters()),
    )


TYPED: dict[str, tuple[str, dict[str, Any], str]] = {
    "bytes": ("BYTES", {"serializedObjectValue": {"objectValue": "AAH/"}}, "of the type BYTES"),
    "bytes-array": ("BYTES_ARRAY", {"stringArray": {}}, "of the type BYTES_ARRAY"),
    "int-for-string": ("STRING_VALUE", {"intValue": "3"}, "of STRING_VALUE with an integer"),
    "string-for-int": ("INT_VALUE", {"stringValue": "3"}, "of INT_VALUE with a text"),
    "one-for-array": ("STRING_ARRAY", {"stringValue": "a"}, "of STRING_ARRAY with one text"),
}


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        pytest.param(
            declared,
            value,
            marks=clause(
                f"schedule.parameters.entries.data-type.{id}",
                SHOULD,
                f"An entry {what} SHOULD be refused with INVALID_ARGUMENT.",
                source=f"{ENTRIES}.dataType: 'Explicitly getting the type of the parameter', "
                "'BYTES and BYTES_ARRAY data types are not allowed for top-level params'",
                features=OLDER_CARRIER,
            ),
        )
        for id, (declared, value, what) in TYPED.items()
    ],
)
def test_an_entry_of_another_type_is_refused(
    scheduler: Scheduler, declared: str, value: dict[str, Any]
) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, parameter_entries=[entry(value, dataType=declared)])


@clause(
    "schedule.parameters.key-twice",
    SHOULD,
    "A key that is given twice in one call SHOULD be refused with INVALID_ARGUMENT.",
    source=f"{ENTRIES}.key: 'This should be unique for a given fired event'; {PROTO}",
    features=OLDER_CARRIER,
)
def test_a_key_is_given_once(scheduler: Scheduler) -> None:
    twice = entry({"intValue": "1"})
    scheduler.refused(Code.INVALID_ARGUMENT, parameter_entries=[twice, twice])


@clause(
    "schedule.parameters.key-in-two-carriers",
    MAY,
    "A key in two carriers MAY be refused or taken; Google does not say which one wins; the known "
    "answers are INVALID_ARGUMENT and an execution.",
    source=f"{ENTRIES}.key; {PROTO}",
    features=OLDER_CARRIER,
)
def test_a_key_in_two_carriers(scheduler: Scheduler) -> None:
    answer = scheduler.call(
        input_parameters={"conformance": value_of("intValue", "1")},
        parameter_entries=[entry({"intValue": "1"})],
    )
    assert answer.code in (Code.OK, Code.INVALID_ARGUMENT)


@clause(
    "schedule.parameters.key-empty",
    SHOULD,
    "An entry without a key SHOULD be refused with INVALID_ARGUMENT.",
    source=f"{ENTRIES}.key: 'Key is used to retrieve the corresponding parameter value'",
    features=OLDER_CARRIER,
)
def test_a_key_is_not_empty(scheduler: Scheduler) -> None:
    nameless = event_bus_parameters_pb2.FrontendsParameterEntry()
    nameless.value.int_value = 1
    scheduler.refused(Code.INVALID_ARGUMENT, parameter_entries=[nameless])
