"""JSON is read as protobuf's own parser in Python reads it, wherever that one is right.

That parser differs from the format in places. Their values are left out here, and stand in
`test_faults.py`.
"""

import base64
import contextlib
import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.json.every_kind import DESCRIPTOR, PACKAGE, POOL, Every
from tocsin.contract.json.messages import JsonFaults, read_message

INTS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([s * 2**n + d for n in (31, 32, 63, 64) for s in (1, -1) for d in (-1, 0, 1)]),
    st.sampled_from([1.0, -2.0, 1e3, 1.5, 1e300]),
)
QUOTED_INTS = st.one_of(
    INTS.map(lambda n: str(n) if isinstance(n, int) else json.dumps(n)),
    st.sampled_from(["", "x", "1e2", "1.0", "1.5", "1 2"]),
)
STRINGS = st.one_of(st.text(max_size=5), st.sampled_from(["", "a", "ж", "\U0001f514", "\0", '"\\']))
ODD = st.sampled_from([[], {}, [1], {"a": 1}, ["x", None], [[1]]])
JSONS = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=6,
)
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.integers(-(2**40), 2**40),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "1.5", "-2e3", "x", "", "nan", 1e300]),
)
BYTES = st.one_of(
    st.binary(max_size=7).map(lambda b: _base64(b)),
    st.sampled_from(["", "YQ==", "YQ", "-_-_", "+/+/", "a"]),
)
TIMES = st.sampled_from(
    [
        *("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00.123456789Z"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.9Z"),
        *("2026-02-28T23:00:00+05:30", "2026-03-01T00:00:00.25-08:00", "2024-02-29T00:00:00Z"),
        *("2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "tomorrow", ""),
        *("2026-11-21T10:00:00", "2026-11-21", "2026-11-21 10:00:00Z", "2026-11-21t10:00:00z"),
        *("0000-01-01T00:00:00Z", "2026-11-21T10:00:00.1234567890Z", "2026-11-21T10:00:60Z"),
    ]
)
DURATIONS = st.sampled_from(
    [
        *("0s", "1s", "-1s", "1.5s", "-0.000000001s", "0.123456789s", "315576000000s"),
        *("-315576000000s", "315576000001s", "1", "s", "", "1.5", "1m", "x s"),
    ]
)
MASKS = st.sampled_from(["", "a", "a,b", "fooBar", "fooBar.bazQux,a", "*"])
ENUMS = st.one_of(
    st.sampled_from(["RED", "GREEN", "BLUE", "red", "", "5", "7"]), st.integers(-2, 12)
)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "Timestamp": TIMES | st.just(5) | ODD,
    "Duration": DURATIONS | st.just(5) | ODD,
    "FieldMask": MASKS | st.just(5) | ODD,
    "Struct": st.dictionaries(STRINGS, JSONS, max_size=3) | st.just(5) | st.just([]),
    "Value": JSONS,
    "ListValue": st.lists(JSONS, max_size=3) | st.just(5) | st.just({}),
}
T = FieldDescriptor
BY_TYPE: dict[int, st.SearchStrategy[Any]] = {
    T.TYPE_BOOL: st.booleans() | st.sampled_from(["true", 1, 0, "", None]) | ODD,
    T.TYPE_STRING: STRINGS | st.sampled_from([1, True, 1.5]) | ODD,
    T.TYPE_BYTES: BYTES | st.sampled_from([1, True]) | st.sampled_from([[], {}]),
    T.TYPE_DOUBLE: FLOATS | ODD,
    T.TYPE_FLOAT: FLOATS | ODD,
    T.TYPE_ENUM: ENUMS,
}


def value_of(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    kind = field.message_type
    if kind is None:
        return BY_TYPE.get(field.type, INTS | QUOTED_INTS | st.booleans() | ODD)
    if kind.file.name == "google/protobuf/wrappers.proto":
        return value_of(kind.fields_by_name["value"], depth)
    if kind.name == "Any":
        return any_of(depth)
    if kind.name in KNOWN and kind.file.package == "google.protobuf":
        return KNOWN[kind.name]
    return objects_of(kind, depth - 1) | st.sampled_from([1, "x", [1], True])


def any_of(depth: int) -> st.SearchStrategy[Any]:
    def typed(name: str, value: Any) -> Any:
        return {"@type": f"type.googleapis.com/{name}", **value}

    duration = DURATIONS.map(lambda d: typed("google.protobuf.Duration", {"value": d}))
    return st.one_of(
        objects_of(DESCRIPTOR, depth - 1).map(lambda v: typed(f"{PACKAGE}.Every", v)),
        duration,
        st.sampled_from([{}, {"@type": "x"}, {"a": 1}, 5, [], {"@type": 5}]),
        JSONS.map(lambda v: typed("google.protobuf.Value", {"value": v})),
    )


def field_of(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        key, value = kind.fields_by_name["key"], value_of(kind.fields_by_name["value"], depth)
        keys = STRINGS if key.type == T.TYPE_STRING else st.sampled_from(["1", "-1", "true", "x"])
        return st.dictionaries(keys, st.none() | value, max_size=2) | st.sampled_from([5, []])
    value = value_of(field, depth)
    if field.is_repeated:
        lists = st.lists(st.none() | value, max_size=3) | st.just(5)
        return lists if kind is not None and kind.name == "Value" else lists | st.none()
    if field.enum_type is not None and field.enum_type.name == "NullValue":
        return st.sampled_from([None, "NULL_VALUE", 0])
    return value if field.containing_oneof else st.none() | value


def objects_of(descriptor: Descriptor, depth: int) -> st.SearchStrategy[Any]:
    if depth <= 0:
        return st.just({})
    return st.lists(st.sampled_from(list(descriptor.fields)), max_size=4, unique_by=id).flatmap(
        lambda fields: st.fixed_dictionaries(
            {
                field.json_name if len(fields) % 2 else field.name: field_of(field, depth)
                for field in fields
            }
        )
    )


def theirs(text: str, *, strict: bool = True) -> bytes | None:
    message = Every()
    try:
        json_format.Parse(text, message, ignore_unknown_fields=not strict, descriptor_pool=POOL)
    except Exception:  # it lets some through as they were raised
        return None
    return message.SerializeToString(deterministic=True)


def ours(text: str, *, strict: bool = True) -> bytes | None:
    message = Every()
    try:
        read_message(text.encode(), message, strict=strict)
    except JsonFaults:
        return None
    return message.SerializeToString(deterministic=True)


@settings(max_examples=500, deadline=None)
@given(objects_of(DESCRIPTOR, 3))
def test_it_takes_and_refuses_what_protobufs_parser_does(value: Any) -> None:
    text = json.dumps(value)
    assert ours(text) == theirs(text), text


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(list(DESCRIPTOR.fields)).flatmap(
        lambda field: st.tuples(st.just(field.json_name), field_of(field, 2))
    )
)
def test_each_kind_of_field_is_read_alike(member: tuple[str, Any]) -> None:
    text = json.dumps(dict([member]))
    assert ours(text) == theirs(text), text


@settings(max_examples=100, deadline=None)
@given(objects_of(DESCRIPTOR, 3), st.dictionaries(st.text("xyz", min_size=1), JSONS, max_size=3))
def test_unknown_names_are_dropped_where_that_is_wanted(known: Any, unknown: Any) -> None:
    text, plain = json.dumps({**unknown, **known}), json.dumps(known)
    assert ours(text, strict=False) == ours(plain, strict=False)
    if unknown:
        assert ours(text) is None


@settings(max_examples=100, deadline=None)
@given(objects_of(DESCRIPTOR, 3))
def test_what_protobuf_prints_is_read_back(value: Any) -> None:
    message = Every()
    try:
        json_format.ParseDict(value, message, descriptor_pool=POOL)
    except Exception:
        return
    printed = json_format.MessageToJson(message, descriptor_pool=POOL)
    assert ours(printed) == message.SerializeToString(deterministic=True)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=30)
    | st.text('{}[]":,0123456789.eE+-ntfalsrueN \\u', max_size=30).map(lambda text: text.encode())
)
def test_any_bytes_are_a_message_or_have_faults(data: bytes) -> None:
    with contextlib.suppress(JsonFaults):
        read_message(data, Every(), strict=False)
