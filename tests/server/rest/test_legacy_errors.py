"""Errors of Google's paths have the list `errors` of its older format where `$.xgafv=1` asks."""

import json
from typing import Any

import pytest

from stand.apis.wire import Reply, send
from stand.tocsin_process import Tocsin

ONE = "$.xgafv=1"


def scheduled(server: Tocsin, location: str, body: str, query: str) -> Reply:
    path = f"/v1/{location}/integrations/nightly:schedule?{query}"
    return send(server.http_address, "POST", path, body.encode())


def entry_of(reply: Reply) -> dict[str, Any]:
    error = reply.json["error"]
    assert set(error) == {"code", "message", "status", "details", "errors"}
    assert not [name for name in reply.headers if name.lower().startswith("x-tocsin")]
    [entry] = error["errors"]
    assert entry.pop("message") == error["message"] != ""
    found: dict[str, Any] = entry
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"scheduleTime": 5}', {"reason": "invalid"}),
        ('{"scheduleTime": "so \\"quoted\\\\"}', {"reason": "invalid"}),
        ('{"nope": 1, "scheduleTime": 5}', {"domain": "global", "reason": "badRequest"}),
        ("{nope", {"domain": "global", "reason": "badRequest"}),
        ("{}", {"domain": "global", "reason": "badRequest"}),
        ('{"triggerId": "api_trigger/nobody"}', {"domain": "global", "reason": "notFound"}),
    ],
)
def test_the_entry_has_the_message_and_the_reason(
    server: Tocsin, location: str, body: str, expected: dict[str, Any]
) -> None:
    assert entry_of(scheduled(server, location, body, ONE)) == expected
    assert entry_of(scheduled(server, location, body, f"alt=json&%24.xgafv=2&{ONE}")) == expected


@pytest.mark.parametrize("query", ["", "$.xgafv=2", f"{ONE}&$.xgafv=2", "$.xgafv=", "$.xgafv=3"])
def test_there_is_no_list_otherwise(server: Tocsin, location: str, query: str) -> None:
    assert "errors" not in scheduled(server, location, "{", query).json["error"]


def test_a_success_is_the_same(server: Tocsin, location: str) -> None:
    path = f"/v1/{location}/operations"
    assert send(server.http_address, "GET", f"{path}?{ONE}").json == {}


def test_other_paths_know_no_such_parameter(server: Tocsin) -> None:
    reply = send(server.http_address, "GET", f"/triggers/v1/triggers?folderId=f&{ONE}")
    assert reply.status == 400
    assert "errors" not in json.loads(reply.text)
