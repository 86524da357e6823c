"""Update, and the methods that take an id, keep each validation rule of their requests."""

from collections.abc import Iterator
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code, update_request
from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.edges.placing import leave_out, place, read, ready, way_of
from tocsin.conformance.edges.rules import Rule, rules_of
from tocsin.conformance.edges.samples import least
from tocsin.conformance.edges.sentences import sentence
from tocsin.conformance.edges.values import allowed, forbidden
from tocsin.conformance.expecting import response_of
from tocsin.conformance.peer import TRIGGERS, Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract


def _rules_of_update() -> Iterator[Rule]:
    """Yields each rule of Update once: of messages that several kinds share, at the first kind."""
    seen: set[tuple[str, str]] = set()
    for rule in rules_of(contract.UpdateTriggerRequest.DESCRIPTOR):
        key = (rule.declared, rule.option)
        if key not in seen and rule.dotted != "trigger_id":
            seen.add(key)
            yield rule


def _checks(*options: str) -> Iterator[Any]:
    for rule in _rules_of_update():
        if rule.option in options:
            kind = (f"kind-{way_of(rule.path).kind}",) if len(rule.path) > 1 else ()
            mark = clause(
                f"triggers.update.{rule.id}",
                MUST,
                sentence("Update", rule),
                source=rule.source,
                features=kind,
            )
            yield pytest.param(rule, id=rule.id, marks=mark)


def _request(trigger_id: str, rule: Rule) -> Any:
    request = update_request(trigger_id, rule.path[0].name)
    ready(request, rule)
    return request


@pytest.mark.parametrize("rule", list(_checks("required", "exactly_one")))
def test_update_refuses_what_is_left_out(changes: Changes, rule: Rule) -> None:
    made = changes.create(rule=least(way_of(rule.path)))
    changes.done("Update", _request(made.id, rule), why=f"with {rule.dotted}")
    without = _request(made.id, rule)
    leave_out(without, rule)
    changes.refused("Update", without, Code.INVALID_ARGUMENT, why=f"without {rule.dotted}")


LIMITS = ("length", "size", "value", "pattern", "map_key.length", "map_key.pattern")


@pytest.mark.parametrize("rule", list(_checks(*LIMITS)))
def test_update_takes_what_a_rule_allows_and_refuses_the_rest(changes: Changes, rule: Rule) -> None:
    made = changes.create(rule=least(way_of(rule.path)))
    for edge in allowed(rule):
        request = _request(made.id, rule)
        place(request, rule.path, edge.value)
        ending = changes.ask("Update", request)
        # A name that is taken was allowed.
        taken = ending.code is Code.ALREADY_EXISTS and rule.dotted == "name"
        assert ending.ok or taken, (
            f"Update must succeed with {rule.dotted}: {edge.words}, but was answered {ending}"
        )
        if ending.ok:
            kept = read(response_of(ending.operation), rule.path)
            assert kept == edge.value, (
                f"{rule.dotted} was sent with {edge.words}, but the response of Update has {kept!r}"
            )
    for edge in forbidden(rule):
        request = _request(made.id, rule)
        place(request, rule.path, edge.value)
        changes.refused(
            "Update", request, Code.INVALID_ARGUMENT, why=f"with {rule.dotted}: {edge.words}"
        )


def _required_ids() -> Iterator[Any]:
    for method in ("Get", "Update", "Delete", "Pause", "Resume"):
        described = getattr(contract, f"{method}TriggerRequest").DESCRIPTOR
        [rule] = [rule for rule in rules_of(described) if rule.dotted == "trigger_id"]
        yield pytest.param(
            method,
            id=method,
            marks=clause(
                f"triggers.{method.lower()}.trigger_id.required",
                MUST,
                sentence(method, rule),
                source=rule.source,
                features=("pause",) if method in ("Pause", "Resume") else (),
            ),
        )


@pytest.mark.parametrize("method", list(_required_ids()))
def test_a_method_refuses_a_request_without_an_id(peer: Peer, method: str) -> None:
    request = getattr(contract, f"{method}TriggerRequest")()
    answer = peer.call(f"{TRIGGERS}/{method}", request)
    assert answer.code is Code.INVALID_ARGUMENT, (
        f"{method} without trigger_id must be refused with INVALID_ARGUMENT, "
        f"but was answered {answer}"
    )


@clause(
    "triggers.list.folder_id.required",
    MUST,
    "List MUST refuse a request without folder_id, with INVALID_ARGUMENT.",
    source="proto yandex.cloud.serverless.triggers.v1.ListTriggersRequest.folder_id "
    "[(yandex.cloud.required) = true]",
)
def test_list_refuses_a_request_without_a_folder(peer: Peer) -> None:
    answer = peer.triggers.List(contract.ListTriggersRequest())
    assert answer.code is Code.INVALID_ARGUMENT, (
        f"List without folder_id must be refused with INVALID_ARGUMENT, but was answered {answer}"
    )
