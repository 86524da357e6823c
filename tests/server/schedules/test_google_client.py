"""google-api-python-client as its users run it."""

import uuid

import pytest

from stand.apis.wire import Json
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin
from stand.vendors.client import VendorClient

COLLECTIONS = {
    "projects.locations.integrations": "integrations/nightly",
    "projects.locations.products.integrations": "products/apigee/integrations/nightly",
}


def ask(vendor: VendorClient, server: Tocsin, name: str, body: Json, version: str = "v1") -> Json:
    collection = next(key for key in COLLECTIONS if ("products" in key) == ("products" in name))
    arguments = {"name": name, "body": body}
    answer: Json = vendor.ask("schedule", server.http_address, version, collection, arguments)
    return answer


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_it_schedules(
    vendor: VendorClient,
    server: Tocsin,
    target: RecordingTarget,
    location: str,
    version: str,
    collection: str,
) -> None:
    body = {"triggerId": "api_trigger/nightly", "inputParameters": {"n": {"intValue": "3"}}}
    name = f"{location}/{COLLECTIONS[collection]}"
    answer = ask(vendor, server, name, body, version)
    [execution_id] = answer["response"]["executionInfoIds"]
    [received] = target.wait_for(lambda call: call.headers["x-request-id"] == execution_id)
    assert received.json["parameters"] == {"n": 3}


def test_an_unknown_integration_is_a_404_that_says_so(
    vendor: VendorClient, server: Tocsin, location: str
) -> None:
    name = f"{location}/integrations/nothing"
    error = ask(vendor, server, name, {"triggerId": "api_trigger/nightly"})["error"]
    assert error["status"] == 404
    assert error["reason"] == f"Integration {name} not found"


def test_a_bad_request_is_a_400_with_its_details(
    vendor: VendorClient, server: Tocsin, location: str
) -> None:
    error = ask(vendor, server, f"{location}/integrations/nightly", {"requestId": "a b"})["error"]
    assert error["status"] == 400
    assert error["reason"].startswith("Validation failed:\n  - trigger_id: Field is required")
    violations = error["details"][0]["fieldViolations"]
    assert [violation["field"] for violation in violations] == ["trigger_id", "request_id"]


def test_an_execution_id_that_is_taken_is_a_409(
    vendor: VendorClient, server: Tocsin, location: str
) -> None:
    body = {"triggerId": "api_trigger/nightly", "userGeneratedExecutionId": str(uuid.uuid4())}
    name = f"{location}/integrations/nightly"
    assert "response" in ask(vendor, server, name, body)
    assert ask(vendor, server, name, body)["error"]["status"] == 409
