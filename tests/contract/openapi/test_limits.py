"""Schemas allow what the options of the contract allow, and nothing else, at each limit."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.openapi.described import requests, schema_of, services, validator_of, whole
from tocsin.contract.json.messages import JsonFaults, read_message
from tocsin.contract.openapi.limits import anchored
from tocsin.contract.openapi.writing import as_json
from tocsin.contract.options import Options
from tocsin.contract.ranges import NANOS, duration_nanos, parse_range, shown_duration, whole_number
from tocsin.contract.routes import routes
from tocsin.contract.validation import validator

FIELDS = [
    pytest.param(message, field, id=f"{message.full_name}.{field.name}")
    for message in requests()
    for field in message.fields
    if Options.by(field) != Options()
    and not Options.by(field).output_only
    and field.json_name in schema_of(message)["properties"]
]
SOME_TEXTS = ["", "a", "A", "ab", "abc", "abc-", "-abc", "a.b", "a b", "é", "0", "a\n", "a/b@c"]
# Beyond these, a limit is that of the type.
LARGEST = 100_000


def in_range(text: str, option: str) -> list[int]:
    """The numbers at both ends of a range of lengths, sizes or numbers, and those beside them."""
    limits = parse_range(text, whole_number, "", option)
    ends = [end for end in (limits.low, limits.high) if abs(end) < LARGEST]
    return sorted({int(end) + step for end in ends for step in (-1, 0, 1)} - {-1})


def texts(options: Options) -> Iterator[str]:
    yield from SOME_TEXTS
    for length in in_range(options.length, "length") if options.length else ():
        yield from ("a" * length, "é" * length)


def numbers(options: Options) -> Iterator[Any]:
    values = [0, -1, *(in_range(options.value, "value") if options.value else ())]
    yield from values
    yield from map(str, values)


def durations(options: Options) -> Iterator[str]:
    yield from ("0s", "-1s", "1s")
    if options.value:
        limits = parse_range(options.value, duration_nanos, "", "value")
        for end in (limits.low, limits.high):
            if abs(end) < 2**62:
                yield from (shown_duration(int(end) + step) for step in (-NANOS, -1, 0, 1, NANOS))


def one_of(field: FieldDescriptor, options: Options) -> list[Any]:
    """Values of a field, those at its limits among them."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return list(texts(options))
    if field.enum_type is not None:
        return [value.name for value in field.enum_type.values]
    if field.message_type is None:
        return list(numbers(options))
    if field.message_type.full_name == "google.protobuf.Duration":
        return list(durations(options))
    return []


def many_of(field: FieldDescriptor, options: Options) -> Iterator[Any]:
    """Lists or maps, of as many items as the limits allow and one more or less."""
    counts = [0, 1, 2, *(in_range(options.size, "size") if options.size else ())]
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        yield from ({f"k{number}": "v" for number in range(count)} for count in counts)
        yield from ({key: "v"} for key in texts(options.of_key()))
        yield from ({"k": value} for value in texts(options))
        return
    if field.enum_type is not None:
        item: Any = field.enum_type.values[-1].name
        yield from ([item] * count for count in counts)
    elif field.type == FieldDescriptor.TYPE_STRING:
        yield from ([f"a{number}" for number in range(count)] for count in counts)
        yield from ([text] for text in texts(options))
        yield ["a1", "a1"]


def values(field: FieldDescriptor) -> list[Any]:
    options = Options.by(field)
    return list(many_of(field, options)) if field.is_repeated else one_of(field, options)


def is_refused(message: Descriptor, field: FieldDescriptor, value: Any) -> bool:
    """Whether the server's own checks refuse a value of a field."""
    filled = GetMessageClass(message)()
    try:
        read_message(as_json({field.json_name: value}).encode(), filled, strict=True)
    except JsonFaults:
        return True
    return bool(validator(message, frozenset({field.name}))(filled))


@pytest.mark.parametrize(("message", "field"), FIELDS)
def test_a_limit_of_the_contract_is_one_of_the_schema(
    message: Descriptor, field: FieldDescriptor
) -> None:
    schema = validator_of(schema_of(message)["properties"][field.json_name])
    wrong = {
        str(value)[:80]: "only the schema allows it"
        if schema.is_valid(value)
        else "only the server does"
        for value in values(field)
        if schema.is_valid(value) == is_refused(message, field, value)
    }
    assert wrong == {}


@pytest.mark.parametrize("message", list(requests()), ids=lambda message: message.full_name)
def test_what_must_be_there_is_required(message: Descriptor) -> None:
    """Fields of a path are not in the body, and so not required there."""
    schema = schema_of(message)
    missing = {each.field for each in validator(message)(GetMessageClass(message)())}
    named = {each.name: each.json_name for each in message.fields}
    in_body = {named[name] for name in missing if named.get(name) in schema["properties"]}
    assert set(schema.get("required", ())) == in_body
    choices = [each for each in schema.get("allOf", ()) if "oneOf" in each]
    assert len(choices) == len([name for name in missing if name not in named])


CHOICES = [
    message
    for message in requests()
    if any("oneOf" in each or "not" in each for each in schema_of(message).get("allOf", ()))
]


@pytest.mark.parametrize("message", CHOICES, ids=lambda message: message.full_name)
def test_two_members_of_a_oneof_are_too_many(message: Descriptor) -> None:
    rules = validator_of({"allOf": schema_of(message)["allOf"]})
    for oneof in message.oneofs:
        if len(oneof.fields) > 1:
            one, other = (field.json_name for field in oneof.fields[:2])
            others = {
                rest.fields[0].json_name: 1
                for rest in message.oneofs
                if rest is not oneof and len(rest.fields) > 1
            }
            assert rules.is_valid({one: 1, **others})
            assert not rules.is_valid({one: 1, other: 1, **others})


def patterns() -> Iterator[str]:
    for message in requests():
        for field in message.fields:
            options = Options.by(field)
            yield from filter(None, (options.pattern, options.of_key().pattern))


@pytest.mark.parametrize("pattern", sorted(set(patterns())))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_pattern_means_the_same_in_the_schema(pattern: str, data: st.DataObject) -> None:
    ours = re.compile(pattern, re.ASCII)
    inside = data.draw(st.from_regex(ours, fullmatch=True) | st.text())
    theirs = validator_of({"pattern": anchored(pattern)})
    assert theirs.is_valid(inside) == (ours.fullmatch(inside) is not None)


def test_every_request_with_limits_is_looked_at() -> None:
    bodies = [route for route in routes(services()) if route.body == "*"]
    assert len(FIELDS) > 60
    assert len(bodies) > 20
    assert (
        "yandex.cloud.serverless.triggers.v1.CreateTriggerRequest"
        in whole()["components"]["schemas"]
    )
