"""executions.cancel: only what waits can be cancelled."""

from tocsin.conformance.checks.executions.cases import V1
from tocsin.conformance.checks.executions.runs import FEATURE, Runs, state
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

CANCEL = f"{V1}, executions.cancel: 'This will not cancel an IN_PROCESS or completed(SUCCESSFUL, "
CANCEL += "FAILED or CANCELLED) executions'"
TOLD = f"{V1}, CancelExecutionResponse.isCanceled: 'True if cancellation performed successfully'"


@clause(
    "executions.cancel.waiting",
    MUST,
    "Cancel of an execution that waits MUST answer isCanceled true, and end it as CANCELLED.",
    source=f"{V1}, executions.cancel: 'Cancellation of an execution'; {TOLD}",
    features=(FEATURE,),
)
def test_what_waits_is_cancelled(runs: Runs) -> None:
    execution_id = runs.waiting()
    assert expect_rest_ok(runs.cancel(execution_id))["isCanceled"] is True
    assert state(runs.get(execution_id)) == "CANCELLED"


@clause(
    "executions.cancel.others",
    MUST,
    "Cancel MUST NOT cancel another execution.",
    source=f"{V1}, executions.cancel, name: 'The execution resource name'",
    features=(FEATURE,),
)
def test_others_are_not_cancelled(runs: Runs) -> None:
    other = runs.waiting()
    expect_rest_ok(runs.cancel(runs.waiting()))
    assert state(runs.get(other)) == "PENDING"


@clause(
    "executions.cancel.done",
    MUST,
    "Cancel of an execution that has ended MUST NOT say that it is cancelled.",
    source=f"{CANCEL}; {TOLD}",
    features=(FEATURE, "execute"),
)
def test_what_is_done_is_not_cancelled(runs: Runs) -> None:
    answer = runs.cancel(runs.done())
    if answer.ok:
        assert not answer.json.get("isCanceled", False)
    else:
        expect_rest_error(answer, Code.FAILED_PRECONDITION)


@clause(
    "executions.cancel.done.stays",
    MUST,
    "An execution that has ended MUST stay as it is when it is cancelled.",
    source=f"{CANCEL}; ExecutionDetails.state: 'There's no more change after this state'",
    features=(FEATURE, "execute"),
)
def test_what_is_done_stays(runs: Runs) -> None:
    execution_id = runs.done()
    before = runs.get(execution_id)
    runs.cancel(execution_id)
    assert runs.get(execution_id) == before


@clause(
    "executions.cancel.again",
    MAY,
    "Cancel of a cancelled execution MAY answer isCanceled true or false, or FAILED_PRECONDITION; "
    "these are known.",
    source=f"{CANCEL} leaves the answer open",
    features=(FEATURE,),
)
def test_what_is_cancelled_is_cancelled_again(runs: Runs) -> None:
    answer = runs.cancel(runs.cancelled())
    if not answer.ok:
        expect_rest_error(answer, Code.FAILED_PRECONDITION)


@clause(
    "executions.cancel.again.stays",
    MUST,
    "A cancelled execution MUST keep the reason of the first Cancel.",
    source="ExecutionDetails.state, CANCELLED: 'There's no more change after this state'",
    features=(FEATURE,),
)
def test_the_first_reason_stays(runs: Runs) -> None:
    execution_id = runs.cancelled("the first")
    before = runs.get(execution_id)
    runs.cancel(execution_id, {"cancelReason": "the second"})
    assert runs.get(execution_id) == before


@clause(
    "executions.cancel.no-reason",
    SHOULD,
    "Cancel without a cancelReason SHOULD be taken.",
    source="docs: application-integration/cancel-executions, whose request has no body; in the "
    "discovery document of v1alpha the request has no field",
    features=(FEATURE,),
)
def test_a_reason_may_be_left_out(runs: Runs) -> None:
    assert expect_rest_ok(runs.cancel(runs.waiting(), {}))["isCanceled"] is True


@clause(
    "executions.cancel.v1alpha",
    MUST,
    "POST /v1alpha/{name}:cancel below a product MUST cancel the execution.",
    source="discovery document integrations v1alpha, "
    "projects.locations.products.integrations.executions.cancel",
    features=(FEATURE, "products", "v1alpha"),
)
def test_v1alpha_cancels(runs: Runs) -> None:
    execution_id = runs.waiting("v1alpha", runs.of_product)
    name = runs.name(execution_id, runs.of_product)
    answer = runs.peer.rest("POST", f"/v1alpha/{name}:cancel", json={})
    assert expect_rest_ok(answer)["isCanceled"] is True
    assert state(runs.get(execution_id)) == "CANCELLED"


@clause(
    "executions.cancel.absent",
    MUST,
    "Cancel of an id that nobody has MUST be refused with NOT_FOUND.",
    source=f"{V1}, executions.cancel, name; AIP-193",
    features=(FEATURE,),
)
def test_an_absent_one_is_not_found(runs: Runs) -> None:
    expect_rest_error(runs.cancel("nobody-has-this-id"), *runs.peer.absent)


@clause(
    "executions.cancel.other-integration",
    MUST,
    "Cancel by the name of another integration MUST be refused, and the execution go on waiting.",
    source=f"{V1}, executions.cancel, name: 'The execution resource name'",
    features=(FEATURE,),
)
def test_the_name_is_of_one_integration(runs: Runs) -> None:
    execution_id = runs.waiting()
    name = runs.name(execution_id, f"{runs.peer.integration}-elsewhere")
    answer = runs.peer.rest("POST", f"/v1/{name}:cancel", json={"cancelReason": "why not"})
    expect_rest_error(answer, *runs.peer.absent)
    assert state(runs.get(execution_id)) == "PENDING"


@clause(
    "executions.cancel.is-listed",
    MUST,
    "A list MUST show at once that an execution is cancelled.",
    source=f"{V1}, executions.list: 'Lists the results of all the integration executions'; "
    "ExecutionDetails.state",
    features=(FEATURE, "filters"),
)
def test_a_cancelled_one_is_listed_as_such(runs: Runs) -> None:
    execution_id = runs.cancelled()
    found = runs.listed([execution_id], ("filter", "event_execution_state=CANCELED"))
    assert found == [execution_id]
