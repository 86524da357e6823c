"""Values on both sides of each rule agree with the validator that the server itself uses."""

from typing import Any

import pytest

from tocsin.conformance.edges.crons import SHORTEST_CRON, cron_of_length
from tocsin.conformance.edges.placing import leave_out, place, ready, way_of
from tocsin.conformance.edges.rules import Rule, rules_of
from tocsin.conformance.edges.samples import full, least, ways
from tocsin.conformance.edges.sentences import sentence
from tocsin.conformance.edges.values import allowed, forbidden
from tocsin.contract.validation import validator
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    CreateTriggerRequest,
)

RULES = list(rules_of(CreateTriggerRequest.DESCRIPTOR))
WRONG = validator(CreateTriggerRequest.DESCRIPTOR)


def request(rule: Rule) -> Any:
    made = CreateTriggerRequest(folder_id="f", name="name")
    ready(made, rule)
    return made


def test_each_option_of_each_field_is_a_rule() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert {
        "name.pattern",
        "labels.map_key.length",
        "rule.rule.exactly_one",
        "rule.mail.start_workflow.retry_settings.interval.value",
        "rule.logging.levels.size",
    } <= set(ids)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_values_are_on_their_sides(rule: Rule) -> None:
    assert not WRONG(request(rule))
    assert "MUST" in sentence("Create", rule)
    if rule.option in ("required", "exactly_one"):
        without = request(rule)
        leave_out(without, rule)
        assert [wrong.field for wrong in WRONG(without)] == [rule.dotted]
        return
    assert allowed(rule)
    assert forbidden(rule)
    for edge in allowed(rule):
        made = request(rule)
        place(made, rule.path, edge.value)
        assert not WRONG(made), edge.words
    for edge in forbidden(rule):
        made = request(rule)
        place(made, rule.path, edge.value)
        assert {wrong.field.partition("[")[0] for wrong in WRONG(made)} == {rule.dotted}, edge


def test_both_sides_are_next_to_the_limit() -> None:
    def words(id: str) -> tuple[set[str], set[str]]:
        [rule] = [rule for rule in RULES if rule.id == id]
        return {e.words for e in allowed(rule)}, {e.words for e in forbidden(rule)}

    taken, refused = words("description.length")
    assert {"499 characters", "500 characters"} <= taken
    assert "501 characters" in refused
    taken, refused = words("rule.logging.batch_settings.cutoff.value")
    assert {"1.000000000 s", "60.000000000 s"} <= taken
    assert {"0.999999999 s", "60.000000001 s", "0.000000000 s"} <= refused
    taken, refused = words(
        "rule.timer.invoke_container_with_retry.retry_settings.retry_attempts.value"
    )
    assert taken == {"1", "2", "4", "5"}
    assert {"6", "-1"} <= refused
    assert "0" not in refused


@pytest.mark.parametrize("way", list(ways()), ids=str)
def test_samples_are_valid(way: Any) -> None:
    for rule in (least(way), full(way), full(way, "b")):
        assert rule.WhichOneof("rule") == way.kind
        source = getattr(rule, way.kind)
        assert source.WhichOneof("action") == way.action
        assert not WRONG(CreateTriggerRequest(folder_id="f", rule=rule))
    assert full(way, "a") != full(way, "b")


def test_the_way_is_that_of_the_path() -> None:
    [rule] = [each for each in RULES if each.id == "rule.mail.start_workflow.workflow_id.length"]
    assert str(way_of(rule.path)) == "mail.start_workflow"


def test_crons_of_any_length() -> None:
    for length in range(SHORTEST_CRON, 205):
        assert len(cron_of_length(length)) == length
