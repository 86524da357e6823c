"""Parameters of integrations, from the contract's types to plain JSON and back."""

import json
import math

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from tocsin.compilers.parameters import (
    Json,
    Parameter,
    from_json,
    sent_parameters,
    to_event_parameter,
    to_json,
)
from tocsin.plans.errors import PlanError
from tocsin_protos.google.cloud.integrations.v1alpha import event_bus_parameters_pb2 as event_bus
from tocsin_protos.google.cloud.integrations.v1alpha import value_type_pb2 as values
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
    ScheduleIntegrationsRequest,
)
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType


def parameter(value: object, *, masked: bool = False) -> Parameter:
    return Parameter("input_parameters[x]", "x", value, masked)


def packed_duration() -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(Duration(seconds=5))
    return packed


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (ValueType(string_value="a"), "a"),
        (ValueType(string_value=""), ""),
        (ValueType(int_value=-(2**63)), -(2**63)),
        (ValueType(double_value=1.5), 1.5),
        (ValueType(double_value=math.nan), "NaN"),
        (ValueType(double_value=math.inf), "Infinity"),
        (ValueType(double_value=-math.inf), "-Infinity"),
        (ValueType(boolean_value=False), False),
        (ValueType(json_value='{"a": [1, null]}'), {"a": [1, None]}),
        (ValueType(string_array=values.StringParameterArray(string_values=["a", "b"])), ["a", "b"]),
        (ValueType(int_array=values.IntParameterArray(int_values=[1, 2])), [1, 2]),
        (ValueType(double_array=values.DoubleParameterArray(double_values=[0.5])), [0.5]),
        (ValueType(boolean_array=values.BooleanParameterArray(boolean_values=[True])), [True]),
        (ValueType(string_array=values.StringParameterArray()), []),
        (ValueType(), None),
        (event_bus.EventBusParameterValueType(int_value=7), 7),
        (
            event_bus.FrontendsParameterValueType(proto_value=packed_duration()),
            {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "5s"},
        ),
        (
            event_bus.FrontendsParameterValueType(
                proto_value=AnyMessage(type_url="example.com/a.B", value=b"\1")
            ),
            {"@type": "example.com/a.B", "value": "AQ=="},
        ),
        (
            event_bus.FrontendsParameterValueType(
                serialized_object_value=event_bus.SerializedObjectParameter(object_value=b"\1")
            ),
            "AQ==",
        ),
    ],
)
def test_each_type_has_its_plain_value(value: object, plain: Json) -> None:
    assert to_json(parameter(value)) == plain


@pytest.mark.parametrize("text", ["{", "", "NaN", "[" * 100_000])
def test_a_json_value_that_is_no_json_is_refused_by_name(text: str) -> None:
    with pytest.raises(PlanError) as refused:
        to_json(parameter(ValueType(json_value=text)))
    assert refused.value.field == "input_parameters[x].json_value"


def test_a_name_given_by_two_carriers_is_refused() -> None:
    request = ScheduleIntegrationsRequest(
        input_parameters={"x": ValueType(int_value=1)},
        parameter_entries=[event_bus.FrontendsParameterEntry(key="x")],
    )
    with pytest.raises(PlanError, match="more than once"):
        sent_parameters(request)


def test_an_entry_without_a_name_is_refused() -> None:
    request = ScheduleIntegrationsRequest(parameter_entries=[event_bus.FrontendsParameterEntry()])
    with pytest.raises(PlanError) as refused:
        sent_parameters(request)
    assert refused.value.field == "parameter_entries[0].key"


def test_a_masked_parameter_shows_only_its_name() -> None:
    shown = to_event_parameter(parameter(ValueType(string_value="secret"), masked=True))
    assert shown.masked
    assert not shown.HasField("value")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_an_answer_survives_its_way_into_a_type_and_back(value: Json) -> None:
    back = to_json(parameter(from_json(value)))
    assert back == value or json.dumps(back) == json.dumps(value)
