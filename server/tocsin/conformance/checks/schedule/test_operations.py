"""google.longrunning.Operations over what was scheduled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration

from tocsin.conformance.checks.schedule.scheduler import Scheduler
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_error, expect_ok, metadata_of
from tocsin.conformance.patience import monotonic
from tocsin.conformance.peer import Answer

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

PROTO = "proto google/longrunning/operations.proto"
METHODS: dict[str, Callable[[str], Any]] = {
    "GetOperation": lambda name: operations_pb2.GetOperationRequest(name=name),
    "CancelOperation": lambda name: operations_pb2.CancelOperationRequest(name=name),
    "DeleteOperation": lambda name: operations_pb2.DeleteOperationRequest(name=name),
    "WaitOperation": lambda name: operations_pb2.WaitOperationRequest(
        name=name, timeout=Duration(seconds=1)
    ),
}


def operation_clause(
    name: str, sentence: str, level: Level = MUST, *, source: str, wait: bool = False, **more: Any
) -> pytest.MarkDecorator:
    features = ("google-operations", *(("wait-operation",) if wait else ()))
    return clause(
        f"schedule.operation.{name}", level, sentence, source=source, features=features, **more
    )


def called(scheduler: Scheduler, method: str, name: str) -> Answer:
    found: Answer = getattr(scheduler.peer.google_operations, method)(METHODS[method](name))
    return found


@operation_clause(
    "get.name",
    "GetOperation MUST answer the operation of the name that was asked for.",
    source=f"{PROTO}: GetOperation",
)
def test_an_operation_has_its_name(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    assert scheduler.get(execution_id).name == scheduler.name(execution_id)


@operation_clause(
    "waiting.not-done",
    "While an execution waits for its time its operation MUST NOT be done, and MUST have neither "
    "an error nor a response.",
    source=f"{PROTO}: 'If done == false, neither error nor response is set'",
)
def test_what_waits_is_not_done(scheduler: Scheduler) -> None:
    operation = scheduler.get(scheduler.one())
    assert not operation.done
    assert operation.WhichOneof("result") is None


@operation_clause(
    "done.one-result",
    "An operation that is done MUST have an error or a response, and not both.",
    source=f"{PROTO}: 'If done == true, exactly one of error or response can be set'",
)
def test_what_is_done_has_one_result(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    operation = scheduler.get(execution_id)
    assert operation.done == (operation.WhichOneof("result") is not None)


@operation_clause(
    "metadata.execution",
    "The metadata of an operation MAY be an ExecutionInfo with the execution's id, its trigger "
    "and the state ON_HOLD; Google publishes the message, and no operation of this call.",
    MAY,
    source="proto google/cloud/integrations/v1alpha/log_entries.proto, ExecutionInfo",
)
def test_the_metadata_is_the_execution(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    info = metadata_of(scheduler.get(execution_id))
    assert info.DESCRIPTOR.name == "ExecutionInfo"
    assert info.execution_id == execution_id
    assert info.trigger_id == scheduler.peer.trigger_id
    assert info.project_id == scheduler.peer.location.split("/")[1]


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            marks=operation_clause(
                f"{method.removesuffix('Operation').lower()}.unknown",
                f"{method} of an operation that does not exist MUST be refused with NOT_FOUND.",
                source=f"{PROTO}: {method}; proto google/rpc/code.proto: NOT_FOUND",
                wait=method == "WaitOperation",
            ),
        )
        for method in METHODS
    ],
)
def test_an_unknown_operation_is_not_found(scheduler: Scheduler, method: str) -> None:
    answer = called(scheduler, method, scheduler.name(scheduler.peer.name("nobody")))
    expect_error(answer, Code.NOT_FOUND)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            marks=operation_clause(
                f"{method.removesuffix('Operation').lower()}.other-location",
                f"{method} by a name of another location MUST be refused, and MUST NOT touch the "
                "execution of this one.",
                source="AIP-122: a resource name identifies one resource",
                wait=method == "WaitOperation",
            ),
        )
        for method in METHODS
    ],
)
def test_another_location_has_another_operation(scheduler: Scheduler, method: str) -> None:
    execution_id = scheduler.one()
    name = f"{scheduler.peer.location}-elsewhere/operations/{execution_id}"
    expect_error(called(scheduler, method, name), Code.NOT_FOUND, Code.PERMISSION_DENIED)
    assert not scheduler.get(execution_id).done


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=operation_clause(
                f"get.name-{id}",
                f"GetOperation of a name {what} MUST be refused with NOT_FOUND or "
                "INVALID_ARGUMENT.",
                source="googleapis/gapic-showcase: NOT_FOUND; AIP-193: INVALID_ARGUMENT",
            ),
        )
        for id, name, what in (
            ("empty", "", "that is empty"),
            ("bare", "nobody", "without a collection"),
            ("of-a-location", "projects/p/locations/l", "of a location"),
        )
    ],
)
def test_a_name_of_another_form_is_refused(scheduler: Scheduler, name: str) -> None:
    expect_error(called(scheduler, "GetOperation", name), Code.NOT_FOUND, Code.INVALID_ARGUMENT)


CANCELLED = f"{PROTO}: CancelOperation: 'it becomes an operation with an error value with a "
CANCELLED += "code of 1, corresponding to Code.CANCELLED'"


@operation_clause(
    "cancel.answers-empty",
    "CancelOperation of an execution that waits MUST be answered with google.protobuf.Empty.",
    source=f"{PROTO}: CancelOperation; docs: cancel-executions: ON_HOLD can be cancelled",
)
def test_cancelling_answers_nothing(scheduler: Scheduler) -> None:
    answer = scheduler.cancel(scheduler.one())
    assert expect_ok(answer).ByteSize() == 0


@operation_clause(
    "cancel.error-is-cancelled",
    "An execution that was cancelled in time MUST be done, with an error of the code CANCELLED.",
    source=CANCELLED,
)
def test_what_is_cancelled_is_an_error(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    operation = scheduler.get(execution_id)
    assert operation.done
    assert operation.error.code == Code.CANCELLED.value[0]


@operation_clause(
    "cancel.is-kept",
    "An execution that was cancelled MUST NOT be deleted.",
    source=f"{PROTO}: CancelOperation: 'On successful cancellation, the operation is not deleted'",
)
def test_what_is_cancelled_is_kept(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    assert scheduler.get(execution_id).name == scheduler.name(execution_id)


@operation_clause(
    "cancel.others-stay",
    "CancelOperation MUST NOT cancel another execution.",
    source=f"{PROTO}: CancelOperation of 'the operation resource to be cancelled'",
)
def test_cancelling_one_leaves_the_others(scheduler: Scheduler) -> None:
    one, other = scheduler.one(), scheduler.one()
    expect_ok(scheduler.cancel(one))
    assert not scheduler.get(other).done


@operation_clause(
    "cancel.twice",
    "A second CancelOperation MAY be answered with Empty or refused; known answers are Empty "
    "and FAILED_PRECONDITION; the operation stays as it is.",
    MAY,
    source=f"{PROTO}: 'success is not guaranteed'; AIP-216",
)
def test_cancelling_twice(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    before = scheduler.get(execution_id)
    assert scheduler.cancel(execution_id).code in (Code.OK, Code.FAILED_PRECONDITION)
    assert scheduler.get(execution_id) == before


@operation_clause(
    "cancel.keeps-its-id",
    "The id of an execution that was cancelled MUST NOT be given to another one.",
    source="discovery document integrations v1, userGeneratedExecutionId: 'a unique id'",
)
def test_a_cancelled_execution_keeps_its_id(scheduler: Scheduler) -> None:
    mine = scheduler.peer.name("c")
    scheduler.ids(user_generated_execution_id=mine)
    expect_ok(scheduler.cancel(mine))
    assert not scheduler.call(user_generated_execution_id=mine).ok


def deleted(scheduler: Scheduler) -> str:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    answer = called(scheduler, "DeleteOperation", scheduler.name(execution_id))
    assert expect_ok(answer).ByteSize() == 0
    return execution_id


@operation_clause(
    "delete.is-gone",
    "An operation that was deleted MUST NOT be found by GetOperation.",
    source=f"{PROTO}: 'Deletes a long-running operation'; AIP-135",
)
def test_what_is_deleted_is_gone(scheduler: Scheduler) -> None:
    execution_id = deleted(scheduler)
    answer = called(scheduler, "GetOperation", scheduler.name(execution_id))
    expect_error(answer, Code.NOT_FOUND)


@operation_clause(
    "delete.is-not-listed",
    "An operation that was deleted MUST NOT be listed.",
    source=f"{PROTO}: 'Deletes a long-running operation'; AIP-135",
)
def test_what_is_deleted_is_not_listed(scheduler: Scheduler) -> None:
    execution_id = deleted(scheduler)
    name = scheduler.name(execution_id)
    for page in scheduler.pages(1000):
        assert name not in {each.name for each in page.operations}


@operation_clause(
    "delete.twice",
    "A second DeleteOperation SHOULD be refused with NOT_FOUND.",
    SHOULD,
    source="AIP-135: a resource that does not exist is NOT_FOUND",
)
def test_deleting_twice_is_refused(scheduler: Scheduler) -> None:
    name = scheduler.name(deleted(scheduler))
    expect_error(called(scheduler, "DeleteOperation", name), Code.NOT_FOUND)


WAIT = f"{PROTO}: WaitOperation"


def waited(scheduler: Scheduler, execution_id: str, **fields: Any) -> Any:
    request = operations_pb2.WaitOperationRequest(name=scheduler.name(execution_id), **fields)
    return expect_ok(scheduler.peer.google_operations.WaitOperation(request))


@operation_clause(
    "wait.done-at-once",
    "WaitOperation of an operation that is done MUST be answered at once with its state.",
    source=f"{WAIT}: 'If the operation is already done, the latest state is immediately returned'",
    wait=True,
)
def test_waiting_for_what_is_done(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    expect_ok(scheduler.cancel(execution_id))
    began = monotonic()
    assert waited(scheduler, execution_id, timeout=Duration(seconds=14)).done
    assert monotonic() - began < 5, "the answer came as late as the timeout"


@operation_clause(
    "wait.timeout",
    "WaitOperation MUST be answered with the latest state when its timeout is over.",
    source=f"{WAIT}: 'or reaches at most a specified timeout, returning the latest state'",
    wait=True,
)
def test_waiting_ends_with_its_timeout(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    began = monotonic()
    operation = waited(scheduler, execution_id, timeout=Duration(nanos=300_000_000))
    assert not operation.done
    assert operation.name == scheduler.name(execution_id)
    assert monotonic() - began < 5, "the answer came long after the timeout"


@operation_clause(
    "wait.zero",
    "WaitOperation with a timeout of zero MUST be answered at once.",
    source=f"{WAIT}: 'The maximum duration to wait before timing out'",
    wait=True,
)
def test_waiting_no_time(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    began = monotonic()
    assert not waited(scheduler, execution_id, timeout=Duration()).done
    assert monotonic() - began < 5


@operation_clause(
    "wait.until-done",
    "WaitOperation SHOULD be answered as soon as the operation is done.",
    SHOULD,
    source=f"{WAIT}: 'Waits until the specified long-running operation is done'",
    wait=True,
)
def test_waiting_ends_with_the_operation(scheduler: Scheduler) -> None:
    execution_id = scheduler.one()
    with ThreadPoolExecutor(1) as pool:
        began = monotonic()
        waiting = pool.submit(waited, scheduler, execution_id, timeout=Duration(seconds=12))
        expect_ok(scheduler.cancel(execution_id))
        assert waiting.result().done
        assert monotonic() - began < 10, "the answer came only when the timeout was over"
