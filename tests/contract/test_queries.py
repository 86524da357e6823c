"""Which fields the query of a URL may set, read from the routes."""

import re
from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor

from contract.json.every_kind import Every
from tocsin.contract.queries import QueryRule, parse_query, query_rules, read_query
from tocsin.contract.routes import Route
from tocsin.contract.validation import MOST_REPORTED
from tocsin_protos.tocsin.v1 import access_service_pb2, event_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

TRIGGERS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"]
EVENTS = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
OPERATIONS = operations_pb2.DESCRIPTOR.services_by_name["Operations"]


def rule_of(service: ServiceDescriptor, method: str) -> QueryRule:
    return next(query_rules(service.methods_by_name[method]))


def test_a_field_of_the_path_has_both_of_its_spellings() -> None:
    assert rule_of(TRIGGERS, "Get").path_fields == ("trigger_id", "triggerId")


def test_the_overlays_paths_have_rules_too() -> None:
    assert rule_of(OPERATIONS, "GetOperation").path_fields == ("name",)


def test_the_body_of_all_fields_leaves_none() -> None:
    assert rule_of(TRIGGERS, "Create").whole_body
    assert not rule_of(TRIGGERS, "List").whole_body


def test_a_body_of_one_field_leaves_the_others() -> None:
    rule = rule_of(EVENTS, "PublishCloudEvent")
    assert (rule.body_fields, rule.whole_body) == (("event",), False)


@pytest.mark.parametrize("service", [TRIGGERS, EVENTS, ACCESS, OPERATIONS])
def test_each_route_has_a_rule(service: ServiceDescriptor) -> None:
    for rule in (rule for method in service.methods for rule in query_rules(method)):
        named = re.findall(r"{([\w.]+)", rule.route.template)
        assert set(named) <= set(rule.path_fields)


def faults_of(query: str, method: str = "List", service: ServiceDescriptor = TRIGGERS) -> list[str]:
    rule = rule_of(service, method)
    described = service.methods_by_name[method]
    request = message_factory.GetMessageClass(described.input_type)()
    return [fault.description for fault in read_query(parse_query(query), request, rule)]


def read(query: str, kind: Any = Every) -> Any:
    rule = QueryRule(Route("x.Y", "GET", "/x", ""), (), (), whole_body=False)
    request = kind()
    assert read_query(parse_query(query), request, rule) == []
    return request


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("oneInt64=5", "one_int64", 5),
        ("one_int64=-5", "one_int64", -5),
        ("oneString=a+b%20%D0%B6", "one_string", "a b ж"),
        ("oneString", "one_string", ""),
        ("oneBool=true", "one_bool", True),
        ("oneBool=True", "one_bool", True),
        ("oneBool=YES", "one_bool", True),
        ("oneBool=y&oneString=x", "one_bool", True),
        ("oneBool=1", "one_bool", True),
        ("oneBool=FALSE&oneString=x", "one_bool", False),
        ("oneBool=0", "one_bool", False),
        ("oneEnum=GREEN", "one_enum", 10),
        ("oneEnum=5", "one_enum", 5),
        ("oneDouble=1.5e3", "one_double", 1500.0),
        ("oneBytes=YQ%3D%3D", "one_bytes", b"a"),
        ("manyInt32=1&many_int32=2", "many_int32", [1, 2]),
        ("&&oneString=x&", "one_string", "x"),
    ],
)
def test_a_value_is_read_as_its_type(query: str, name: str, value: Any) -> None:
    assert getattr(read(query), name) == value


def test_fields_of_fields_and_wellknown_types_are_read() -> None:
    every = read("oneEvery.oneString=x&oneDuration=1.5s&oneTimestamp=2026-01-01T00:00:00Z")
    assert every.one_every.one_string == "x"
    assert (every.one_duration.seconds, every.one_duration.nanos) == (1, 500_000_000)
    every = read("oneFieldmask=a,fooBar&oneInt32value=0&manyTimestamp=2026-01-01T00:00:00Z")
    assert list(every.one_fieldmask.paths) == ["a", "foo_bar"]
    assert every.HasField("one_int32value")
    assert len(every.many_timestamp) == 1


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        (
            "nope=1",
            'Invalid JSON payload received. Unknown name "nope": Cannot bind query parameter. '
            "Field 'nope' could not be found in request message.",
        ),
        ("pageSize=NOPE", "Invalid value at 'page_size' (TYPE_INT64), \"NOPE\""),
        ("pageSize=", "Invalid value at 'page_size' (TYPE_INT64), \"\""),
        ("filter=a&filter=b", 'Query parameter "filter": this field may be there once'),
        ("folderId=a&folder_id=a", 'Query parameter "folder_id": this field may be there once'),
    ],
)
def test_what_can_not_be_bound_is_said_in_googles_words(query: str, fault: str) -> None:
    assert faults_of(query) == [fault]


@pytest.mark.parametrize("name", ["oneEvery", "oneStruct", "byString", "manyEvery", "byString.k"])
def test_only_primitive_types_can_be_bound(name: str) -> None:
    rule = QueryRule(Route("x.Y", "GET", "/x", ""), (), (), whole_body=False)
    [fault] = read_query([(name, "x")], Every(), rule)
    assert "Cannot bind query parameter." in fault.description


def test_two_members_of_a_oneof_are_refused() -> None:
    rule = QueryRule(Route("x.Y", "GET", "/x", ""), (), (), whole_body=False)
    [fault] = read_query([("pickString", "x"), ("pickEvery.oneInt32", "1")], Every(), rule)
    assert "oneof field 'choice' is already set" in fault.description


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(faults_of("x=1&pageSize=y&z=1")) == 3


@pytest.mark.parametrize("query", ["folderId=%ff", "%c3=1"])
def test_a_query_that_is_not_utf_8_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        parse_query(query)


@pytest.mark.parametrize("value", ["", "2", "truth", "on", "-1", "%20true"])
def test_what_is_no_boolean_is_refused(value: str) -> None:
    rule = QueryRule(Route("x.Y", "GET", "/x", ""), (), (), whole_body=False)
    [fault] = read_query(parse_query(f"oneBool={value}"), Every(), rule)
    assert "(TYPE_BOOL)" in fault.description


def test_where_all_fields_come_in_the_body_an_unknown_name_is_called_unknown() -> None:
    unknown, known = faults_of("nope=1&folderId=f", "Create")
    assert "Field 'nope' could not be found in request message." in unknown
    assert "in the body" in known


def test_of_thousands_of_faults_as_many_are_said_as_anyone_reads() -> None:
    assert len(faults_of("nope=1&" * 5_000)) == MOST_REPORTED
