"""The path of a URL says what is touched: nothing in its query says otherwise."""

import re
from collections.abc import Iterator

import pytest

from gateway.fake_upstream import SERVICES
from gateway.rest_client import Rest
from tocsin.contract.queries import QueryRule, query_rules

GATEWAYS = ("envoy", "grpc-gateway")

PLACE = "projects/p1/locations/eu"
RULES = [rule for service in SERVICES for method in service.methods for rule in query_rules(method)]


def path_of(template: str) -> str:
    plain = re.sub(r"{[\w.]+(?:=([^}]*))?}", lambda found: found[1] or "*", template)
    return plain.replace("**", "x/y").replace("*", "right")


def with_a_field_of_the_path() -> Iterator[tuple[QueryRule, str]]:
    for rule in RULES:
        for name in rule.path_fields:
            yield rule, name


def refused(rest: Rest, verb: str, path: str) -> str:
    body = {} if verb in ("POST", "PATCH", "PUT") else None
    reply = rest.call(verb, path, body)
    assert reply.status == 400, reply.text
    assert rest.upstream.calls == []
    message: str = reply.json.get("error", reply.json)["message"]
    return message


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        pytest.param(rule, name, id=f"{rule.route.http_verb} {rule.route.template} {name}")
        for rule, name in with_a_field_of_the_path()
    ],
)
def test_a_field_of_the_path_is_refused_in_the_query(
    rest: Rest, rule: QueryRule, name: str
) -> None:
    message = refused(
        rest, rule.route.http_verb, f"{path_of(rule.route.template)}?{name}=projects%2Fwrong"
    )
    assert f'"{name}"' in message


@pytest.mark.parametrize(
    "query",
    [
        "triggerId=B",
        "trigger_id=B",
        "triggerId",
        "triggerId=",
        "x=1&trigger_id=B",
        "%74riggerId=B",
        "trigger%49d=B",
        "triggerId=A",
    ],
)
@pytest.mark.parametrize("path", ["/triggers/v1/triggers/A", "/triggers/v1/triggers/A/"])
def test_however_the_name_is_written(rest: Rest, path: str, query: str) -> None:
    assert re.search('"(triggerId|trigger_id|x)"', refused(rest, "DELETE", f"{path}?{query}"))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/triggers/v1/triggers", "folderId=f"),
        ("/triggers/v1/triggers", "rule.timer.cronExpression=x"),
        ("/triggers/v1/triggers/A:pause", "triggerIds=x"),
        (f"/v1/{PLACE}/integrations/i:schedule", "triggerId=api_trigger/x"),
        (f"/v1alpha/{PLACE}/integrations/i:schedule", "scheduleTime=2099-01-01T00:00:00Z"),
        (f"/v1/{PLACE}/operations/o:wait", "timeout=3s"),
    ],
)
def test_where_the_body_has_all_fields_the_query_has_none(
    rest: Rest, path: str, query: str
) -> None:
    assert f'"{query.partition("=")[0]}"' in refused(rest, "POST", f"{path}?{query}")


@pytest.mark.parametrize("query", ["folderId=a&folderId=b", "folderId=a&folder_id=b"])
def test_a_field_that_is_single_is_there_once(rest: Rest, query: str) -> None:
    assert '"folder' in refused(rest, "GET", f"/triggers/v1/triggers?{query}")


def test_googles_system_parameters_may_be_there_though_the_body_has_all_fields(rest: Rest) -> None:
    path = f"/v1/{PLACE}/integrations/i:schedule?alt=json&%24.xgafv=2&prettyPrint=false"
    assert rest.call("POST", path, {"triggerId": "api_trigger/x"}).status == 200


def test_a_name_is_answered_without_what_could_harm_a_reader(rest: Rest) -> None:
    message = refused(rest, "POST", "/triggers/v1/triggers?%1b%5b31m%3Cb%3E=1")
    assert '"??31m?b?"' in message
