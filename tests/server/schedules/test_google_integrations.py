"""google-api-python-client registers integrations; its discovery documents are the judge."""

import json
import uuid
from typing import Any

import pytest

from server.schedules.test_declared_parameters import declared
from server.schedules.test_google_executions import INTEGRATIONS, OF_PRODUCTS, Google
from server.schedules.test_integration_versions import fields_of, refused, version_of
from stand.apis.google import GoogleGrpc
from stand.apis.wire import send
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin
from stand.vendors.client import VendorClient


@pytest.mark.parametrize("collection", [INTEGRATIONS, OF_PRODUCTS])
@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_it_writes_publishes_and_takes_back(
    vendor: VendorClient,
    server: Tocsin,
    target: RecordingTarget,
    location: str,
    version: str,
    collection: str,
) -> None:
    google = Google(vendor, server, version)
    path = f"/{uuid.uuid4()}"
    target.answers[path] = lambda _: Answer(200, b'{"sum": 5}')
    product = "/products/apigee" if collection == OF_PRODUCTS else ""
    parent = f"{location}{product}/integrations/sums"
    schedule = {
        "triggerType": "CLOUD_SCHEDULER",
        "triggerNumber": "2",
        "triggerId": "cloud_scheduler_trigger/sums",
        "cloudSchedulerConfig": {
            "cronTab": "0 9 1 1 *",
            "location": "here",
            "serviceAccountEmail": "",
        },
    }
    body: dict[str, Any] = version_of("sums", f"{target.url}{path}", description="Adds")
    body["triggerConfigs"].append(schedule)
    body["integrationParameters"] = [declared("sum", "INT_VALUE", "OUT")]
    versions = f"{collection}.versions"
    made = google.asks(versions, "create", parent=parent, body=body, newIntegration=True)
    name = made["name"]
    changed = google.asks(
        *(versions, "patch"), name=name, body={"userLabel": "one"}, updateMask="userLabel"
    )
    assert changed["userLabel"] == "one"
    assert google.asks(versions, "publish", name=name, body={}) == {}
    shown = google.asks(versions, "get", name=name)
    assert (shown["state"], shown["status"]) == ("ACTIVE", "ACTIVE")
    listed = google.asks(versions, "list", parent=parent, filter="state=ACTIVE", pageSize=5)
    assert listed["integrationVersions"] == [shown]
    found = google.asks(collection, "list", parent=f"{location}{product}", filter="name:sums")
    [integration] = found["integrations"]
    assert (integration["name"], integration["active"]) == (parent, True)
    executed = google.asks(
        *(collection, "execute"), name=parent, body={"triggerId": "api_trigger/sums"}
    )
    assert executed["outputParameters"] == {"sum": 5}
    content = google.asks(versions, "download", name=name, fileFormat="YAML")["content"]
    again = google.asks(
        *(versions, "upload"), parent=parent, body={"content": content, "fileFormat": "YAML"}
    )["integrationVersion"]
    assert again["taskConfigs"] == json.loads(json.dumps(shown["taskConfigs"]))
    assert google.asks(versions, "delete", name=again["name"]) == {}
    assert google.asks(versions, "unpublish", name=name, body={}) == {}


def test_v1_searches_tests_and_deletes(
    vendor: VendorClient, server: Tocsin, target: RecordingTarget, location: str
) -> None:
    google = Google(vendor, server, "v1")
    parent = f"{location}/integrations/tried"
    body = version_of("tried", f"{target.url}/tried", description="Tries things")
    made = google.asks(f"{INTEGRATIONS}.versions", "create", parent=parent, body=body)
    found = google.asks(INTEGRATIONS, "search", parent=location, query="things")
    assert [each["id"] for each in found["integrations"]] == ["tried"]
    test = {"triggerId": "api_trigger/tried", "clientId": "c"}
    done = google.asks(f"{INTEGRATIONS}.versions", "test", name=made["name"], body=test)
    assert done["executionId"]
    inline = {**test, "integrationVersion": body}
    assert google.asks(INTEGRATIONS, "test", name=parent, body=inline)["executionId"]
    assert google.asks(INTEGRATIONS, "delete", name=parent) == {}


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_an_event_runs_an_integration(
    vendor: VendorClient, server: Tocsin, target: RecordingTarget, location: str, version: str
) -> None:
    google, path = Google(vendor, server, version), f"/{uuid.uuid4()}"
    name = f"{location}/integrations/eventful"
    body = version_of("eventful", f"{target.url}{path}")
    versions = f"{INTEGRATIONS}.versions"
    made = google.asks(versions, "create", parent=name, body=body)
    google.asks(versions, "publish", name=made["name"], body={})
    event = {"kind": "made", "n": 3, "deep": {"a": [1, None, "x"]}}
    asked = {"name": name, "triggerId": "api_trigger/eventful"}
    done = google.asks(INTEGRATIONS, "executeEvent", body=event, **asked)
    [called] = target.wait_for(lambda each: each.path == path)
    assert called.json["executionId"] == done["executionId"]
    assert called.json["parameters"] == event


def test_an_event_is_refused_as_a_scheduled_call_is(
    google_grpc: GoogleGrpc, location: str, target: RecordingTarget
) -> None:
    name = f"{location}/integrations/eventful"
    body = version_of("eventful", f"{target.url}/x")
    body["integrationParameters"] = [declared("n", "INT_VALUE")]
    published_as(google_grpc, name, body)
    asked = {"name": name, "triggerId": "api_trigger/eventful", "event": {"n": "x", "m": 1}}
    error = refused(google_grpc, "ExecuteEvent", asked)
    assert set(fields_of(error)) == {"event[n]", "event[m]"}
    assert refused(google_grpc, "ExecuteEvent", {**asked, "triggerId": "no"}).code == "NOT_FOUND"
    assert "trigger_id" in fields_of(refused(google_grpc, "ExecuteEvent", {"name": name}))


def published_as(google: GoogleGrpc, parent: str, body: dict[str, Any]) -> None:
    made = google.call("CreateIntegrationVersion", {"parent": parent, "integrationVersion": body})
    google.call("PublishIntegrationVersion", {"name": made["name"]})


def test_a_version_comes_as_a_package_of_json(
    vendor: VendorClient, server: Tocsin, location: str
) -> None:
    google, versions = Google(vendor, server, "v1"), f"{INTEGRATIONS}.versions"
    body = version_of("packed", "http://127.0.0.1:9/", userLabel="one")
    body["integrationConfigParameters"] = [
        {"parameter": {"key": "`CONFIG_host`", "dataType": "STRING_VALUE"}, "value": TEXT}
    ]
    made = google.asks(versions, "create", parent=f"{location}/integrations/packed", body=body)
    name = made["name"]
    both = google.asks(versions, "downloadJsonPackage", name=name)["files"]
    assert [each["type"] for each in both] == ["INTEGRATION", "INTEGRATION_CONFIG_VARIABLES"]
    assert both[0]["integrationVersion"] == google.asks(versions, "get", name=name)
    assert both[1]["integrationConfig"] == {"`CONFIG_host`": TEXT}
    one = google.asks(
        versions, "downloadJsonPackage", name=name, files="INTEGRATION_CONFIG_VARIABLES"
    )["files"]
    assert one == both[1:]


TEXT = {"stringValue": "here"}


@pytest.mark.parametrize(
    ("verb", "path", "told"),
    [
        ("GET", "/v1/{i}/executions/e/suspensions?pageSize=3", "executions.replay"),
        ("POST", "/v1alpha/{i}/executions/e/suspensions/s:lift", "executions.cancel"),
        ("POST", "/v1/{i}/executions/e/suspensions/s:resolve", "executions.cancel"),
        ("POST", "/v1alpha/{i}/versions/v:takeoverEditLock", "versions.patch"),
        ("GET", "/v1/{i}/versions/v/testCases", "versions.test"),
        ("POST", "/v1/{i}/versions/v/testCases/t:executeTest", "versions.test"),
        ("GET", "/v2/{i}/executions/e:troubleshoot", "executions.get"),
    ],
)
def test_what_is_not_served_says_what_to_use(
    server: Tocsin, location: str, verb: str, path: str, told: str
) -> None:
    path = path.format(i=f"{location}/integrations/i")
    reply = send(server.http_address, verb, path, b"{}" if verb == "POST" else None)
    assert reply.status == 404
    assert told in reply.json["error"]["message"]
    assert reply.json["error"]["status"] == "NOT_FOUND"
