"""google-api-python-client looks after what it scheduled; its discovery documents are the judge."""

import json
from typing import Any

import pytest

from stand.apis.wire import Json
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin
from stand.vendors.client import VendorClient

INTEGRATIONS = "projects.locations.integrations"
OF_PRODUCTS = "projects.locations.products.integrations"
TRIGGER = {"triggerId": "api_trigger/answering"}
INPUT = {
    "text": {"stringValue": "ж"},
    "n": {"intValue": "3"},
    "half": {"doubleValue": 0.5},
    "yes": {"booleanValue": True},
    "names": {"stringArray": {"stringValues": ["a", "b"]}},
    "`Parent_Files_List`": {"jsonValue": json.dumps([{"id": n} for n in range(100)])},
}


class Google:
    """One version of the client; what its discovery document does not have fails the test."""

    def __init__(self, vendor: VendorClient, server: Tocsin, version: str) -> None:
        self._vendor, self._server, self._version = vendor, server, version

    def asks(self, collection: str, method: str, **arguments: Any) -> Json:
        answer = self._vendor.ask(
            *("integrations", self._server.http_address, self._version),
            *(collection, method, arguments),
        )
        assert "response" in answer, answer
        assert answer["odd"] == []
        response: Json = answer["response"]
        return response


@pytest.fixture
def v1(vendor: VendorClient, server: Tocsin) -> Google:
    return Google(vendor, server, "v1")


@pytest.fixture(autouse=True)
def _answers(target: RecordingTarget) -> None:
    target.answers["/answering"] = lambda _: Answer(200, b'{"total": 7, "list": [{"a": null}]}')


@pytest.mark.parametrize("collection", [INTEGRATIONS, OF_PRODUCTS])
def test_it_executes_lists_gets_and_downloads(v1: Google, location: str, collection: str) -> None:
    product = "/products/apigee" if collection == OF_PRODUCTS else ""
    name = f"{location}{product}/integrations/answering"
    done = v1.asks(collection, "execute", name=name, body={**TRIGGER, "inputParameters": INPUT})
    assert done["outputParameters"]["total"] == 7
    executions = f"{collection}.executions"
    listed = v1.asks(
        *(executions, "list"),
        parent=name,
        filter='event_execution_state = SUCCEEDED AND trigger_id = "api_trigger/answering"',
        filterParams_workflowName="answering",
        orderBy="create_time desc",
        pageSize=5,
    )
    [execution] = listed["executions"]
    assert execution["name"] == f"{name}/executions/{done['executionId']}"
    assert execution["requestParameters"] == INPUT
    [older] = listed["executionInfos"]
    assert older["eventExecutionDetails"]["eventExecutionState"] == "SUCCEEDED"
    assert v1.asks(executions, "get", name=execution["name"]) == execution
    content = v1.asks(executions, "download", name=execution["name"])["content"]
    assert json.loads(content)["requestParameters"] == INPUT
    masked = v1.asks(executions, "list", parent=name, readMask="executionDetails.state")
    assert masked["executions"] == [
        {"name": execution["name"], "executionDetails": {"state": "SUCCEEDED"}}
    ]


def test_it_cancels_what_waits_and_replays_it(v1: Google, location: str) -> None:
    name = f"{location}/integrations/answering"
    body = {**TRIGGER, "scheduleTime": "2099-01-01T00:00:00Z", "inputParameters": INPUT}
    [first] = v1.asks(INTEGRATIONS, "schedule", name=name, body=body)["executionInfoIds"]
    executions = f"{INTEGRATIONS}.executions"
    execution = f"{name}/executions/{first}"
    cancelled = v1.asks(executions, "cancel", name=execution, body={"cancelReason": "late"})
    assert cancelled == {"isCanceled": True}
    again = {
        "replayReason": "now it may",
        "replayMode": "REPLAY_MODE_POINT_OF_FAILURE",
        "modifiedParameters": {"n": {"intValue": "4"}},
        "updateMask": "n",
    }
    replayed = v1.asks(executions, "replay", name=execution, body=again)
    assert replayed["replayedExecutionId"] == first
    shown = v1.asks(executions, "get", name=f"{name}/executions/{replayed['executionId']}")
    assert shown["replayInfo"]["originalExecutionInfoId"] == first
    assert shown["requestParameters"]["n"] == {"intValue": "4"}
    assert shown["requestParameters"]["text"] == INPUT["text"]


def test_v1alpha_has_its_own_paths_and_fields(
    vendor: VendorClient, server: Tocsin, location: str
) -> None:
    alpha = Google(vendor, server, "v1alpha")
    name = f"{location}/products/apigee/integrations/answering"
    body = {**TRIGGER, "scheduleTime": "2099-01-01T00:00:00Z", "inputParameters": INPUT}
    [waiting] = alpha.asks(OF_PRODUCTS, "schedule", name=name, body=body)["executionInfoIds"]
    executions = f"{OF_PRODUCTS}.executions"
    [execution] = alpha.asks(executions, "list", parent=name)["executions"]
    assert alpha.asks(executions, "get", name=execution["name"]) == execution
    assert execution["name"].endswith(waiting)
    # Its document has no reason.
    answer = alpha.asks(executions, "cancel", name=execution["name"], body={})
    assert answer == {"isCanceled": True}
    plain = f"{location}/integrations/answering"
    done = alpha.asks(INTEGRATIONS, "execute", name=plain, body=TRIGGER)
    assert done["outputParameters"]["total"] == 7
    listed = alpha.asks(f"{INTEGRATIONS}.executions", "list", parent=plain)["executions"]
    assert [each["executionDetails"]["state"] for each in listed] == ["SUCCEEDED", "CANCELLED"]


def test_v2_lists_what_it_scheduled(vendor: VendorClient, server: Tocsin, location: str) -> None:
    """Its answers to schedule and execute are free bodies, which its document gives no form."""
    second = Google(vendor, server, "v2")
    name = f"{location}/integrations/answering"
    body = {"name": "x", "n": 1, "deep": {"a": [1, None]}}
    answer = vendor.ask(
        *("integrations", server.http_address, "v2", INTEGRATIONS, "schedule"),
        {"parent": name, **TRIGGER, "scheduleTime": "2099-01-01T00:00:00Z", "body": body},
    )
    assert "error" not in answer
    listed = second.asks(f"{INTEGRATIONS}.executions", "list", parent=name, filter="state=ON_HOLD")
    [execution] = listed["executions"]
    assert execution["requestVariables"] == body
