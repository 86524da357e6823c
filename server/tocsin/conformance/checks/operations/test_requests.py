"""Methods about operations keep the validation rules of their requests."""

from collections.abc import Iterator
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.edges.placing import place
from tocsin.conformance.edges.rules import Rule, rules_of
from tocsin.conformance.edges.sentences import sentence
from tocsin.conformance.edges.values import allowed, forbidden
from tocsin.conformance.peer import OPERATIONS, TRIGGERS, Peer
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

LIST = trigger_service_pb2.ListTriggerOperationsRequest
REQUESTS: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "get": (f"{OPERATIONS}/Get", operation_service_pb2.GetOperationRequest, ()),
    "cancel": (
        f"{OPERATIONS}/Cancel",
        operation_service_pb2.CancelOperationRequest,
        ("operation-cancel",),
    ),
    "list": (f"{TRIGGERS}/ListOperations", LIST, ("operation-list",)),
}


def _checks(required: bool) -> Iterator[Any]:
    for name, (method, request, features) in REQUESTS.items():
        for rule in rules_of(request.DESCRIPTOR):
            if (rule.option == "required") is required:
                mark = clause(
                    f"operations.{name}.{rule.id}",
                    MUST,
                    sentence(method.partition("/")[2], rule),
                    source=rule.source,
                    features=features,
                )
                yield pytest.param(method, request, rule, id=f"{name}.{rule.id}", marks=mark)


@pytest.mark.parametrize(("method", "request_type", "rule"), list(_checks(required=True)))
def test_a_required_field_must_be_there(
    peer: Peer, method: str, request_type: Any, rule: Rule
) -> None:
    answer = peer.call(method, request_type())
    assert answer.code is Code.INVALID_ARGUMENT, (
        f"{method} without {rule.dotted} must be refused with INVALID_ARGUMENT, but was answered "
        f"{answer}"
    )


@pytest.mark.parametrize(("method", "request_type", "rule"), list(_checks(required=False)))
def test_a_limit_is_kept(
    changes: Changes, peer: Peer, method: str, request_type: Any, rule: Rule
) -> None:
    trigger_id = changes.create().id
    # Texts of the right length may be wrong for another reason.
    for edge in allowed(rule) if rule.option == "value" else ():
        request = request_type(trigger_id=trigger_id)
        place(request, rule.path, edge.value)
        answer = peer.call(method, request)
        assert answer.ok, f"{rule.dotted}: {edge.words} must be taken, but was answered {answer}"
    for edge in forbidden(rule):
        request = request_type(trigger_id=trigger_id)
        place(request, rule.path, edge.value)
        answer = peer.call(method, request)
        assert answer.code is Code.INVALID_ARGUMENT, (
            f"{rule.dotted}: {edge.words} must be refused with INVALID_ARGUMENT, but was answered "
            f"{answer}"
        )
