"""Names of fields in a body."""

from typing import Any

import pytest

from tocsin.conformance.checks.transcoding.forms import CONFORMANCE, MAY, MUST, PROTO_JSON, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import (
    FUNCTION,
    TIMER,
    MadeTriggers,
)
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]


def named(
    name: str, sentence: str, level: Level = MUST, source: str = PROTO_JSON, **more: Any
) -> pytest.MarkDecorator:
    return clause(
        f"transcoding.name.{name}", level, sentence, source=source, features=("rest",), **more
    )


BOTH = PROTO_JSON + ": 'Parsers accept both the lowerCamelCase name and the original proto name'"


@named(
    "json", "A server MUST read the lowerCamelCase names of fields, at every depth.", source=BOTH
)
def test_json_names_are_read(triggers: MadeTriggers) -> None:
    rule = TIMER.replace(FUNCTION, '"invokeFunctionWithRetry": {"functionId": "camel"}')
    shown = triggers.created(rule)
    assert shown.rule.timer.invoke_function_with_retry.function_id == "camel"


@named("proto", "A server MUST read the proto's own names of fields, at every depth.", source=BOTH)
def test_proto_names_are_read(triggers: MadeTriggers) -> None:
    body = (
        triggers.body()
        .replace("folderId", "folder_id")
        .replace("cronExpression", "cron_expression")
    )
    body = body.replace("invokeFunction", "invoke_function").replace("functionId", "function_id")
    shown = triggers.shown(triggers.send(body))
    assert shown.rule.timer.invoke_function.function_id == "f"


@named(
    "mixed", "A server MUST read names of both kinds beside each other in one body.", source=BOTH
)
def test_names_of_both_kinds_are_read(triggers: MadeTriggers) -> None:
    rule = TIMER.replace("invokeFunction", "invoke_function")
    assert triggers.created(rule).rule.timer.invoke_function.function_id == "f"


@named("google-proto", "A server MUST read the proto's own names in a schedule call.", source=BOTH)
def test_proto_names_are_read_in_a_schedule_call(schedules: Scheduled) -> None:
    body = schedules.body().replace("triggerId", "trigger_id")
    assert schedules.accepted(body.replace("scheduleTime", "schedule_time"))


@named(
    "escaped",
    "A server MUST read a name whose characters are escaped, such as \\u006eame.",
    source="RFC 8259 section 8.3: strings are compared after their escapes are replaced",
)
def test_an_escaped_name_is_read(triggers: MadeTriggers) -> None:
    shown = triggers.created(more=r'"\u0064escription": "escaped"')
    assert shown.description == "escaped"


WRONG = {
    "upper-camel": ("FolderId", "UpperCamelCase"),
    "upper-case": ("FOLDERID", "upper case"),
    "kebab": ("folder-id", "kebab-case"),
    "bracketed": ("[folder_id]", "brackets, as extensions have them"),
    "number": ("1", "its number"),
}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(
            wrong,
            marks=named(
                f"wrong.{name}",
                f"A required field whose name is in {what} MUST NOT count as given.",
            ),
        )
        for name, (wrong, what) in WRONG.items()
    ],
)
def test_another_name_sets_nothing(triggers: MadeTriggers, wrong: str) -> None:
    triggers.refused(triggers.body().replace("folderId", wrong))


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(
            more,
            marks=named(
                f"twice.{name}",
                f"A body that has a field twice, {what}, SHOULD be refused with 400.",
                SHOULD,
                f"{CONFORMANCE}: {case}; RFC 8259 section 4: names SHOULD be unique",
            ),
        )
        for name, what, case, more in (
            (
                "same",
                "under one name",
                "FieldNameDuplicate",
                '"description": "a", "description": "b"',
            ),
            (
                "both",
                "under both of its names",
                "FieldNameDuplicateDifferentCasing1",
                '"updateMask": "description", "update_mask": "labels"',
            ),
        )
    ],
)
def test_a_field_is_there_once(triggers: MadeTriggers, more: str) -> None:
    before = triggers.created(more='"description": "old"')
    answer = triggers.patch(before, f"{{{more}}}")
    expect_rest_error(answer, Code.INVALID_ARGUMENT)
    assert triggers.get(before.id) == before


@named(
    "twice.google",
    "A schedule call that has a field under both of its names SHOULD be refused with 400.",
    SHOULD,
    f"{CONFORMANCE}: FieldNameDuplicateDifferentCasing1",
)
def test_a_field_of_googles_is_there_once(schedules: Scheduled) -> None:
    schedules.refused(schedules.body('"trigger_id": "api_trigger/other"'))


@named(
    "unknown",
    "A name that no field has, in the body of a trigger method, MAY be dropped or refused; "
    "known answers are 200 without it (Envoy, grpc-gateway) and 400 (ProtoJSON's default).",
    MAY,
    PROTO_JSON + ": parsers should reject unknown fields by default, but may ignore them",
)
def test_an_unknown_name_is_dropped_or_refused(triggers: MadeTriggers) -> None:
    answer = triggers.send(triggers.body(more='"nope": {"a": [1]}'))
    if answer.status == 200:
        assert triggers.shown(answer).rule.timer.invoke_function.function_id == "f"
    else:
        expect_rest_error(answer, Code.INVALID_ARGUMENT)


UNKNOWN = {
    "top": ('"nope": 1', "at the top"),
    "nested": ('"inputParameters": {"k": {"nopeValue": "x"}}', "within a message"),
    "misspelt": ('"requestid": "x"', "that differs in case from one that exists"),
}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(
            more,
            marks=named(
                f"unknown.google.{name}",
                f"A name that no field has, {where} of a schedule call, SHOULD be refused.",
                SHOULD,
                "live Google APIs: 'Invalid JSON payload received. Unknown name'; "
                + PROTO_JSON
                + ": parsers should reject unknown fields by default",
            ),
        )
        for name, (more, where) in UNKNOWN.items()
    ],
)
def test_an_unknown_name_of_googles_is_refused(schedules: Scheduled, more: str) -> None:
    schedules.refused(schedules.body(more))
