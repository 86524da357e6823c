"""Values of the types that only the schedule call has."""

import pytest

from tocsin.conformance.checks.transcoding.forms import (
    CONFORMANCE,
    SHOULD,
    Form,
    read,
    refused,
)
from tocsin.conformance.checks.transcoding.scheduled import Scheduled

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]

RFC_3339 = "ProtoJSON: a Timestamp uses RFC 3339; Z, or another offset, is required"


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.timestamp",
        "a Timestamp",
        [
            Form("z", '"2098-01-01T00:00:00Z"', "whole seconds and Z", source=RFC_3339),
            Form(
                "one-digit",
                '"2098-01-01T00:00:00.5Z"',
                "one digit after the point",
                source=RFC_3339,
            ),
            Form("millis", '"2098-01-01T00:00:00.250Z"', "three digits", source=RFC_3339),
            Form("micros", '"2098-01-01T00:00:00.000007Z"', "six digits", source=RFC_3339),
            Form("nanos", '"2098-01-01T00:00:00.000000009Z"', "nine digits", source=RFC_3339),
            Form(
                "offset-east", '"2098-01-01T03:30:00+03:30"', "an offset, +03:30", source=RFC_3339
            ),
            Form(
                "offset-west", '"2098-01-01T00:00:00-08:00"', "an offset, -08:00", source=RFC_3339
            ),
            Form("leap-day", '"2096-02-29T00:00:00Z"', "the 29th of a leap year", source=RFC_3339),
            Form(
                "year-9999",
                '"9999-12-31T23:59:59.999999999Z"',
                "the last instant that there is",
                source="proto google/protobuf/timestamp.proto: to 9999-12-31T23:59:59Z inclusive",
            ),
            Form(
                "year-1",
                '"0001-01-01T00:00:00Z"',
                "the first instant that there is",
                source="proto google/protobuf/timestamp.proto: from 0001-01-01T00:00:00Z inclusive",
            ),
        ],
    ),
)
def test_a_timestamp_is_read(schedules: Scheduled, form: Form) -> None:
    assert schedules.accepted(schedules.body(time=form.text))


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.timestamp",
        "a Timestamp",
        [
            Form("words", '"tomorrow"', "a word", source=RFC_3339),
            Form("empty", '""', "an empty string", source=RFC_3339),
            Form("seconds", "4039372800", "a number of seconds", source=RFC_3339),
            Form("seconds-in-string", '"4039372800"', "digits in quotes", source=RFC_3339),
            Form("object", '{"seconds": "4039372800"}', "an object with seconds", source=RFC_3339),
            Form("date-alone", '"2098-01-01"', "a date without a time", source=RFC_3339),
            Form(
                "no-offset",
                '"2098-01-01T00:00:00"',
                "a time without an offset",
                source=CONFORMANCE + ": TimestampJsonInputMissingZ",
            ),
            Form(
                "no-t",
                '"2098-01-01 00:00:00Z"',
                "a date and a time without T between them",
                source=CONFORMANCE + ": TimestampJsonInputMissingT",
            ),
            Form(
                "lower-case-t",
                '"2098-01-01t00:00:00Z"',
                "a lower-case t",
                level=SHOULD,
                source=CONFORMANCE + ": TimestampJsonInputLowercaseT",
            ),
            Form(
                "lower-case-z",
                '"2098-01-01T00:00:00z"',
                "a lower-case z",
                level=SHOULD,
                source=CONFORMANCE + ": TimestampJsonInputLowercaseZ",
            ),
            Form(
                "month-13", '"2098-13-01T00:00:00Z"', "a month that does not exist", source=RFC_3339
            ),
            Form(
                "no-leap-day",
                '"2097-02-29T00:00:00Z"',
                "a day that does not exist",
                source=RFC_3339,
            ),
            Form(
                "hour-25", '"2098-01-01T25:00:00Z"', "an hour that does not exist", source=RFC_3339
            ),
            Form(
                "year-10000",
                '"10000-01-01T00:00:00Z"',
                "a year after 9999",
                source=CONFORMANCE + ": TimestampJsonInputTooLarge",
            ),
            Form(
                "year-0",
                '"0000-01-01T00:00:00Z"',
                "a year before 1",
                source=CONFORMANCE + ": TimestampJsonInputTooSmall",
            ),
            Form(
                "offset-without-colon",
                '"2098-01-01T00:00:00+0330"',
                "an offset without its colon",
                level=SHOULD,
                source="RFC 3339 section 5.6: time-numoffset has a colon",
            ),
        ],
    ),
)
def test_a_timestamp_is_refused(schedules: Scheduled, form: Form) -> None:
    schedules.refused(schedules.body(time=form.text))


def parameter(value: str) -> str:
    return f'"inputParameters": {{"conformance": {value}}}'


@pytest.mark.parametrize(
    "form",
    [
        *read(
            "transcoding.bool",
            "a bool",
            [Form("true", "true", "true"), Form("false", "false", "false")],
        ),
        *read(
            "transcoding.double",
            "a double",
            [
                Form("number", "2.5", "a number, 2.5"),
                Form("whole", "3", "a number without a fraction, 3"),
                Form("exponent", "1.5e-3", "a number with an exponent, 1.5e-3"),
                Form("negative-zero", "-0.0", "a negative zero, -0.0"),
                Form("string", '"2.5"', 'a string, "2.5"'),
                Form("nan", '"NaN"', '"NaN"'),
                Form("infinity", '"Infinity"', '"Infinity"'),
                Form("negative-infinity", '"-Infinity"', '"-Infinity"'),
            ],
        ),
        *read(
            "transcoding.int64",
            "an int64",
            [
                Form("largest", '"9223372036854775807"', "the largest one, in a string"),
                Form("smallest", '"-9223372036854775808"', "the smallest one, in a string"),
                Form("negative", "-7", "a negative number, -7"),
            ],
        ),
    ],
)
def test_a_number_is_read(schedules: Scheduled, form: Form, request: pytest.FixtureRequest) -> None:
    assert schedules.accepted(schedules.body(parameter(f'{{"{member(request)}": {form.text}}}')))


def member(request: pytest.FixtureRequest) -> str:
    kind = request.node.get_closest_marker("clause").args[0].id.split(".")[1]
    return {"bool": "booleanValue", "double": "doubleValue", "int64": "intValue"}[kind]


@pytest.mark.parametrize(
    "form",
    [
        *refused(
            "transcoding.bool",
            "a bool",
            [
                Form(
                    "quoted",
                    '"true"',
                    'a string, "true"',
                    level=SHOULD,
                    source=CONFORMANCE + ": BoolFieldDoubleQuotedTrue",
                ),
                Form(
                    "one",
                    "1",
                    "a number, 1",
                    level=SHOULD,
                    source=CONFORMANCE + ": BoolFieldIntegerOne",
                ),
                Form("word", '"yes"', 'a word, "yes"'),
                Form("object", "{}", "an object"),
            ],
        ),
        *refused(
            "transcoding.double",
            "a double",
            [
                Form("text", '"two"', 'a word, "two"'),
                Form("boolean", "true", "a boolean"),
                Form(
                    "too-large",
                    "1e999",
                    "a number larger than any, 1e999",
                    level=SHOULD,
                    source=CONFORMANCE + ": DoubleFieldTooLarge",
                ),
                Form(
                    "bare-nan",
                    "NaN",
                    "NaN without its quotes",
                    source="RFC 8259 section 6: Infinity and NaN are not permitted",
                ),
                Form(
                    "bare-infinity",
                    "Infinity",
                    "Infinity without its quotes",
                    source="RFC 8259 section 6: Infinity and NaN are not permitted",
                ),
            ],
        ),
        *refused(
            "transcoding.int64",
            "an int64",
            [
                Form(
                    "beyond-largest",
                    '"9223372036854775808"',
                    "one more than the largest one",
                    source=CONFORMANCE + ": Int64FieldTooLarge",
                ),
                Form(
                    "beyond-smallest",
                    '"-9223372036854775809"',
                    "one less than the smallest one",
                    source=CONFORMANCE + ": Int64FieldTooSmall",
                ),
            ],
        ),
    ],
)
def test_a_number_is_refused(
    schedules: Scheduled, form: Form, request: pytest.FixtureRequest
) -> None:
    schedules.refused(schedules.body(parameter(f'{{"{member(request)}": {form.text}}}')))


OLDER = ("older-parameters",)


def entry(value: str, data_type: str = "") -> str:
    return f'"parameterEntries": [{{"key": "conformance", "value": {value}{data_type}}}]'


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.bytes",
        "bytes",
        [
            Form("base64", '"+/++AAE="', "standard base64"),
            Form("url-safe", '"-_--AAE="', "URL-safe base64"),
            Form("without-padding", '"+/++AAE"', "base64 without its padding"),
            Form("empty", '""', "an empty string"),
        ],
        features=OLDER,
    ),
)
def test_bytes_are_read(schedules: Scheduled, form: Form) -> None:
    value = f'{{"serializedObjectValue": {{"objectValue": {form.text}}}}}'
    assert schedules.accepted(schedules.body(entry(value)))


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.bytes",
        "bytes",
        [
            Form("no-base64", '"not base64!"', "text that is not base64"),
            Form("number", "5", "a number"),
            Form("list", "[1, 2]", "a list of numbers"),
        ],
        features=OLDER,
    ),
)
def test_bytes_are_refused(schedules: Scheduled, form: Form) -> None:
    value = f'{{"serializedObjectValue": {{"objectValue": {form.text}}}}}'
    schedules.refused(schedules.body(entry(value)))


TYPE = "type.googleapis.com/google.protobuf"


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.any",
        "an Any",
        [
            Form(
                "well-known",
                f'{{"@type": "{TYPE}.Duration", "value": "1.5s"}}',
                "a well-known type with its value",
            ),
            Form(
                "type-last",
                f'{{"value": "1.5s", "@type": "{TYPE}.Duration"}}',
                "an object whose @type comes last",
                source="RFC 8259: objects are unordered",
            ),
            Form(
                "struct", f'{{"@type": "{TYPE}.Struct", "value": {{"a": [1, null]}}}}', "a Struct"
            ),
            Form("wrapper", f'{{"@type": "{TYPE}.StringValue", "value": "a"}}', "a wrapper"),
        ],
        features=OLDER,
    ),
)
def test_an_any_is_read(schedules: Scheduled, form: Form) -> None:
    assert schedules.accepted(schedules.body(entry(f'{{"protoValue": {form.text}}}')))


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.any",
        "an Any",
        [
            Form("string", '"x"', "a string"),
            Form(
                "wrong-value",
                f'{{"@type": "{TYPE}.Duration", "value": "soon"}}',
                "a known type with a value that it does not have",
            ),
            Form(
                "type-not-a-string",
                '{"@type": 5, "value": "1s"}',
                "an object whose @type is a number",
            ),
            Form("no-type", '{"value": "1.5s"}', "an object without @type", level=SHOULD),
            Form(
                "unknown-type",
                '{"@type": "type.googleapis.com/no.such.Type", "a": 1}',
                "a type that the server can't know",
                level=SHOULD,
            ),
        ],
        features=OLDER,
    ),
)
def test_an_any_is_refused(schedules: Scheduled, form: Form) -> None:
    schedules.refused(schedules.body(entry(f'{{"protoValue": {form.text}}}')))


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.enum",
        "an enum of Google's",
        [
            Form("google-name", '"INT_VALUE"', "its name"),
            Form("google-number", "2", "its number"),
        ],
        features=OLDER,
    ),
)
def test_an_enum_of_googles_is_read(schedules: Scheduled, form: Form) -> None:
    more = entry('{"intValue": "1"}', f', "dataType": {form.text}')
    assert schedules.accepted(schedules.body(more))


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.enum",
        "an enum of Google's",
        [Form("google-unknown-name", '"NOPE"', "a name that it lacks", level=SHOULD)],
        features=OLDER,
    ),
)
def test_an_enum_of_googles_is_refused(schedules: Scheduled, form: Form) -> None:
    more = entry('{"intValue": "1"}', f', "dataType": {form.text}')
    schedules.refused(schedules.body(more))


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.map",
        "a map of messages",
        [
            Form("message-scalar", '{"k": "x"}', "an object with a string as value"),
            Form("message-list", '[{"k": {}}]', "a list"),
            Form(
                "message-null",
                '{"k": null}',
                "an object with null as value",
                level=SHOULD,
                source=CONFORMANCE + ": MapFieldValueIsNull",
            ),
        ],
    ),
)
def test_a_map_of_messages_is_refused(schedules: Scheduled, form: Form) -> None:
    schedules.refused(schedules.body(f'"inputParameters": {form.text}'))


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.oneof",
        "a oneof of Google's",
        [
            Form(
                "google-two-members",
                '{"stringValue": "a", "intValue": "1"}',
                "two of its members",
                source=CONFORMANCE + ": OneofFieldDuplicate",
            ),
        ],
    ),
)
def test_a_oneof_of_googles_is_refused(schedules: Scheduled, form: Form) -> None:
    schedules.refused(schedules.body(parameter(form.text)))
