"""Queries over REST: what is wrong is told whole, and Google's parameters mean what they say."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from stand.apis.google import NEVER
from stand.apis.wire import Reply, send
from stand.tocsin_process import Tocsin

Asked = dict[str, str] | list[tuple[str, str]]


def asked(server: Tocsin, path: str, query: Asked, headers: dict[str, str] | None = None) -> Reply:
    return send(server.http_address, "GET", f"{path}?{urlencode(query)}", headers=headers)


def fields_of(reply: Reply) -> dict[str, str]:
    assert reply.status == 400, reply.text
    error = reply.json.get("error", reply.json)
    bad, info, request = error["details"]
    assert (bad["@type"].rpartition(".")[2], info["domain"]) == ("BadRequest", "tocsin")
    assert request["requestId"] == reply.headers["x-request-id"]
    return {each.get("field", ""): each["description"] for each in bad["fieldViolations"]}


@pytest.fixture
def operation(server: Tocsin, location: str) -> str:
    """The path of an operation that waits for ever."""
    body = {"triggerId": "api_trigger/nightly", "scheduleTime": NEVER}
    path = f"/v1/{location}/integrations/nightly:schedule"
    reply = send(server.http_address, "POST", path, json.dumps(body).encode())
    [execution_id] = reply.json["executionInfoIds"]
    return f"/v1/{location}/operations/{execution_id}"


def test_all_that_is_wrong_in_a_query_is_told_at_once(server: Tocsin, location: str) -> None:
    path, query = f"/v1/{location}/operations", {"pageSize": "many", "nope": "1"}
    assert fields_of(asked(server, path, query)) == {
        "": 'Invalid JSON payload received. Unknown name "nope": Cannot bind query parameter. '
        "Field 'nope' could not be found in request message.",
        "page_size": "Invalid value at 'page_size' (TYPE_INT32), \"many\"",
    }
    assert set(fields_of(asked(server, "/triggers/v1/triggers", query))) == {"", "page_size"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"alt": "xml"}, "alt"),
        ({"$alt": "proto"}, "alt"),
        ({"alt": "media"}, "alt"),
        ({"$.xgafv": "3"}, "$.xgafv"),
        ([("$.xgafv", "1"), ("$.xgafv", "x")], "$.xgafv"),
        ({"callback": "cb"}, "callback"),
        ({"$callback": "cb"}, "callback"),
        ({"fields": "nope"}, "fields"),
        ({"fields": "name,metadata("}, "fields"),
        ([("fields", "nope"), ("fields", "name")], "fields"),
    ],
)
def test_what_google_refuses_of_its_parameters_is_refused(
    server: Tocsin, operation: str, query: Asked, field: str
) -> None:
    assert set(fields_of(asked(server, operation, query))) == {field}


@pytest.mark.parametrize(
    "query",
    [
        {"alt": "json", "prettyPrint": "false", "quotaUser": "me", "$.xgafv": "2"},
        {"$alt": "json;enum-encoding=int", "uploadType": "media", "$.xgafv": "1"},
        [("alt", "json"), ("alt", "xml"), ("$.xgafv", "9"), ("$.xgafv", "2")],
        {"alt": "", "callback": "", "fields": ""},
    ],
)
def test_what_googles_clients_send_is_taken(server: Tocsin, operation: str, query: Asked) -> None:
    assert asked(server, operation, query).status == 200


@pytest.mark.parametrize(
    ("mask", "kept"),
    [
        ("name", {"name"}),
        ("name,metadata", {"name", "metadata"}),
        ("*", {"name", "metadata"}),
        ("done", set()),
    ],
)
def test_an_answer_has_the_fields_that_were_asked_for(
    server: Tocsin, operation: str, mask: str, kept: set[str]
) -> None:
    by_query = asked(server, operation, {"fields": mask})
    assert set(by_query.json) == kept
    by_header = send(server.http_address, "GET", operation, headers={"X-Goog-FieldMask": mask})
    assert by_header.json == by_query.json


def test_fields_of_fields_are_cut_in_lists_too(
    server: Tocsin, location: str, operation: str
) -> None:
    path = f"/v1/{location}/operations"
    listed = asked(server, path, {"fields": "operations(name,metadata/triggerId)"}).json
    [found] = listed["operations"]
    assert operation == f"/v1/{found['name']}"
    assert set(found) == {"name", "metadata"}
    assert set(found["metadata"]) == {"@type", "triggerId"}


def test_a_mask_that_can_not_be_expanded_changes_nothing(server: Tocsin, location: str) -> None:
    body = {"triggerId": "api_trigger/nightly", "scheduleTime": NEVER}
    path = f"/v1/{location}/integrations/nightly:schedule?fields=executionId"
    reply = send(server.http_address, "POST", path, json.dumps(body).encode())
    said = "Error expanding 'fields' parameter. Cannot find matching fields for path 'executionId'."
    assert fields_of(reply) == {"fields": said}
    listed: Any = asked(server, f"/v1/{location}/operations", {}).json
    assert listed == {}


def test_errors_are_not_cut(server: Tocsin, location: str) -> None:
    reply = asked(server, f"/v1/{location}/operations/nobody", {"fields": "name"})
    assert (reply.status, reply.json["error"]["status"]) == (404, "NOT_FOUND")
    assert reply.json["error"]["details"]


@pytest.mark.parametrize("name", ["alt", "fields", "key", "access_token", "callback"])
def test_googles_parameters_are_unknown_elsewhere(server: Tocsin, name: str) -> None:
    said = fields_of(asked(server, "/triggers/v1/triggers", {name: "the-secret", "folderId": "f"}))
    assert f'"{name}"' in said[""]
    assert "the-secret" not in json.dumps(said)
