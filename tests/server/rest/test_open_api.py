"""A server describes its REST API at /openapi.yaml and /openapi.json, and its examples work."""

import gzip
import http.client
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml

from stand.apis.wire import Reply, send
from stand.tocsin_process import Tocsin, serving
from tocsin.contract.openapi.examples import all_examples
from tocsin_protos.tocsin.v1 import open_api_service_pb2

Json = dict[str, Any]


def asked(server: Tocsin, path: str, **headers: str) -> Reply:
    return send(server.http_address, "GET", path, headers=headers)


@pytest.fixture(scope="module")
def document(server: Tocsin) -> Json:
    found: Json = asked(server, "/openapi.json").json
    return found


def test_yaml_and_json_say_the_same(server: Tocsin, document: Json) -> None:
    reply = asked(server, "/openapi.yaml")
    assert reply.headers["content-type"] == "application/yaml"
    assert yaml.load(reply.text, yaml.CSafeLoader) == document
    assert document["openapi"] == "3.1.0"


def test_it_describes_what_this_server_serves(document: Json) -> None:
    assert "/openapi.json" in document["paths"]
    assert "/triggers/v1/triggers" in document["paths"]
    # Its clock is the machine's, and it has no access control.
    assert "/tocsin/v1/clock" not in document["paths"]
    assert "securitySchemes" not in document["components"]


def test_caches_may_keep_it_and_can_tell_its_forms_apart(server: Tocsin) -> None:
    tags = set()
    for path in ("/openapi.json", "/openapi.yaml"):
        for encoding in ("gzip", "identity", "gzip;q=0"):
            connection = http.client.HTTPConnection(server.http_address, timeout=30)
            connection.request("GET", path, headers={"Accept-Encoding": encoding})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            compressed = answer.headers.get("content-encoding") == "gzip"
            assert compressed == (encoding == "gzip")
            assert b"openapi" in (gzip.decompress(body) if compressed else body)[:40]
            assert answer.headers["cache-control"] == "public, max-age=300"
            assert answer.headers["vary"] == "Accept-Encoding"
            tags.add(answer.headers["etag"])
    assert len(tags) == 4
    assert asked(server, "/openapi.json").headers["etag"] in tags


def test_over_grpc_it_comes_as_it_is(server: Tocsin) -> None:
    with server.channel() as channel:
        get = channel.unary_unary(
            "/tocsin.v1.OpenApiService/GetJson",
            request_serializer=open_api_service_pb2.OpenApiServiceGetJsonRequest.SerializeToString,
            response_deserializer=open_api_service_pb2.OpenApiServiceGetJsonResponse.FromString,
        )
        answer = get(
            open_api_service_pb2.OpenApiServiceGetJsonRequest(),
            metadata=[("accept-encoding", "gzip")],
        )
    assert json.loads(answer.document.data)["openapi"] == "3.1.0"


# What the examples name.
CONFIG = """
    clock = "manual"
    clock_start = "2026-11-28T09:00:00Z"
    [targets]
    function = "http://127.0.0.1:1/{function_id}"
    container = "http://127.0.0.1:1/{container_id}"
    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
    [sources.logs]
    otlp_group = "e23default0000000000"
"""


@pytest.fixture(scope="module")
def named() -> Iterator[Tocsin]:
    """A server that has what the examples name."""
    with tempfile.TemporaryDirectory() as made, serving(Path(made), CONFIG) as server:
        yield server


def shown(described: Json, method: str, example: Json) -> tuple[str, str, Json]:
    """The path, the verb and the operation of a method that has all parameters of an example."""
    service, _, name = method.rpartition(".")
    return next(
        (path, verb, operation)
        for path, item in described["paths"].items()
        for verb, operation in item.items()
        if operation["tags"] == [service]
        and operation["operationId"].split("_")[1] == name
        and {each.get("name") for each in operation.get("parameters", ())}
        >= example.get("parameters", {}).keys()
    )


EXAMPLES = [(method, name) for method, named in all_examples().items() for name in named]


@pytest.mark.parametrize(("method", "name"), EXAMPLES)
def test_its_examples_are_requests_that_succeed(named: Tocsin, method: str, name: str) -> None:
    example = all_examples()[method][name]
    path, verb, operation = shown(asked(named, "/openapi.json").json, method, example)
    given = dict(example.get("parameters", {}))
    if "{triggerId}" in path:
        given["triggerId"] = new_trigger(named)
    for parameter in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{parameter}}}", quote(str(given.pop(parameter)), safe=""))
    query = f"?{urlencode(given)}" if given else ""
    body = json.dumps(example["body"]).encode() if "body" in example else None
    media = example.get("mediaType", "application/json")
    headers = {} if body is None else {"Content-Type": media}
    reply = send(named.http_address, verb.upper(), path + query, body, headers)
    assert reply.status == 200, reply.text
    if body is not None:
        shown_there = operation["requestBody"]["content"][media]["examples"]
        assert shown_there[name]["value"] == example["body"]
    assert not reply.json.get("error"), reply.text


def new_trigger(server: Tocsin) -> str:
    method = "yandex.cloud.serverless.triggers.v1.TriggerService.Create"
    body = {**all_examples()[method]["timer"]["body"], "name": ""}
    reply = send(server.http_address, "POST", "/triggers/v1/triggers", json.dumps(body).encode())
    return str(reply.json["metadata"]["triggerId"])
