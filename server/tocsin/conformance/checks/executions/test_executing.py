"""integrations.execute: what it answers, and what it leaves behind."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tocsin.conformance.checks.executions.cases import V1
from tocsin.conformance.checks.executions.runs import FEATURE, Runs, state
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

EXECUTE = (
    f"{V1}, integrations.execute: 'The request is not returned until the requested executions "
)
EXECUTE += "are either fulfilled or experienced an error'"
REQUEST = f"{V1}, ExecuteIntegrationsRequest"
RESPONSE = f"{V1}, ExecuteIntegrationsResponse"
SAME = (
    f"{REQUEST}.requestId: 'if the duplicate request was detected, the response from the previous "
)
SAME += "execution is returned'"
SENT = {"text": {"stringValue": "hello"}, "n": {"intValue": "7"}}


def execute_clause(
    name: str, level: Level, sentence: str, *, source: str, features: tuple[str, ...] = ()
) -> pytest.MarkDecorator:
    needed = (FEATURE, "execute", *features)
    return clause(f"executions.execute.{name}", level, sentence, source=source, features=needed)


@execute_clause(
    "ended",
    MUST,
    "Execute MUST be answered with the id of an execution that has ended.",
    source=f"{EXECUTE}; {RESPONSE}.executionId",
)
def test_it_has_ended(runs: Runs) -> None:
    shown = runs.get(runs.done())
    assert state(shown) == "SUCCEEDED"
    assert shown["executionDetails"]["attemptStats"][-1]["endTime"]


@execute_clause(
    "parameters",
    MUST,
    "inputParameters MUST be those of the execution.",
    source=f"{REQUEST}.inputParameters: 'Input parameters used by integration execution'",
)
def test_it_has_its_parameters(runs: Runs) -> None:
    assert runs.get(runs.done(inputParameters=SENT))["requestParameters"] == SENT


@pytest.mark.parametrize(
    "carrier",
    [
        pytest.param(
            carrier,
            marks=execute_clause(
                f"carrier.{carrier.lower()}",
                MUST,
                f"{carrier} MUST be the parameters of the execution.",
                source=f"{REQUEST}.{carrier}",
                features=("older-parameters",),
            ),
        )
        for carrier in ("parameters", "parameterEntries")
    ],
)
def test_an_older_carrier_is_taken(runs: Runs, carrier: str) -> None:
    entries = [{"key": "n", "value": {"intValue": "7"}, "dataType": "INT_VALUE"}]
    sent: Any = {"parameters": entries} if carrier == "parameters" else entries
    assert runs.get(runs.done(**{carrier: sent}))["requestParameters"] == {"n": {"intValue": "7"}}


@execute_clause(
    "outputs",
    SHOULD,
    "outputParameters and parameters SHOULD have the same names.",
    source=f"{RESPONSE}: both are 'OUTPUT parameters'",
)
def test_both_forms_have_the_same_outputs(runs: Runs) -> None:
    answer = runs.executed(inputParameters=SENT)
    assert set(answer.get("outputParameters", {})) == set(answer.get("parameters", {}))


@execute_clause(
    "do-not-propagate-error",
    MUST,
    "doNotPropagateError MUST be taken, and a success not be called failed.",
    source=f"{REQUEST}.doNotPropagateError: 'If this flag is set to be true, it will not throw an "
    f"exception'; {RESPONSE}.executionFailed: 'Is true if any execution in the integration failed. "
    "False otherwise'",
)
def test_a_success_is_none_of_its_errors(runs: Runs) -> None:
    answer = runs.executed(doNotPropagateError=True)
    assert answer["executionId"]
    assert not answer.get("executionFailed", False)


@execute_clause(
    "request-id.repeated",
    MUST,
    "A repeat with the same requestId MUST be answered as the first call was.",
    source=SAME,
)
def test_a_repeat_is_answered_as_the_first(runs: Runs) -> None:
    request_id = runs.peer.name("c")
    first = runs.executed(requestId=request_id, inputParameters=SENT)
    assert runs.executed(requestId=request_id, inputParameters=SENT) == first


@execute_clause(
    "request-id.at-once",
    MUST,
    "Ten calls at once with the same requestId MUST be one execution.",
    source=f"{SAME}; AIP-155",
)
def test_repeats_at_once_are_one_execution(runs: Runs) -> None:
    request_id = runs.peer.name("c")

    def call(_: int) -> str:
        return runs.done(requestId=request_id)

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(call, range(10)))) == 1


@execute_clause(
    "request-id.other", MUST, "Calls with different requestIds MUST be two executions.", source=SAME
)
def test_another_request_id_is_another_execution(runs: Runs) -> None:
    first, second = (runs.done(requestId=runs.peer.name("c")) for _ in range(2))
    assert first != second


@execute_clause(
    "request-id.none",
    MUST,
    "Calls without a requestId MUST be two executions.",
    source=f"{REQUEST}.requestId: 'Optional. This is used to de-dup incoming request'",
)
def test_without_a_request_id_each_runs(runs: Runs) -> None:
    assert runs.done() != runs.done()


@execute_clause(
    "resume",
    MUST,
    "Execute with the executionId of an execution that waits MUST run that one, and not another.",
    source=f"{REQUEST}.executionId: 'The id of the ON_HOLD execution to be resumed'",
)
def test_what_waits_is_run_now(runs: Runs) -> None:
    execution_id = runs.waiting(inputParameters=SENT)
    assert runs.done(executionId=execution_id) == execution_id
    shown = runs.get(execution_id)
    assert state(shown) == "SUCCEEDED"
    assert shown["requestParameters"] == SENT


@execute_clause(
    "resume.done",
    SHOULD,
    "Execute with the executionId of an execution that has ended SHOULD be refused with "
    "FAILED_PRECONDITION.",
    source=f"{REQUEST}.executionId: 'The id of the ON_HOLD execution'; AIP-216",
)
def test_what_is_done_is_not_run_again(runs: Runs) -> None:
    answer = runs.execute(executionId=runs.done())
    expect_rest_error(answer, Code.FAILED_PRECONDITION)


@execute_clause(
    "resume.absent",
    MUST,
    "Execute with an executionId that nobody has MUST be refused with NOT_FOUND.",
    source=f"{REQUEST}.executionId; AIP-193",
)
def test_an_absent_one_is_not_run(runs: Runs) -> None:
    expect_rest_error(runs.execute(executionId="nobody-has-this-id"), *runs.peer.absent)


@execute_clause(
    "trigger.required",
    MUST,
    "Execute without a triggerId MUST be refused with INVALID_ARGUMENT.",
    source=f"{REQUEST}.triggerId: 'Required'; AIP-203",
)
def test_a_trigger_is_required(runs: Runs) -> None:
    answer = runs.execute(triggerId=None)
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="trigger_id")


@execute_clause(
    "trigger.unknown",
    MUST,
    "Execute with a trigger that the integration lacks MUST be refused with NOT_FOUND.",
    source=f"{REQUEST}.triggerId: 'TriggerConfig.trigger_id.equals(trigger_id)'; AIP-193",
)
def test_an_unknown_trigger_is_not_found(runs: Runs) -> None:
    answer = runs.execute(triggerId=f"{runs.peer.trigger_id}-of-nobody")
    expect_rest_error(answer, *runs.peer.absent)


@execute_clause(
    "absent",
    MUST,
    "Execute of an integration that is not there MUST be refused with NOT_FOUND.",
    source=f"{V1}, integrations.execute, name: 'Required. The integration resource name'; AIP-193",
)
def test_an_unknown_integration_is_not_found(runs: Runs) -> None:
    answer = runs.execute(integration=f"{runs.peer.integration}-of-nobody")
    expect_rest_error(answer, *runs.peer.absent)


@pytest.mark.parametrize(
    ("version", "below"),
    [
        pytest.param(
            version,
            below,
            marks=execute_clause(
                f"path.{version}{'.products' if below else ''}",
                MUST,
                f"POST /{version}/{{name}}:execute {'below a product ' if below else ''}MUST run "
                "the integration.",
                source=f"discovery document integrations {version}, "
                f"projects.locations.{'products.' if below else ''}integrations.execute",
                features=(
                    *(("products",) if below else ()),
                    *(("v1alpha",) if version == "v1alpha" else ()),
                ),
            ),
        )
        for version, below in (("v1", True), ("v1alpha", False), ("v1alpha", True))
    ],
)
def test_each_path_executes(runs: Runs, version: str, below: bool) -> None:
    integration = runs.of_product if below else runs.peer.integration
    answer = expect_rest_ok(runs.execute(version, integration))
    assert state(runs.get(answer["executionId"])) == "SUCCEEDED"


@execute_clause(
    "refused-makes-none",
    MUST,
    "Execute that is refused MUST NOT use its requestId up.",
    source="AIP-155: the response of the earlier successful call is returned",
)
def test_a_refusal_uses_no_request_id_up(runs: Runs) -> None:
    request_id = runs.peer.name("c")
    refused = runs.execute(requestId=request_id, triggerId=f"{runs.peer.trigger_id}-of-nobody")
    expect_rest_error(refused, *runs.peer.absent)
    assert runs.done(requestId=request_id)
