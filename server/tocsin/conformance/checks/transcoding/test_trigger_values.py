"""Values of each type in the bodies of the trigger methods."""

from typing import Any

import pytest

from tocsin.conformance.checks.transcoding.forms import (
    CONFORMANCE,
    MUST,
    SHOULD,
    Form,
    read,
    refused,
)
from tocsin.conformance.checks.transcoding.made_triggers import (
    CRON,
    FUNCTION,
    TIMER,
    MadeTriggers,
    logging,
    retried,
    storage,
)
from tocsin.conformance.clauses import clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]

INT64 = "transcoding.int64"
DURATION = "transcoding.duration"
ENUM = "transcoding.enum"
STRING = "transcoding.string"
MAP = "transcoding.map"
LIST = "transcoding.list"
MESSAGE = "transcoding.message"


def attempts(trigger: Any) -> object:
    return trigger.rule.timer.invoke_function_with_retry.retry_settings.retry_attempts


def interval(trigger: Any) -> tuple[int, int]:
    found = trigger.rule.timer.invoke_function_with_retry.retry_settings.interval
    return found.seconds, found.nanos


@pytest.mark.parametrize(
    "form",
    read(
        INT64,
        "an int64",
        [
            Form("string", '"5"', 'a string, "5"', 5),
            Form("number", "5", "a number, 5", 5),
            Form("zero-fraction", "5.0", "a number with a fraction of zero, 5.0", 5),
            Form("exponent", "0.5e1", "a number with an exponent, 0.5e1", 5),
            Form("exponent-in-string", '"5e0"', 'a string with an exponent, "5e0"', 5),
        ],
    ),
)
def test_an_int64_is_read(triggers: MadeTriggers, form: Form) -> None:
    assert attempts(triggers.created(retried(attempts=form.text))) == form.means


@pytest.mark.parametrize(
    "form",
    refused(
        INT64,
        "an int64",
        [
            Form("fraction", "2.5", "a number with a fraction, 2.5"),
            Form("fraction-in-string", '"2.5"', 'a string with a fraction, "2.5"'),
            Form("text", '"five"', 'a word, "five"'),
            Form("digits-and-more", '"5x"', 'a number with something after it, "5x"'),
            Form("boolean", "true", "a boolean"),
            Form("list", "[5]", "a list, [5]"),
            Form("object", '{"value": 5}', "an object"),
            Form(
                "out-of-range",
                "18446744073709551621",
                "a number that 64 bits would cut to 5, 18446744073709551621",
            ),
            Form(
                "out-of-range-in-string",
                '"18446744073709551621"',
                "a string that 64 bits would cut to 5",
            ),
            Form("leading-space", '" 5"', 'a string with a space before it, " 5"', level=SHOULD),
            Form("trailing-space", '"5 "', 'a string with a space after it, "5 "', level=SHOULD),
            Form("hexadecimal", '"0x5"', 'a string with a hexadecimal number, "0x5"'),
        ],
    ),
)
def test_an_int64_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(retried(attempts=form.text)))


@pytest.mark.parametrize(
    "form",
    read(
        DURATION,
        "a Duration",
        [
            Form("seconds", '"12s"', 'whole seconds, "12s"', (12, 0)),
            Form("half", '"10.5s"', 'one digit after the point, "10.5s"', (10, 500_000_000)),
            Form(
                "millis", '"10.250s"', 'three digits after the point, "10.250s"', (10, 250 * 10**6)
            ),
            Form("micros", '"10.000007s"', 'six digits, "10.000007s"', (10, 7000)),
            Form("nanos", '"10.000000009s"', 'nine digits, "10.000000009s"', (10, 9)),
        ],
    ),
)
def test_a_duration_is_read(triggers: MadeTriggers, form: Form) -> None:
    assert interval(triggers.created(retried(interval=form.text))) == form.means


@pytest.mark.parametrize(
    "form",
    refused(
        DURATION,
        "a Duration",
        [
            Form("no-unit", '"12"', 'a number without its "s", "12"'),
            Form("number", "12", "a number, 12"),
            Form("minutes", '"1m"', 'minutes, "1m"'),
            Form("milliseconds", '"12000ms"', 'milliseconds, "12000ms"'),
            Form("iso", '"PT12S"', 'a duration of ISO 8601, "PT12S"'),
            Form("object", '{"seconds": "12"}', "an object with seconds"),
            Form("words", '"soon"', 'a word, "soon"'),
            Form("upper-case", '"12S"', 'an upper-case unit, "12S"', level=SHOULD),
            Form("space", '"12 s"', 'a number with a space before its unit, "12 s"', level=SHOULD),
            Form("out-of-range", '"315576000001s"', "more than 315,576,000,000 seconds"),
        ],
    ),
)
def test_a_duration_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(retried(interval=form.text)))


NAME = "OBJECT_STORAGE_EVENT_TYPE_UPDATE_OBJECT"


@pytest.mark.parametrize(
    "form",
    read(
        ENUM,
        "an enum",
        [
            Form("name", f'["{NAME}"]', "its name", [2]),
            Form("number", "[2]", "its number", [2]),
            Form("both", f'[1, "{NAME}"]', "names and numbers in one list", [1, 2]),
        ],
    ),
)
def test_an_enum_is_read(triggers: MadeTriggers, form: Form) -> None:
    shown = triggers.created(storage(form.text))
    assert list(shown.rule.object_storage.event_type) == form.means


@pytest.mark.parametrize(
    "form",
    refused(
        ENUM,
        "an enum",
        [
            Form(
                "unknown-name",
                '["OBJECT_STORAGE_EVENT_TYPE_NOPE"]',
                "a name that it lacks",
                level=SHOULD,
            ),
            Form("short-name", '["UPDATE_OBJECT"]', "its name without the prefix", level=SHOULD),
            Form("lower-case", f'["{NAME.lower()}"]', "its name in lower case", level=SHOULD),
            Form("boolean", "[true]", "a boolean"),
            Form("object", '[{"name": "x"}]', "an object"),
            Form("fraction", "[1.5]", "a number with a fraction"),
        ],
    ),
)
def test_an_enum_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(storage(form.text)))


@pytest.mark.parametrize(
    "form",
    read(
        STRING,
        "a string",
        [
            Form("plain", '"plain"', "ASCII", "plain"),
            Form("utf-8", '"жя 中 🎉"', "UTF-8", "жя 中 🎉"),
            Form("escapes", r'"a\"b\\c\/d\n\t"', "short escapes", 'a"b\\c/d\n\t'),
            Form("unicode-escape", r'"\u0436"', "an escaped character", "ж"),
            Form("surrogate-pair", r'"\ud83c\udf89"', "an escaped surrogate pair", "🎉"),
            Form("markup", '"<b>&amp;</b>"', "text with <, > and &", "<b>&amp;</b>"),
            Form("number-like", '"007"', 'digits in quotes, "007"', "007"),
        ],
    ),
)
def test_a_string_is_read(triggers: MadeTriggers, form: Form) -> None:
    assert triggers.created(TIMER, f'"description": {form.text}').description == form.means


@pytest.mark.parametrize(
    "form",
    refused(
        STRING,
        "a string",
        [
            Form("number", "7", "a number", source=CONFORMANCE + ": StringFieldNotAString"),
            Form("boolean", "true", "a boolean"),
            Form("list", '["a"]', "a list"),
            Form("object", "{}", "an object"),
            Form(
                "lone-surrogate",
                r'"\ud83c"',
                "half of an escaped surrogate pair",
                level=SHOULD,
                source=CONFORMANCE + ": StringFieldUnpairedHighSurrogate",
            ),
        ],
    ),
)
def test_a_string_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(TIMER, f'"description": {form.text}'))


@pytest.mark.parametrize(
    "form",
    read(
        MAP,
        "a map",
        [
            Form("object", '{"a": "1", "b": "2"}', "an object", {"a": "1", "b": "2"}),
            Form("empty", "{}", "an empty object", {}),
            Form("null", "null", "null", {}, source=CONFORMANCE + ": AllFieldAcceptNull"),
        ],
    ),
)
def test_a_map_is_read(triggers: MadeTriggers, form: Form) -> None:
    assert dict(triggers.created(TIMER, f'"labels": {form.text}').labels) == form.means


@pytest.mark.parametrize(
    "form",
    refused(
        MAP,
        "a map of strings",
        [
            Form("list", '[{"key": "a", "value": "1"}]', "a list of entries"),
            Form("number-value", '{"a": 1}', "an object with a number as value"),
            Form("string", '"a=1"', "a string"),
            Form(
                "null-value",
                '{"a": null}',
                "an object with null as value",
                level=SHOULD,
                source=CONFORMANCE + ": MapFieldValueIsNull",
            ),
            Form(
                "same-key",
                '{"a": "1", "a": "2"}',
                "an object with one key twice",
                level=SHOULD,
                source="RFC 8259 section 4: names within an object SHOULD be unique",
            ),
        ],
    ),
)
def test_a_map_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(TIMER, f'"labels": {form.text}'))


@pytest.mark.parametrize(
    "form",
    read(
        LIST,
        "a repeated field",
        [
            Form("order", '["ERROR", "WARN", "INFO"]', "a list, in its order", [5, 4, 3]),
            Form("empty", "[]", "an empty list", []),
            Form("null", "null", "null", [], source=CONFORMANCE + ": AllFieldAcceptNull"),
        ],
    ),
)
def test_a_list_is_read(triggers: MadeTriggers, form: Form) -> None:
    assert list(triggers.created(logging(form.text)).rule.logging.levels) == form.means


@pytest.mark.parametrize(
    "form",
    refused(
        LIST,
        "a repeated field",
        [
            Form("scalar", '"ERROR"', "one value without its list"),
            Form("object", '{"0": "ERROR"}', "an object"),
            Form("nested", '[["ERROR"]]', "a list in a list"),
            Form(
                "null-element",
                '["ERROR", null]',
                "a list with null in it",
                level=SHOULD,
                source=CONFORMANCE + ": RepeatedFieldPrimitiveElementIsNull",
            ),
        ],
    ),
)
def test_a_list_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(logging(form.text)))


@pytest.mark.parametrize(
    "form",
    refused(
        MESSAGE,
        "a message",
        [
            Form("string", '"timer"', "a string"),
            Form("list", f"[{TIMER}]", "a list with one object"),
            Form("number", "2", "a number"),
            Form("boolean", "true", "a boolean"),
        ],
    ),
)
def test_a_message_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(form.text))


CONTAINER = '"invokeContainerWithRetry": {"containerId": "c"}'


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.oneof",
        "a oneof",
        [
            Form(
                "two-members",
                f'{{"timer": {{{CRON}, {FUNCTION}, {CONTAINER}}}}}',
                "two of its members",
                source=CONFORMANCE + ": OneofFieldDuplicate",
            ),
            Form(
                "two-messages",
                TIMER[:-1] + ', "mail": {"invokeFunction": {"functionId": "f"}}}',
                "two of its messages",
                source=CONFORMANCE + ": OneofFieldDuplicate",
            ),
        ],
    ),
)
def test_a_oneof_is_refused(triggers: MadeTriggers, form: Form) -> None:
    triggers.refused(triggers.body(form.text))


NULL_FIRST = CONFORMANCE + ": OneofFieldNullFirst, OneofFieldNullSecond"


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.oneof",
        "a oneof",
        [
            Form(
                "null-first",
                f'{{"timer": {{{CRON}, "invokeContainerWithRetry": null, {FUNCTION}}}}}',
                "a member after another one that is null",
                "invoke_function",
                source=NULL_FIRST,
            ),
            Form(
                "null-second",
                f'{{"timer": {{{CRON}, {FUNCTION}, "invokeContainerWithRetry": null}}}}',
                "a member before another one that is null",
                "invoke_function",
                source=NULL_FIRST,
            ),
        ],
    ),
)
def test_a_oneof_is_read(triggers: MadeTriggers, form: Form) -> None:
    assert triggers.created(form.text).rule.timer.WhichOneof("action") == form.means


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.null",
        "a field",
        [
            Form(
                "is-unset",
                "null",
                "null as one that is not set",
                "",
                source=CONFORMANCE + ": AllFieldAcceptNull",
            )
        ],
    ),
)
def test_null_is_a_field_that_is_not_set(triggers: MadeTriggers, form: Form) -> None:
    assert triggers.created(TIMER, f'"description": {form.text}').description == form.means


MASK = "ProtoJSON: a FieldMask is one string of camelCase names, joined by commas"


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.field-mask",
        "a FieldMask",
        [
            Form("one-name", '"description"', "one name", {"description"}, source=MASK),
            Form(
                "names-joined-by-commas",
                '"description,labels"',
                "names joined by commas",
                {"description", "labels"},
                source=MASK,
            ),
        ],
    ),
)
def test_a_field_mask_is_read(triggers: MadeTriggers, form: Form) -> None:
    before = triggers.created(TIMER, '"description": "old", "labels": {"k": "old"}')
    body = f'{{"updateMask": {form.text}, "description": "new", "labels": {{"k": "new"}}}}'
    shown = triggers.patched(before, body)
    changed = {"description"} if shown.description == "new" else set()
    changed |= {"labels"} if shown.labels["k"] == "new" else set()
    assert changed == form.means
    assert shown.name == before.name, "a field that the mask does not name was changed"


@pytest.mark.parametrize(
    "form",
    read(
        "transcoding.field-mask",
        "a FieldMask",
        [
            Form(
                "camel-case-path",
                '"rule.timer.cronExpression"',
                "a path of camelCase names, rule.timer.cronExpression",
                "5 5 1 1 ? 2099",
                source=MASK,
            )
        ],
    ),
)
def test_a_path_of_a_field_mask_is_in_camel_case(triggers: MadeTriggers, form: Form) -> None:
    before = triggers.created(TIMER)
    rule = '{"timer": {"cronExpression": "5 5 1 1 ? 2099"}}'
    shown = triggers.patched(before, f'{{"updateMask": {form.text}, "rule": {rule}}}')
    assert shown.rule.timer.cron_expression == form.means
    assert shown.rule.timer.HasField("invoke_function")


@pytest.mark.parametrize(
    "form",
    refused(
        "transcoding.field-mask",
        "a FieldMask",
        [
            Form("list", '["description"]', "a list of names", source=MASK),
            Form("object", '{"paths": ["description"]}', "an object with paths", source=MASK),
            Form("number", "5", "a number", source=MASK),
        ],
    ),
)
def test_a_field_mask_is_refused(triggers: MadeTriggers, form: Form) -> None:
    before = triggers.created(TIMER, '"description": "old"')
    answer = triggers.patch(before, f'{{"updateMask": {form.text}, "description": "new"}}')
    expect_rest_error(answer, Code.INVALID_ARGUMENT)
    assert triggers.get(before.id) == before


@clause(
    "transcoding.field-mask.absent",
    MUST,
    "An update over REST without updateMask MUST be one without a mask: what the body does not "
    "have is reset.",
    source="docs: api-design-guide, 'Standard methods', Update: without a mask all fields are "
    "updated, those without a value to their default",
    features=("rest",),
)
def test_without_a_mask_all_fields_are_written(triggers: MadeTriggers) -> None:
    before = triggers.created(TIMER, '"description": "old", "labels": {"k": "old"}')
    shown = triggers.patched(before, f'{{"rule": {TIMER}, "description": "new"}}')
    assert shown.description == "new"
    assert dict(shown.labels) == {}, "a field that the body does not have must be reset"
