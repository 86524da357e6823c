"""google-api-python-client registers integrations; its discovery documents are the judge."""

import json
import uuid
from typing import Any

import pytest

from server.schedules.test_declared_parameters import declared
from server.schedules.test_google_executions import INTEGRATIONS, OF_PRODUCTS, Google
from server.schedules.test_integration_versions import version_of
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
