"""grpc-gateway before a real server: what the REST tests' fake one does not show."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from clients.toolchains import HERE, go_program, json_line
from gateway.grpc_gateway import gateway as gateway_built
from gateway.grpc_gateway import serving
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Reply, send
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin

Encode = Callable[[CloudEvent], HTTPMessage]


@pytest.fixture(scope="module")
def gateway(server: Tocsin) -> Iterator[str]:
    with serving(server.grpc_address) as gateway:
        yield f"{gateway.address[0]}:{gateway.address[1]}"


def test_its_program_serves_every_service_that_has_a_path() -> None:
    module = gateway_built() / "module"
    generated = "".join(file.read_text() for file in module.rglob("*.pb.gw.go"))
    registers = set(re.findall(r"^func (Register\w+Handler)\(", generated, re.MULTILINE))
    assert registers == set(
        re.findall(r"\w+\.(Register\w+Handler)\b", (module / "main.go").read_text())
    )


def test_google_clients_schedule_through_it(
    gateway: str, target: RecordingTarget, location: str
) -> None:
    program = go_program(HERE / "go" / "integrations")
    arguments = (program, f"http://{gateway}/", "v1", f"{location}/integrations/nightly")

    answer = json_line(*arguments, '{"triggerId": "api_trigger/nightly"}')
    [execution] = answer["response"]["executionInfoIds"]
    target.wait_for(lambda call: call.headers.get("x-request-id") == execution)

    error = json_line(*arguments, "{}")["error"]
    assert (error["code"], error["fields"]) == (400, ["trigger_id"])


@pytest.mark.parametrize("encode", [to_structured_event, to_binary_event])
def test_a_body_of_bytes_and_its_headers_arrive(
    server: Tocsin, gateway: str, folder: str, encode: Encode
) -> None:
    """What is sent through Envoy is known when it comes again through grpc-gateway."""
    account = f"a{uuid.uuid4().hex[:15]}"
    rule = {"billingAccountId": account, "invokeFunction": {"functionId": account}}
    create(RestApi(gateway), folder, rule={"billingBudget": rule})
    message = encode(cloud_event(account))

    assert published(server.http_address, message).json["events"][0]["accepted"] == "1"
    reply = published(gateway, message)
    assert reply.json["events"][0]["repeated"] == "1", reply.text


def cloud_event(account: str) -> CloudEvent:
    attributes = {
        "specversion": "1.0",
        "type": "tocsin.v1.billing_budget",
        "source": "/billing",
        "id": "one",
    }
    return CloudEvent(attributes, {"billing_account_id": account, "budget_id": "b", "amount": 7})


def published(address: str, message: HTTPMessage) -> Reply:
    path = "/tocsin/v1/events:publishCloudEvent"
    return send(address, "POST", path, message.body, dict(message.headers))


def test_logs_by_otlp_in_json_are_answered(gateway: str) -> None:
    reply = send(
        gateway, "POST", "/v1/logs", b'{"resourceLogs": []}', {"Content-Type": "application/json"}
    )
    assert (reply.status, reply.json) == (200, {})


def test_changes_are_streamed_as_json_lines(gateway: str, folder: str) -> None:
    """Envoy makes server-sent events of them."""
    with urlopen(f"http://{gateway}/tocsin/v1/watch?folderId={folder}", timeout=30) as lines:
        first = json.loads(lines.readline())["result"]
        assert "reset" in first, first
        made = create(RestApi(gateway), folder)
        shown = (json.loads(line)["result"] for line in lines)
        seen = next(each["triggers"] for each in shown if each.get("triggers"))
    assert [each["triggerId"] for each in seen] == [made["id"]], seen
