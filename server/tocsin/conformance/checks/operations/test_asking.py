"""OperationService finds operations by their ids, and cancels what can be cancelled."""

from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code, nobody
from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.expecting import metadata_of
from tocsin.conformance.made import create_request
from tocsin.conformance.peer import OPERATIONS, Peer
from tocsin_protos.yandex.cloud.operation import operation_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

GUIDE = "Yandex Cloud API design guide, Operation object, 'Canceling an operation'"
CANCEL = ("operation-cancel",)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            id=method,
            marks=clause(
                f"operations.{method.lower()}.not-found",
                MUST,
                f"{method} of an id that no operation has MUST be refused with NOT_FOUND.",
                source="Yandex Cloud API design guide, Errors, NOT_FOUND",
                features=CANCEL if method == "Cancel" else (),
            ),
        )
        for method in ("Get", "Cancel")
    ],
)
def test_an_unknown_operation_is_not_found(changes: Changes, peer: Peer, method: str) -> None:
    known = changes.done("Create", create_request(peer)).id
    request = getattr(contract, f"{method}OperationRequest")(operation_id=nobody(known))
    answer = peer.call(f"{OPERATIONS}/{method}", request)
    assert answer.code is Code.NOT_FOUND, f"{method} must say NOT_FOUND, but said {answer}"


@clause(
    "operations.get.not-a-trigger",
    MUST,
    "Get of an operation under a trigger's id MUST be refused with NOT_FOUND or INVALID_ARGUMENT.",
    source="Yandex Cloud API design guide, Resource identification (each resource has its own "
    "unique ID); Errors, NOT_FOUND",
)
def test_a_trigger_is_no_operation(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    answer = peer.operations.Get(contract.GetOperationRequest(operation_id=made.id))
    assert answer.code in (Code.NOT_FOUND, Code.INVALID_ARGUMENT), f"Get said {answer}"


@clause(
    "operations.get.that-operation",
    MUST,
    "Get MUST show the operation whose id was asked for.",
    source="proto yandex.cloud.operation.OperationService.Get (the specified Operation resource)",
)
def test_get_shows_the_operation_that_was_asked_for(changes: Changes, peer: Peer) -> None:
    made = [changes.done("Create", create_request(peer)) for _ in range(2)]
    for operation in made:
        answer = peer.operations.Get(contract.GetOperationRequest(operation_id=operation.id))
        assert answer.ok, f"Get must succeed, but was answered {answer}"
        expect_same(answer.message, operation, "the operation in Get")


def _cancelled(changes: Changes, peer: Peer) -> tuple[Any, Any]:
    operation = changes.done("Create", create_request(peer))
    answer = peer.operations.Cancel(contract.CancelOperationRequest(operation_id=operation.id))
    return operation, answer


@clause(
    "operations.cancel.answers-operation",
    MUST,
    "Cancel of an operation that is done MUST answer it as it is, or be refused with "
    "FAILED_PRECONDITION.",
    source=f"{GUIDE} (returns the Operation object with the current status)",
    features=CANCEL,
)
def test_cancel_answers_the_operation(changes: Changes, peer: Peer) -> None:
    operation, answer = _cancelled(changes, peer)
    if answer.ok:
        expect_same(answer.message, operation, "the operation in the answer of Cancel")
    else:
        assert answer.code is Code.FAILED_PRECONDITION, f"Cancel was answered {answer}"


@clause(
    "operations.cancel.done-stays",
    MUST,
    "Cancel MUST NOT change an operation that is done.",
    source=f"{GUIDE} (no guarantee that it will be canceled); proto yandex.cloud.operation."
    "Operation.done (if true, the operation is completed)",
    features=CANCEL,
)
def test_cancel_changes_no_operation_that_is_done(changes: Changes, peer: Peer) -> None:
    operation, _ = _cancelled(changes, peer)
    answer = peer.operations.Get(contract.GetOperationRequest(operation_id=operation.id))
    assert answer.ok, f"Get must succeed, but was answered {answer}"
    expect_same(answer.message, operation, "the operation after Cancel")


@clause(
    "operations.cancel.undoes-nothing",
    MUST,
    "Cancel of an operation that is done MUST NOT undo what it has done.",
    source=f"{GUIDE}; proto yandex.cloud.operation.Operation.done",
    features=CANCEL,
)
def test_cancel_undoes_nothing(changes: Changes, peer: Peer) -> None:
    operation, _ = _cancelled(changes, peer)
    shown = changes.get(metadata_of(operation).trigger_id)
    assert shown.status == Trigger.ACTIVE, f"the trigger is {shown}"
