"""What executions.get and executions.download show of an execution."""

import json
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.conformance.checks.executions.cases import V1, V2
from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE, NEVER, Runs, older, state
from tocsin.conformance.checks.schedule.values import VALUES, kebab
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import expect_rest_error, expect_rest_ok

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

EXECUTION = f"{V1}, Execution"
DETAILS = f"{V1}, EventExecutionDetails"
NAME = f"{V1}, executions.get, name: 'The execution resource name'"


def get_clause(
    name: str, level: Level, sentence: str, *, source: str, features: tuple[str, ...] = ("execute",)
) -> pytest.MarkDecorator:
    needed = (FEATURE, *features)
    return clause(f"executions.get.{name}", level, sentence, source=source, features=needed)


@get_clause("name", MUST, "Get MUST return the execution that was named.", source=NAME)
def test_it_has_its_name(three: Three) -> None:
    for each in three.ids:
        assert three.runs.get(each)["name"] == three.runs.name(each)


@get_clause(
    "trigger-id",
    MUST,
    "An execution MUST have the trigger that it was asked for by.",
    source=f"{EXECUTION}.triggerId: 'The trigger id of the integration trigger config'",
)
def test_it_has_its_trigger(three: Three) -> None:
    assert three.runs.get(three.done)["triggerId"] == three.runs.peer.trigger_id


@pytest.mark.parametrize(
    ("which", "method"),
    [
        pytest.param(
            which,
            method,
            marks=get_clause(
                f"method.{which}",
                MUST,
                f"An execution that was {what} MUST have executionMethod {method}.",
                source=f"{EXECUTION}.executionMethod: {method}, '{said}'",
            ),
        )
        for which, what, method, said in (
            ("waiting", "scheduled for a time", "SCHEDULE", "Async post with schedule time"),
            ("done", "executed while its caller waits", "POST", "Sync post"),
        )
    ],
)
def test_it_has_its_method(three: Three, which: str, method: str) -> None:
    assert three.runs.get(three.id_of(which))["executionMethod"] == method


@get_clause(
    "method.at-once",
    MAY,
    "An execution that was scheduled without a time MAY have executionMethod POST_TO_QUEUE or "
    "SCHEDULE; both are known.",
    source=f"{EXECUTION}.executionMethod does not say which",
    features=(),
)
def test_the_method_of_one_without_a_time(runs: Runs) -> None:
    assert runs.get(runs.scheduled())["executionMethod"] in ("POST_TO_QUEUE", "SCHEDULE")


@pytest.mark.parametrize(
    "which",
    [
        pytest.param(
            which,
            marks=get_clause(
                f"times.{which}",
                MUST,
                f"An execution that {what} MUST have a createTime, and an updateTime that is not "
                "before it.",
                source=f"{EXECUTION}: 'Created time of the execution', 'Last modified time'",
            ),
        )
        for which, what in {
            "waiting": "waits",
            "cancelled": "is cancelled",
            "done": "ended",
        }.items()
    ],
)
def test_it_has_its_times(three: Three, which: str) -> None:
    shown = three.runs.get(three.id_of(which))
    created, updated = seconds(shown["createTime"]), seconds(shown["updateTime"])
    assert created <= updated
    assert created < seconds(NEVER)


def seconds(text: str) -> float:
    """Returns an instant of RFC 3339 as seconds since 1970.

    Raises:
        AssertionError: it is none.
    """
    instant = Timestamp()
    try:
        instant.FromJsonString(text)
    except ValueError as error:
        raise AssertionError(f"{text!r} is not an instant by RFC 3339: {error}") from None
    return instant.ToNanoseconds() / 1e9


STATES: dict[str, tuple[str, str, str, str]] = {
    "waiting": ("waits for its time", "PENDING", "ON_HOLD", "ON_HOLD"),
    "cancelled": ("is cancelled", "CANCELLED", "CANCELED", "CANCELLED"),
    "done": ("succeeded", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"),
}
VIEWS = ("executionDetails", "eventExecutionDetails", "v2")


@pytest.mark.parametrize(
    ("which", "view"),
    [
        pytest.param(
            which,
            view,
            marks=get_clause(
                f"state.{which}.{'details' if number == 0 else 'older' if number == 1 else 'v2'}",
                MUST if number != 1 else SHOULD,
                f"The state of an execution that {STATES[which][0]} "
                f"{'SHOULD' if number == 1 else 'MUST'} be {STATES[which][1 + number]} in "
                f"{'Execution of v2' if number == 2 else view}.",
                source=(
                    f"{V1}, ExecutionDetails.state",
                    f"{DETAILS}.eventExecutionState",
                    f"{V2}, Execution.state",
                )[number],
                features=("execute", "integrations-v2", "filters") if number == 2 else ("execute",),
            ),
        )
        for which in STATES
        for number, view in enumerate(VIEWS)
    ],
)
def test_each_view_names_the_state(three: Three, which: str, view: str) -> None:
    _, newer, old, second = STATES[which]
    if view == "v2":
        text = f'execution_id="{three.id_of(which)}"'
        [shown] = three.runs.page([("filter", text)], "v2")
        assert shown["state"] == second
        return
    shown = three.runs.get(three.id_of(which))
    if view == "executionDetails":
        assert state(shown) == newer
    else:
        assert older(shown).get("eventExecutionState") == old


@get_clause(
    "attempts.waiting",
    SHOULD,
    "An execution that waits for its time SHOULD have that time as the startTime of an attempt.",
    source=f"{V1}, AttemptStats.startTime: 'This could be in the future if it's been scheduled'",
)
def test_a_coming_attempt_is_shown(three: Three) -> None:
    [attempt] = three.runs.get(three.waiting)["executionDetails"]["attemptStats"]
    assert attempt["startTime"] == NEVER
    assert "endTime" not in attempt


@get_clause(
    "attempts.done",
    MUST,
    "An execution that ended MUST have the start and end of its attempt.",
    source=f"{V1}, ExecutionDetails.attemptStats: 'List of Start and end time of the execution "
    "attempts'",
)
def test_an_attempt_is_shown(three: Three) -> None:
    shown = three.runs.get(three.done)
    attempt = shown["executionDetails"]["attemptStats"][-1]
    began, ended = seconds(attempt["startTime"]), seconds(attempt["endTime"])
    assert seconds(shown["createTime"]) - 1 <= began <= ended


@get_clause(
    "attempts.older",
    SHOULD,
    "eventExecutionDetails SHOULD have the start and end of each attempt too, in milliseconds.",
    source=f"{DETAILS}.eventAttemptStats; its int64 fields have no published unit",
)
def test_an_attempt_is_shown_in_the_older_form(three: Three) -> None:
    shown = three.runs.get(three.done)
    newer = shown["executionDetails"]["attemptStats"][-1]
    attempt = older(shown)["eventAttemptStats"][-1]
    for name in ("startTime", "endTime"):
        assert abs(int(attempt[name]) / 1000 - seconds(newer[name])) < 0.01


@get_clause(
    "cancel-reason",
    MUST,
    "A cancelled execution MUST show the reason that its caller gave.",
    source=f"{DETAILS}.cancelReason: 'If the execution is manually canceled, this field will "
    "contain the reason for cancellation'",
    features=(),
)
def test_the_reason_is_shown(runs: Runs) -> None:
    reason = "das Wetter ist schlecht"
    assert older(runs.get(runs.cancelled(reason)))["cancelReason"] == reason


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=get_clause(
                f"request-parameters.{kebab(member)}",
                MUST,
                f"A parameter of type {member} MUST be shown as it was sent.",
                source=f"{EXECUTION}.requestParameters: 'Event parameters come in as part of the "
                f"request'; ValueType.{member}",
                features=(),
            ),
        )
        for member in VALUES
    ],
)
def test_parameters_are_shown(runs: Runs, member: str) -> None:
    sent = {"one": {member: VALUES[member]}, "`two`": {"stringValue": ""}}
    shown = runs.get(runs.waiting(inputParameters=sent))
    assert shown["requestParameters"] == sent


@get_clause(
    "request-params",
    SHOULD,
    "Parameters SHOULD be shown in the older form too, with keys and values.",
    source=f"{EXECUTION}.requestParams: 'Event parameters come in as part of the request'",
    features=(),
)
def test_parameters_are_shown_in_the_older_form(runs: Runs) -> None:
    shown = runs.get(runs.waiting(inputParameters={"n": {"intValue": "7"}}))
    [entry] = shown["requestParams"]
    assert (entry["key"], entry["value"]) == ("n", {"intValue": "7"})


@get_clause(
    "response-parameters",
    MUST,
    "What an execution returned to its caller MUST be shown as its responseParameters.",
    source=f"{EXECUTION}.responseParameters: 'Event parameters returned as part of the response'",
)
def test_the_response_is_shown(runs: Runs) -> None:
    answer = runs.executed(inputParameters={"n": {"intValue": "7"}})
    shown = runs.get(answer["executionId"])
    assert shown.get("responseParameters", {}) == answer.get("parameters", {})


@pytest.mark.parametrize(
    ("form", "version"),
    [
        pytest.param(
            form,
            version,
            marks=get_clause(
                f"path.{version}.products",
                MUST,
                f"GET /{version}/ with the name below a product MUST return the execution, with "
                "that name.",
                source=f"discovery document integrations {version}, "
                "projects.locations.products.integrations.executions.get",
                features=("products", *(("v1alpha",) if version == "v1alpha" else ())),
            ),
        )
        for form, version in (("products", "v1"), ("products", "v1alpha"))
    ],
)
def test_each_path_gets(runs: Runs, form: str, version: str) -> None:
    integration = runs.of_product
    execution_id = runs.waiting(version, integration)
    name = runs.name(execution_id, integration)
    assert expect_rest_ok(runs.asked(name, version))["name"] == name


@get_clause(
    "v1alpha.no-newer-fields",
    SHOULD,
    "An execution by v1alpha SHOULD NOT have fields that only v1 has.",
    source="discovery document integrations v1alpha, Execution: no replayInfo, no cloudKmsKey",
    features=("products", "v1alpha", "replay"),
)
def test_v1alpha_has_its_own_fields(runs: Runs) -> None:
    replay = runs.replayed(runs.cancelled())["executionId"]
    shown = expect_rest_ok(runs.asked(runs.name(replay, runs.of_product), "v1alpha"))
    assert not {"replayInfo", "cloudKmsKey"} & set(shown)


def elsewhere(runs: Runs, kind: str) -> str:
    """Returns a name under which there is no execution."""
    execution_id = runs.waiting()
    if kind == "unknown":
        return runs.name("nobody-has-this-id")
    if kind == "other-integration":
        return runs.name(execution_id, f"{runs.peer.integration}-elsewhere")
    location = f"{runs.peer.location}-elsewhere/integrations/{runs.short}"
    return runs.name(execution_id, location)


NOWHERE = {
    "unknown": "id that nobody has",
    "other-integration": "execution of another integration",
    "other-location": "execution of another location",
}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            marks=get_clause(
                f"absent.{kind}",
                MUST,
                f"Get of an {what} MUST be refused with NOT_FOUND.",
                source=f"{NAME}; AIP-131",
                features=(),
            ),
        )
        for kind, what in NOWHERE.items()
    ],
)
def test_an_absent_one_is_not_found(runs: Runs, kind: str) -> None:
    expect_rest_error(runs.asked(elsewhere(runs, kind)), *runs.peer.absent)


def content(runs: Runs, name: str) -> Any:
    """Returns the content of a download."""
    found = expect_rest_ok(runs.download(name))["content"]
    assert isinstance(found, str), f"content must be a text: {found!r}"
    assert found, "content must not be empty"
    return found


@clause(
    "executions.download.content",
    MUST,
    "Download MUST return the execution's content as a text.",
    source=f"{V1}, DownloadExecutionResponse.content: 'The content of downloaded execution'",
    features=(FEATURE,),
)
def test_it_is_downloaded(runs: Runs) -> None:
    sent = {"text": {"stringValue": runs.peer.name("text")}}
    found = content(runs, runs.name(runs.waiting(inputParameters=sent)))
    assert sent["text"]["stringValue"] in found


@clause(
    "executions.download.json",
    SHOULD,
    "What is downloaded SHOULD be the JSON of the execution, as Get shows it.",
    source=f"{V1}, executions.download: 'Download the execution'; the form is not published",
    features=(FEATURE,),
)
def test_a_download_is_json(runs: Runs) -> None:
    execution_id = runs.waiting(inputParameters={"n": {"intValue": "7"}})
    shown = runs.get(execution_id)
    found = json.loads(content(runs, runs.name(execution_id)))
    assert found["name"] == shown["name"]
    assert found["requestParameters"] == shown["requestParameters"]


@clause(
    "executions.download.products",
    MUST,
    "GET /v1/{name}:download below a product MUST return the content.",
    source=f"{V1}, projects.locations.products.integrations.executions.download",
    features=(FEATURE, "products"),
)
def test_it_is_downloaded_below_a_product(runs: Runs) -> None:
    assert content(runs, runs.name(runs.waiting(), runs.of_product))


@clause(
    "executions.download.absent",
    MUST,
    "Download of an id that nobody has MUST be refused with NOT_FOUND.",
    source=f"{V1}, executions.download, name; AIP-193",
    features=(FEATURE,),
)
def test_an_absent_one_is_not_downloaded(runs: Runs) -> None:
    answer = runs.download(elsewhere(runs, "unknown"))
    expect_rest_error(answer, *runs.peer.absent)
