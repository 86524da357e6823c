"""Create keeps each validation rule of its request, at the rule's edges."""

from collections.abc import Iterator
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.edges.placing import leave_out, place, read, ready, way_of
from tocsin.conformance.edges.rules import Rule, rules_of
from tocsin.conformance.edges.sentences import sentence
from tocsin.conformance.edges.values import allowed, forbidden
from tocsin.conformance.expecting import response_of
from tocsin.conformance.made import create_request
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    CreateTriggerRequest,
)


def _checks(*options: str) -> Iterator[Any]:
    for rule in rules_of(CreateTriggerRequest.DESCRIPTOR):
        if rule.option in options:
            mark = clause(
                f"triggers.create.{rule.id}",
                MUST,
                sentence("Create", rule),
                source=rule.source,
                features=_kind(rule),
            )
            yield pytest.param(rule, id=rule.id, marks=mark)


def _kind(rule: Rule) -> tuple[str, ...]:
    return (f"kind-{way_of(rule.path).kind}",) if len(rule.path) > 1 else ()


def _request(changes: Changes, rule: Rule) -> Any:
    request = create_request(changes.peer)
    if len(rule.path) > 1:
        request.ClearField("rule")
    ready(request, rule)
    return request


@pytest.mark.parametrize("rule", list(_checks("required", "exactly_one")))
def test_create_refuses_what_is_left_out(changes: Changes, rule: Rule) -> None:
    changes.done("Create", _request(changes, rule), why=f"with {rule.dotted}")
    without = _request(changes, rule)
    leave_out(without, rule)
    changes.refused("Create", without, Code.INVALID_ARGUMENT, why=f"without {rule.dotted}")


LIMITS = ("length", "size", "value", "pattern", "map_key.length", "map_key.pattern")


@pytest.mark.parametrize("rule", list(_checks(*LIMITS)))
def test_create_takes_what_a_rule_allows_and_refuses_the_rest(changes: Changes, rule: Rule) -> None:
    for edge in allowed(rule):
        request = _request(changes, rule)
        place(request, rule.path, edge.value)
        ending = changes.ask("Create", request)
        # A name that is taken was allowed.
        taken = ending.code is Code.ALREADY_EXISTS and rule.dotted == "name"
        assert ending.ok or taken, (
            f"Create must succeed with {rule.dotted}: {edge.words}, but was answered {ending}"
        )
        if ending.ok:
            kept = read(response_of(ending.operation), rule.path)
            assert kept == edge.value, (
                f"{rule.dotted} was sent with {edge.words}, but the response of Create has {kept!r}"
            )
    for edge in forbidden(rule):
        request = _request(changes, rule)
        place(request, rule.path, edge.value)
        changes.refused(
            "Create", request, Code.INVALID_ARGUMENT, why=f"with {rule.dotted}: {edge.words}"
        )
