"""Which fields the query of a URL may set, read from the routes."""

import re

import pytest
from google.longrunning import operations_pb2
from google.protobuf.descriptor import ServiceDescriptor

from tocsin.contract.queries import QueryRule, query_rules
from tocsin.gateway.queries import path_pattern
from tocsin_protos.tocsin.v1 import access_service_pb2, event_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

TRIGGERS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"]
EVENTS = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
OPERATIONS = operations_pb2.DESCRIPTOR.services_by_name["Operations"]


def rule_of(service: ServiceDescriptor, method: str) -> QueryRule:
    return next(rule for rule in query_rules([service]) if rule.route.method.endswith(f".{method}"))


def test_a_field_of_the_path_has_both_of_its_spellings() -> None:
    assert rule_of(TRIGGERS, "Get").path_fields == ("trigger_id", "triggerId")


def test_the_overlays_paths_have_rules_too() -> None:
    assert rule_of(OPERATIONS, "GetOperation").path_fields == ("name",)


def test_the_body_of_all_fields_leaves_none() -> None:
    assert rule_of(TRIGGERS, "Create").whole_body
    assert not rule_of(TRIGGERS, "List").whole_body


def test_a_body_of_one_field_leaves_the_others() -> None:
    rule = rule_of(EVENTS, "PublishCloudEvent")
    assert (rule.body_fields, rule.whole_body) == (("event",), False)


@pytest.mark.parametrize("service", [TRIGGERS, EVENTS, ACCESS, OPERATIONS])
def test_each_route_has_a_rule(service: ServiceDescriptor) -> None:
    for rule in query_rules([service]):
        named = re.findall(r"{([\w.]+)", rule.route.template)
        assert set(named) <= set(rule.path_fields)


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("/triggers/v1/triggers/{trigger_id}", "^%/triggers%/v1%/triggers%/[^/]+$"),
        (
            "/v1/{name=projects/*/operations/*}:wait",
            "^%/v1%/projects%/[^/]+%/operations%/[^/]+%:wait$",
        ),
        ("/v1/{a.b=x/**}", "^%/v1%/x%/.*$"),
    ],
)
def test_a_template_becomes_a_pattern_of_lua(template: str, pattern: str) -> None:
    assert path_pattern(template) == pattern
