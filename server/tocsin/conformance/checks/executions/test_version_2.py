"""Version 2: schedule and execute with free JSON, and executions.list."""

from collections.abc import Sequence
from typing import Any

import pytest

from tocsin.conformance.checks.executions.cases import FILTERS_OF_V2, V2
from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE, NEVER, Runs, state
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok
from tocsin.conformance.wire.rest import RestAnswer

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

LIST = f"{V2}, executions.list"
BODY = {"text": "ж", "n": 7, "half": 0.5, "yes": True, "none": None, "deep": {"a": [1, {"b": ""}]}}
SAME = f"{V2}, requestId: 'if the duplicate request was detected, the response from the previous "
SAME += "execution is returned'"
ID_HEADER = "execution_id"
ANY: tuple[str, ...] = ()


def v2_clause(
    name: str, level: Level, sentence: str, *, source: str, features: tuple[str, ...] = ANY
) -> pytest.MarkDecorator:
    needed = (FEATURE, "execute", "integrations-v2", "filters", *features)
    return clause(f"executions.v2.{name}", level, sentence, source=source, features=needed)


def call(runs: Runs, verb: str, *query: tuple[str, str], body: Any = None) -> RestAnswer:
    """Schedules or executes by version 2."""
    path = f"/v2/{runs.peer.integration}:{verb}"
    answer = runs.peer.rest("POST", path, query=query, json=BODY if body is None else body)
    if answer.ok and answer.header(ID_HEADER):
        runs.forget(str(answer.header(ID_HEADER)))
    return answer


def trigger(runs: Runs) -> tuple[str, str]:
    """Returns the parameter that names the run's trigger."""
    return ("triggerId", runs.peer.trigger_id)


def shown(runs: Runs, execution_id: str, *query: tuple[str, str]) -> Any:
    """Returns an execution as version 2 lists it."""
    text = ("filter", f'execution_id="{execution_id}"')
    [execution] = runs.page([text, *query], "v2")
    return execution


def newest(runs: Runs, body: Any) -> Any:
    """Returns the execution that has this text among its variables."""
    for page in runs.pages([("pageSize", "1000")], "v2"):
        for execution in page.get("executions", []):
            if execution.get("requestVariables", {}).get("text") == body["text"]:
                return execution
    raise AssertionError("the list has no execution with the variables of the request")


def unique(runs: Runs) -> Any:
    """Returns a body that nobody else sends."""
    return {**BODY, "text": runs.peer.name("text")}


@v2_clause(
    "schedule.waits",
    MUST,
    "schedule of v2 MUST make an execution that waits for scheduleTime.",
    source=f"{V2}, integrations.schedule, scheduleTime: 'The time that the integration should be "
    "executed'",
)
def test_it_schedules(runs: Runs) -> None:
    body = unique(runs)
    expect_rest_ok(call(runs, "schedule", trigger(runs), ("scheduleTime", NEVER), body=body))
    execution = newest(runs, body)
    assert execution["state"] == "ON_HOLD"
    assert execution["triggerId"] == runs.peer.trigger_id


@v2_clause(
    "schedule.variables",
    MUST,
    "The members of the body MUST be the variables of the execution, as JSON.",
    source=f"{V2}, integrations.schedule: the request is a Struct; Execution.requestVariables: "
    "'Variables provided in the request'",
)
def test_the_body_is_the_variables(runs: Runs) -> None:
    body = unique(runs)
    expect_rest_ok(call(runs, "schedule", trigger(runs), ("scheduleTime", NEVER), body=body))
    assert newest(runs, body)["requestVariables"] == body


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(
            verb,
            marks=v2_clause(
                f"{verb}.header",
                SHOULD,
                f"The answer to {verb} of v2 SHOULD have the execution's id in the header "
                "`execution_id`.",
                source="public callers of v2 read it there; Google's documents do not say where "
                "the id is",
            ),
        )
        for verb in ("schedule", "execute")
    ],
)
def test_the_id_is_in_a_header(runs: Runs, verb: str) -> None:
    query = [trigger(runs), *([("scheduleTime", NEVER)] if verb == "schedule" else [])]
    answer = call(runs, verb, *query)
    expect_rest_ok(answer)
    execution_id = answer.header(ID_HEADER) or ""
    assert runs.get(execution_id)["name"] == runs.name(execution_id)


@v2_clause(
    "execute.ended",
    MUST,
    "execute of v2 MUST be answered when the execution has ended.",
    source=f"{V2}, integrations.execute: 'The response is not returned until the requested "
    "execution is either fulfilled or experienced an error'",
)
def test_it_executes(runs: Runs) -> None:
    body = unique(runs)
    answer = call(runs, "execute", trigger(runs), body=body)
    assert answer.ok, f"the request must succeed, but was answered {answer}"
    assert newest(runs, body)["state"] == "SUCCEEDED"


@v2_clause(
    "execute.no-body",
    MUST,
    "execute of v2 MUST take an empty object.",
    source=f"{V2}, integrations.execute: 'the entire payload is optional unless input variables "
    "need to be set'",
)
def test_variables_are_optional(runs: Runs) -> None:
    answer = call(runs, "execute", trigger(runs), body={})
    assert answer.ok, f"the request must succeed, but was answered {answer}"


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(
            verb,
            marks=v2_clause(
                f"{verb}.request-id",
                MUST,
                f"A repeat of {verb} of v2 with the same requestId MUST be answered as the first.",
                source=SAME,
            ),
        )
        for verb in ("schedule", "execute")
    ],
)
def test_a_repeat_is_answered_as_the_first(runs: Runs, verb: str) -> None:
    query = [trigger(runs), ("requestId", runs.peer.name("c"))]
    query += [("scheduleTime", NEVER)] if verb == "schedule" else []
    first, second = (call(runs, verb, *query) for _ in range(2))
    assert first.ok, f"the request must succeed, but was answered {first}"
    assert second.body == first.body
    assert second.header(ID_HEADER) == first.header(ID_HEADER)


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(
            verb,
            marks=v2_clause(
                f"{verb}.trigger.required",
                MUST,
                f"{verb} of v2 without triggerId MUST be refused with INVALID_ARGUMENT.",
                source=f"{V2}, integrations.{verb}, triggerId: 'This field is required to "
                "disambiguate which trigger should be invoked'",
            ),
        )
        for verb in ("schedule", "execute")
    ],
)
def test_a_trigger_is_required(runs: Runs, verb: str) -> None:
    answer = call(runs, verb)
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="trigger_id")


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(
            verb,
            marks=v2_clause(
                f"{verb}.trigger.unknown",
                MUST,
                f"{verb} of v2 with a trigger that is not there MUST be refused with NOT_FOUND.",
                source=f"{V2}, integrations.{verb}, triggerId: 'The API trigger id associated with "
                "the integration'; AIP-193",
            ),
        )
        for verb in ("schedule", "execute")
    ],
)
def test_an_unknown_trigger_is_not_found(runs: Runs, verb: str) -> None:
    answer = call(runs, verb, ("triggerId", f"{runs.peer.trigger_id}-of-nobody"))
    expect_rest_error(answer, *runs.peer.absent)


@v2_clause(
    "list.name",
    MUST,
    "An execution in a list of v2 MUST have its name, trigger, createTime and updateTime.",
    source=f"{V2}, Execution",
)
def test_a_list_has_the_fields(three: Three) -> None:
    execution = shown(three.runs, three.done)
    older = three.runs.get(three.done)
    for name in ("name", "triggerId", "createTime", "updateTime"):
        assert execution[name] == older[name]


@v2_clause(
    "list.attempts",
    MUST,
    "executionAttemptStats MUST have the start and end of each attempt.",
    source=f"{V2}, Execution.executionAttemptStats: 'Start and end time of each execution attempt'",
)
def test_a_list_has_attempts(three: Three) -> None:
    attempts = shown(three.runs, three.done)["executionAttemptStats"]
    assert attempts == three.runs.get(three.done)["executionDetails"]["attemptStats"]


@v2_clause(
    "list.variables",
    MUST,
    "requestVariables MUST be plain JSON, also of what was asked for by v1.",
    source=f"{V2}, Execution.requestVariables: 'Variables provided in the request'",
)
def test_variables_of_the_other_version(runs: Runs) -> None:
    sent = {"n": {"intValue": "7"}, "list": {"stringArray": {"stringValues": ["a"]}}}
    execution = shown(runs, runs.waiting(inputParameters=sent))
    assert execution["requestVariables"] == {"n": 7, "list": ["a"]}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(
            text,
            kept,
            marks=v2_clause(
                f"filter.{part}",
                MUST,
                "Of an execution that is waiting, one that is cancelled and one that is done, the "
                f"filter `{text}` of v2 MUST keep: {', '.join(kept) or 'none'}.",
                source=source,
            ),
        )
        for part, (text, kept, source) in FILTERS_OF_V2.items()
    ],
)
def test_a_filter_keeps(three: Three, text: str, kept: Sequence[str]) -> None:
    filled = text.format(
        integration=three.runs.short, trigger=three.runs.peer.trigger_id, done=three.done
    )
    found = three.runs.listed(three.ids, ("filter", filled), version="v2")
    assert three.named(found) == set(kept)


@v2_clause(
    "filter.refused",
    MUST,
    "A filter of v2 that names an unknown field MUST be refused with INVALID_ARGUMENT.",
    source="AIP-160",
)
def test_an_unknown_field_is_refused(runs: Runs) -> None:
    answer = runs.listing([("filter", 'workflow_size="a"')], "v2")
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="filter")


@v2_clause(
    "read-mask",
    MUST,
    "readMask of v2 MUST show what it names alone, beside the name.",
    source=f"{LIST}, readMask: 'If set, only the field specified will be returned as part of the "
    "result'",
)
def test_a_mask_shows_two_fields(three: Three) -> None:
    execution = shown(three.runs, three.done, ("readMask", "trigger_id,state"))
    assert {"name": three.runs.name(three.done), **execution} == {
        "name": three.runs.name(three.done),
        "triggerId": three.runs.peer.trigger_id,
        "state": "SUCCEEDED",
    }


@v2_clause(
    "pages",
    MUST,
    "Pages of v2 MUST together have each execution once.",
    source=f"{LIST}, pageToken: 'The token returned in the previous response'; AIP-158",
)
def test_pages_have_all(three: Three) -> None:
    found = three.runs.listed(three.ids, ("pageSize", "1"), version="v2")
    assert sorted(found) == sorted(three.ids)


@v2_clause(
    "page-size.negative",
    MUST,
    "A negative pageSize of v2 MUST be refused with INVALID_ARGUMENT.",
    source="AIP-158",
)
def test_a_negative_page_size_is_refused(runs: Runs) -> None:
    answer = runs.listing([("pageSize", "-1")], "v2")
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="page_size")


@v2_clause(
    "schedule.seen-by-v1",
    MUST,
    "What v2 scheduled MUST be shown by v1, with typed parameters.",
    source="discovery documents integrations v1 and v2: both list executions of the integration",
)
def test_both_versions_show_it(runs: Runs) -> None:
    body = unique(runs)
    expect_rest_ok(call(runs, "schedule", trigger(runs), ("scheduleTime", NEVER), body=body))
    execution = runs.get(newest(runs, body)["name"].rpartition("/")[2])
    assert state(execution) == "PENDING"
    assert execution["requestParameters"]["text"] == {"stringValue": body["text"]}
    assert execution["requestParameters"]["yes"] == {"booleanValue": True}
