"""What is wrong with a body is said in the words of Google's front end, all of it at once."""

import json
from typing import Any

import pytest

from contract.json.every_kind import Every
from tocsin.contract.json.messages import MOST_FAULTS, JsonFaults, read_message

RECEIVED = "Invalid JSON payload received."
NOT_REPEATING = "Proto field is not repeating, cannot start list."


def faults_of(text: str | bytes, *, strict: bool = True) -> list[tuple[str, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    try:
        read_message(data, Every(), strict=strict)
    except JsonFaults as error:
        return [(fault.field, fault.description) for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("body", "field", "description"),
    [
        ('{"nope": 1}', "", f'{RECEIVED} Unknown name "nope": Cannot find field.'),
        (
            '{"oneEvery": {"one_Int32": 1}}',
            "one_every",
            f"{RECEIVED} Unknown name \"one_Int32\" at 'one_every': Cannot find field.",
        ),
        (
            '{"manyEvery": [{}, {"mapEvery": {"k": {"x": 1}}}]}',
            "many_every[1].map_every[k]",
            f"{RECEIVED} Unknown name \"x\" at 'many_every[1].map_every[k]': Cannot find field.",
        ),
        (
            '{"oneInt32": "NOPE"}',
            "one_int32",
            "Invalid value at 'one_int32' (TYPE_INT32), \"NOPE\"",
        ),
        (
            '{"oneEnum": ""}',
            "one_enum",
            "Invalid value at 'one_enum' (type.googleapis.com/every.kind.Colour), \"\"",
        ),
        ('{"oneString": 3}', "one_string", "Invalid value at 'one_string' (TYPE_STRING), 3"),
        ('{"oneBool": {}}', "one_bool", "Invalid value at 'one_bool' (TYPE_BOOL), an object"),
        (
            '{"oneEvery": {"oneString": ["x"]}}',
            "one_every",
            f"{RECEIVED} Unknown name \"one_string\" at 'one_every': {NOT_REPEATING}",
        ),
        (
            '{"oneTimestamp": "tomorrow"}',
            "one_timestamp",
            "Invalid value at 'one_timestamp' (type.googleapis.com/google.protobuf.Timestamp), "
            '"tomorrow"',
        ),
        (
            '{"oneEvery": {"pickString": "a", "pickEvery": {}}}',
            "one_every",
            "Invalid value at 'one_every' (oneof), oneof field 'choice' is already set. "
            "Cannot set 'pickEvery'",
        ),
        (
            '{"mapInt64": {"k": null}}',
            "map_int64[k]",
            "Invalid value at 'map_int64[k]' (TYPE_INT64), null",
        ),
        (
            '{"byInt32": {"x": "v"}}',
            "by_int32[x]",
            "Invalid value at 'by_int32[x]' (TYPE_INT32), \"x\"",
        ),
        ('{"byInt32": []}', "by_int32", "Invalid value at 'by_int32' (Map), a list"),
        (
            '{"manyInt32": [1, null]}',
            "many_int32[1]",
            "Invalid value at 'many_int32[1]' (TYPE_INT32), null",
        ),
        (
            '{"byInt32": {"1": "a", "1.0": "b"}}',
            "by_int32",
            f"{RECEIVED} Unknown name \"1.0\" at 'by_int32': Repeated map key: "
            '"1.0" is already set.',
        ),
        (
            '{"oneString": "a", "oneString": "a"}',
            "",
            f'{RECEIVED} Repeated name "oneString": A name may be there once.',
        ),
        (
            '{"oneStruct": {"x": [{"y": 1, "y": 2}]}}',
            "oneStruct.x[0]",
            f"{RECEIVED} Repeated name \"y\" at 'oneStruct.x[0]': A name may be there once.",
        ),
        (
            '{"oneString": "a", "one_string": "a"}',
            "one_string",
            "Invalid value at 'one_string': it is set under both of its names.",
        ),
        (
            '{"oneAny": {"@type": "type.googleapis.com/nobody.Knows"}}',
            "one_any.@type",
            "Invalid value at 'one_any.@type' (a known type), \"type.googleapis.com/nobody.Knows\"",
        ),
    ],
)
def test_a_fault_has_its_field_and_googles_words(body: str, field: str, description: str) -> None:
    assert faults_of(body) == [(field, description)]


def test_all_faults_are_said_at_once_in_the_order_of_the_body() -> None:
    body = {
        "zeta": 1,
        "oneInt32": "x",
        "oneEvery": {"alpha": 1, "oneBool": 3, "manyInt64": ["1", "x", "y"]},
        "beta": {},
    }
    assert [field for field, _ in faults_of(json.dumps(body))] == [
        "",
        "one_int32",
        "one_every",
        "one_every.one_bool",
        "one_every.many_int64[1]",
        "one_every.many_int64[2]",
        "",
    ]


def test_endless_faults_are_cut() -> None:
    body = json.dumps({f"x{n}": 1 for n in range(10_000)})
    assert len(faults_of(body)) == MOST_FAULTS


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[]", "must be an object"),
        ("3", "must be an object"),
        ("null", "must be an object"),
        ('{"oneString": ', "Unexpected end of string: line 1 column 15."),
        ('{"a": 1} more', "line 1 column 10"),
        ("{'a': 1}", "line 1 column 2"),
        ('{"oneDouble": NaN}', "NaN must be in quotes"),
        ('{"oneDouble": Infinity}', "Infinity must be in quotes"),
        (b'{"oneString": "\xff"}', "UTF-8, byte 15"),
        ("{}\ufeff", "line 1 column 3"),
        ('{"oneInt32": ' + "9" * 5000 + "}", "digits"),
        ("[" * 100_000, "levels deep"),
        ('{"oneString": "a\tb"}', "control character"),
        ('{"oneEvery":' * 150 + "{}" + "}" * 150, "one_every"),
        ('{"oneValue": ' + "[" * 150 + "]" * 150 + "}", "one_value"),
    ],
)
def test_what_is_no_json_of_a_message_is_refused(body: str | bytes, said: str) -> None:
    [(_, description)] = faults_of(body, strict=False)
    assert said in description


@pytest.mark.parametrize(
    "member",
    [
        {"oneInt32": "1_000"},
        {"oneInt32": "+1"},
        {"oneInt32": "\t1"},
        {"oneInt32": "\u0661"},
        {"oneInt32": "1e999999999"},
        {"oneInt32": 1e300},
        {"oneInt64": "9" * 4000},
        {"oneDouble": True},
        {"oneDouble": "inf"},
        {"oneDouble": "1e999"},
        {"oneDouble": 10**400},
        {"oneFloat": 1e39},
        {"oneEnum": True},
        {"oneEnum": 1.5},
        {"oneBytes": "a*b"},
        {"oneBytes": "+-"},
        {"oneBytes": "YQ="},
        {"oneString": "\ud800"},
        {"oneStruct": {"\ud800": 1}},
        {"oneTimestamp": "2026-1-1T0:0:0Z"},
        {"oneEvery": []},
        {"oneEvery": ""},
        {"oneDuration": "+1s"},
        {"oneDuration": "1.1234567890s"},
    ],
)
def test_what_pythons_parser_lets_through_is_refused(member: dict[str, Any]) -> None:
    assert faults_of(json.dumps(member))


@pytest.mark.parametrize(
    "member",
    [
        {"oneFieldmask": "foo_bar,a.b_c"},
        {"manyValue": None},
        {"oneFloat": 3.4028235e38},
        {"oneInt64": "-9223372036854775808"},
        {"oneUint64": 18446744073709551615},
        {"oneUint64": 1e19},
        {"maybeInt32": None},
        {"pickString": "a", "pickEvery": None},
    ],
)
def test_what_is_right_is_taken(member: dict[str, Any]) -> None:
    assert faults_of(json.dumps(member)) == []


def test_an_empty_body_is_an_empty_message() -> None:
    assert faults_of("") == []


def test_what_a_fault_shows_is_short_and_printable() -> None:
    [(_, description)] = faults_of(json.dumps({"oneInt32": "\x1b[31m" + "x" * 1000}))
    assert "\x1b" not in description
    assert len(description) < 150


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert faults_of('\ufeff{"oneString": "a"}') == []


def test_a_number_that_is_too_long_is_refused_in_plain_words() -> None:
    [(_, description)] = faults_of('{"oneDouble": ' + "9" * 5000 + "}")
    assert description == "Invalid JSON payload received. A number has more than 4,300 digits."
