"""What the log says of calls and deliveries: how they are found, and nothing that is private."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from stand.apis.google import GoogleGrpc, schedule
from stand.apis.triggers import RestApi
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import PATIENCE, Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

LOCATION = "projects/p/locations/l"
GET = "yandex.cloud.serverless.triggers.v1.TriggerService.Get"
LIST = "yandex.cloud.serverless.triggers.v1.TriggerService.List"
JSON = ("--log-format", "json")
Line = dict[str, Any]


def line(server: Tocsin, matches: Callable[[Line], bool]) -> Line:
    """Waits for a line of the log."""
    give_up = time.monotonic() + PATIENCE
    while True:
        for text in server.log.read_text().splitlines():
            told: Line = json.loads(text)
            if matches(told):
                return told
        assert time.monotonic() < give_up, server.log.read_text()
        time.sleep(0.02)


def get(server: Tocsin, trigger_id: str, *metadata: tuple[str, str]) -> dict[str, str]:
    """Asks for a trigger that is not there; returns the metadata of the refusal."""
    with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        TriggerServiceStub(channel).Get(
            contract.GetTriggerRequest(trigger_id=trigger_id), metadata=metadata
        )
    return {each.key: str(each.value) for each in refused.value.trailing_metadata()}  # type: ignore[attr-defined]


def list_triggers(server: Tocsin, *metadata: tuple[str, str]) -> dict[str, str]:
    """Returns the metadata of an answer."""
    with server.channel() as channel:
        request = contract.ListTriggersRequest(folder_id="b1g0")
        _, call = TriggerServiceStub(channel).List.with_call(request, metadata=metadata)
        return {each.key: str(each.value) for each in call.trailing_metadata()}


def test_a_failed_call_has_a_line_with_its_id(directory: Path) -> None:
    with serving(directory, "", *JSON, http="off") as server:
        answered = get(server, "secret-looking-id")
        told = line(server, lambda line: line["event"] == "rpc")
    assert told["method"] == GET
    assert told["code"] == "NOT_FOUND"
    assert told["reason"] == "TRIGGER_NOT_FOUND"
    assert told["request_id"] == answered["x-request-id"]
    assert told["level"] == "info"
    assert told["took_ms"] >= 0
    assert "secret-looking-id" not in json.dumps(told)


def test_the_id_that_a_client_sent_is_used(directory: Path) -> None:
    with serving(directory, "", *JSON, http="off") as server:
        assert get(server, "t", ("x-request-id", "mine"))["x-request-id"] == "mine"
        assert line(server, lambda line: line["event"] == "rpc")["request_id"] == "mine"
        assert list_triggers(server, ("x-request-id", "mine too"))["x-request-id"] == "mine too"


def test_an_id_is_bounded_and_printable(directory: Path) -> None:
    with serving(directory, "", *JSON, http="off") as server:
        assert get(server, "t", ("x-request-id", "x" * 1000))["x-request-id"] == "x" * 64


def test_the_id_over_rest_is_the_one_in_the_log(directory: Path) -> None:
    with serving(directory, "", *JSON) as server:
        reply = RestApi(server.http_address).send("GET", "/triggers/v1/triggers/nobody")
        told = line(server, lambda line: line["event"] == "rpc")
    assert reply.status == 404
    assert told["request_id"] == reply.headers["x-request-id"]


def test_a_success_over_rest_has_an_id_only_if_the_log_has_it(directory: Path) -> None:
    listing = ("GET", "/triggers/v1/triggers?folderId=b1g0")
    with serving(directory, "", *JSON) as server:
        reply = RestApi(server.http_address).send(*listing)
        assert reply.status == 200
        assert "x-request-id" not in reply.headers
        sent = RestApi(server.http_address).send(*listing, headers={"X-Request-Id": "mine"})
        assert sent.headers["x-request-id"] == "mine"
    with serving(directory, "", *JSON, "--log-level", "debug") as server:
        reply = RestApi(server.http_address).send(*listing)
        told = line(server, lambda line: line.get("method") == LIST)
    assert told["request_id"] == reply.headers["x-request-id"]


def test_a_call_that_went_well_is_told_at_the_level_of_debug(directory: Path) -> None:
    with serving(directory, "", *JSON, "--log-level", "debug", http="off") as server:
        answered = list_triggers(server)
        told = line(server, lambda line: line.get("method") == LIST)
    assert told["code"] == "OK"
    assert told["level"] == "debug"
    assert told["request_id"] == answered["x-request-id"]


def test_a_call_that_went_well_leaves_no_line_else(directory: Path) -> None:
    with serving(directory, "", *JSON, http="off") as server:
        list_triggers(server)
        get(server, "t")
        line(server, lambda line: line["event"] == "rpc")
        assert LIST not in server.log.read_text()


def test_a_delivery_is_found_by_its_invocation_and_its_origin(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    target.answers["/nightly"] = lambda _: Answer(status=500, body=b"out of order")
    with (
        serving(directory, config, *JSON, http="off") as server,
        server.channel() as channel,
    ):
        [mine] = schedule(
            GoogleGrpc(channel),
            LOCATION,
            "nightly",
            inputParameters={"password": {"stringValue": "hunter2"}},
        )
        told = line(server, lambda line: line["event"] == "delivery failed")
        assert "hunter2" not in server.log.read_text()
    assert told["invocation_id"] == mine
    assert told["origin"] == f"{LOCATION}/integrations/nightly"
    assert "out of order" in told["error"]
