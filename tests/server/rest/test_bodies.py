"""Bodies over REST: nothing of them is dropped in silence on Google's paths."""

import json
from pathlib import Path
from typing import Any

import pytest

from stand.apis.google import NEVER, GoogleRest
from stand.apis.wire import Reply, send
from stand.tocsin_process import Tocsin, serving

CREATE = "/triggers/v1/triggers"


def posted(server: Tocsin, path: str, body: Any) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(server.http_address, "POST", path, data)


def schedule_path(location: str, version: str = "v1") -> str:
    return f"/{version}/{location}/integrations/nightly:schedule"


def refused(reply: Reply) -> tuple[str, dict[str, list[str]]]:
    """The message of a refusal, and its fields with what is wrong with each."""
    assert reply.status == 400, reply.text
    error = reply.json.get("error", reply.json)
    assert error.get("status", "INVALID_ARGUMENT") == "INVALID_ARGUMENT"
    kinds = [detail["@type"].rpartition(".")[2] for detail in error["details"]]
    assert kinds == ["BadRequest", "ErrorInfo", "RequestInfo"]
    assert error["details"][2]["requestId"] == reply.headers["x-request-id"]
    fields: dict[str, list[str]] = {}
    for violation in error["details"][0]["fieldViolations"]:
        fields.setdefault(violation.get("field", ""), []).append(violation["description"])
    return error["message"], fields


def timer(**more: Any) -> dict[str, Any]:
    call = {"functionId": "f", "functionTag": "$latest"}
    return {"cronExpression": "* * * * ? *", "payload": "p", "invokeFunction": call, **more}


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_a_misspelt_name_is_refused_and_nothing_is_scheduled(
    server: Tocsin, google_rest: GoogleRest, location: str, version: str
) -> None:
    body = {"triggerId": "api_trigger/nightly", "scheduletime": "2099-01-01T00:00:00Z"}
    message, fields = refused(posted(server, schedule_path(location, version), body))
    said = 'Invalid JSON payload received. Unknown name "scheduletime": Cannot find field.'
    assert (message, fields) == (said, {"": [said]})
    assert "operations" not in google_rest.call("ListOperations", {"name": location})


def test_all_unknown_names_and_all_wrong_types_are_told_at_once(
    server: Tocsin, location: str
) -> None:
    body = {
        "triggerID": "api_trigger/nightly",
        "scheduleTime": "tomorrow",
        "inputParameters": {
            "list": {"jsonvalue": "[1]"},
            "count": {"intValue": "three"},
            "twice": {"stringValue": "x", "booleanValue": True},
            "none": None,
        },
    }
    message, fields = refused(posted(server, schedule_path(location), body))
    assert set(fields) == {
        "",
        "schedule_time",
        "input_parameters[list]",
        "input_parameters[count].int_value",
        "input_parameters[twice]",
        "input_parameters[none]",
    }
    assert message.splitlines() == [text for texts in fields.values() for text in texts]


@pytest.mark.parametrize(
    ("verb", "body"),
    [("cancel", {"why": "x"}), ("wait", {"timeout": "soon"}), ("wait", {"timeOut": "1s"})],
)
def test_the_other_methods_of_google_are_as_strict(
    server: Tocsin, location: str, verb: str, body: dict[str, str]
) -> None:
    """The body is read before anything is looked for, as Google does."""
    refused(posted(server, f"/v1/{location}/operations/nobody:{verb}", body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"triggerId": "a", "triggerId": "b"}',
        b'{"triggerId": "a", "trigger_id": "b"}',
        b'{"inputParameters": {"k": {"stringValue": "a"}, "k": {"stringValue": "b"}}}',
        b'{"inputParameters": {"k": null}}',
        b'{"parameterEntries": [null]}',
        b'{"scheduleTime": 5}',
        b'{"triggerId": ',
        b"{'triggerId': 'a'}",
        b'{"triggerId": "a",}',
        b'{"triggerId": "\xff"}',
        b'{"triggerId": "\\ud800"}',
        b'{"triggerId": "a"} {}',
        b"triggerId=a&requestId=b",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 50_000,
    ],
)
def test_what_is_not_one_json_of_the_request_is_refused_whole(
    server: Tocsin, location: str, body: bytes
) -> None:
    refused(posted(server, schedule_path(location), body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a", "name": "b"}',
        b'{"folderId": "a", "folder_id": "b"}',
        b'{"labels": {"k": "a", "k": "b"}}',
        b'{"labels": {"k": null}}',
        b'{"nope": {"a": 1, "a": 2}}',
        b'{"rule": {"timer": {}, "mail": {}}}',
        b'{"rule": {"messageQueue": {"visibilityTimeout": "soon"}}}',
        b'{"description": 3}',
        b'{"description": ',
    ],
)
def test_the_trigger_paths_refuse_what_contradicts_itself_too(server: Tocsin, body: bytes) -> None:
    refused(posted(server, CREATE, body))


def test_the_trigger_paths_drop_unknown_names_as_the_vendor_does(
    server: Tocsin, folder: str
) -> None:
    body = {
        "folderId": folder,
        "name": "nightly",
        "nope": 1,
        "rule": {"timer": timer(nope={"x": []})},
    }
    assert posted(server, CREATE, body).status == 200


def test_with_strict_the_trigger_paths_refuse_unknown_names(directory: Path) -> None:
    with serving(directory, "[rest]\nstrict = true\n") as server:
        body = {"folderId": "f", "name": "nightly", "nope": 1, "rule": {"timer": timer(cron="x")}}
        _, fields = refused(posted(server, CREATE, body))
        assert set(fields) == {"", "rule.timer"}
        body = {"folderId": "f", "name": "nightly", "rule": {"timer": timer()}}
        assert posted(server, CREATE, body).status == 200


def test_what_is_wrong_with_a_named_body_has_its_field(server: Tocsin) -> None:
    body = {"role": 3}
    _, fields = refused(posted(server, "/tocsin/v1/access/bindings", body))
    assert set(fields) == {"binding.role"}


@pytest.mark.parametrize("name", ["name", "triggerId", "trigger_id"])
def test_a_body_that_names_another_than_the_path_is_refused(
    server: Tocsin, location: str, name: str
) -> None:
    path = schedule_path(location) if name == "name" else f"{CREATE}/a1s:pause"
    _, fields = refused(posted(server, path, {name: "another"}))
    assert set(fields) == {"name" if name == "name" else "trigger_id"}


def test_a_body_that_names_what_the_path_does_is_taken(server: Tocsin, location: str) -> None:
    name = f"{location}/integrations/nightly"
    body = {"name": name, "triggerId": "api_trigger/nightly", "scheduleTime": NEVER}
    assert posted(server, f"/v1/{name}:schedule", body).status == 200


def test_a_large_body_is_read_beside_other_calls(server: Tocsin, location: str) -> None:
    text = json.dumps(["ж" * 1000] * 1000, ensure_ascii=False)
    body = {
        "triggerId": "api_trigger/nightly",
        "scheduleTime": NEVER,
        "inputParameters": {"`list`": {"jsonValue": text}},
    }
    assert posted(server, schedule_path(location), body).status == 200


def test_a_path_that_is_not_unicode_is_named(server: Tocsin) -> None:
    path = "/v1/projects/%ff/locations/l/integrations/nightly:schedule"
    reply = send(server.http_address, "POST", path, b"{}")
    assert reply.status == 400
    assert "path of the URL must be UTF-8" in reply.json["error"]["message"]
