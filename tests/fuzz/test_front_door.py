"""What strangers send to a real server is answered or refused, and is no error of the server."""

import http.client
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import seeds_of
from fuzz.test_targets import inputs
from stand.tocsin_process import Tocsin, serving

CONFIG = """
    [targets]
    function = "http://127.0.0.1:1/{function_id}"
    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
    [sources.logs]
    otlp_group = "e23default0000000000"
"""
Headers = dict[str, str]
JSON = "application/json"
NIGHTLY = "/v1/projects/p/locations/l/integrations/nightly:schedule"

# Where what a target reads comes in: the verb, the path, and the content type.
BODIES = {
    "object-storage": ("POST", "/tocsin/v1/webhooks/objectStorage", JSON),
    "registry": ("POST", "/tocsin/v1/webhooks/containerRegistries/crp0", JSON),
    "cloud-event": ("POST", "/tocsin/v1/events:publishCloudEvent", "application/cloudevents+json"),
    "otlp-json": ("POST", "/v1/logs", JSON),
    "otlp-protobuf": ("POST", "/v1/logs", "application/x-protobuf"),
    "json-trigger": ("POST", "/triggers/v1/triggers", JSON),
    "json-schedule": ("POST", NIGHTLY, JSON),
}
# Where it is a part of a URL.
PLACES = {
    "cron": "/tocsin/v1/nextFireTimes?cronExpression={}",
    "trigger-filter": "/triggers/v1/triggers?folderId=f&filter={}",
    "operation-filter": "/v1/projects/p/locations/l/operations?filter={}",
    "page-token": "/triggers/v1/triggers?folderId=f&pageToken={}",
    "resource-name": "/v1/projects/p/locations/l/operations/{}",
    "field-mask": "/v1/projects/p/locations/l/operations?fields={}",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made, serving(Path(made), CONFIG) as running:
        yield running


def status(
    server: Tocsin, verb: str, path: str, body: bytes | None = None, headers: Headers | None = None
) -> int:
    with closing(http.client.HTTPConnection(server.http_address, timeout=30)) as connection:
        connection.request(verb, path, body, headers or {})
        with closing(connection.getresponse()) as answer:
            answer.read()
            return answer.status


def few(strategy: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return strategy.filter(lambda data: len(data) < 8_000)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_answered_or_refused(server: Tocsin, name: str) -> None:
    verb, path, content_type = BODIES[name]
    headers = {"Content-Type": content_type}

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(few(inputs(name)))
    def check(data: bytes) -> None:
        body = data.partition(b"\n")[2] if name == "cloud-event" else data
        assert status(server, verb, path, body, headers) < 500

    check()
    for seed in seeds_of(name):
        assert status(server, verb, path, seed, headers) < 500


@pytest.mark.parametrize("name", PLACES)
def test_a_part_of_a_url_is_answered_or_refused(server: Tocsin, name: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(few(inputs(name)))
    def check(data: bytes) -> None:
        path = PLACES[name].format(quote(data, safe=""))
        assert status(server, "GET", path) < 500

    check()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=few(inputs("query")))
def test_a_query_is_answered_or_refused(server: Tocsin, data: bytes) -> None:
    path = f"/tocsin/v1/firings:preview?{quote(data, safe='&=%+')}"
    assert status(server, "GET", path) < 500


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=few(inputs("jwt")))
def test_a_token_is_answered_or_refused(server: Tocsin, data: bytes) -> None:
    """Access control is off; what comes as a token is not read, but passes Envoy and gRPC."""
    shown = quote(data, safe="")
    name = f"b1g{uuid.uuid4().hex[:17]}"
    path = f"/triggers/v1/triggers?folderId={name}"
    headers = {"Authorization": f"Bearer {shown}", "traceparent": shown}
    assert status(server, "GET", path, headers=headers) < 500
