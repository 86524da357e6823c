"""The examples of triggers are applied as they are, and fire."""

import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from docs.markdown import ROOT
from stand.apis.events import GrpcEvents
from stand.apis.rules import KINDS
from stand.apis.tocsin import TocsinGrpc
from stand.apis.wire import Json
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, run_tocsin, serving

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))
FOLDER = "b1g00000000000000001"

# What must happen for each of them, by the name of the trigger; and the path that is called.
EVENTS: dict[str, tuple[Json, str]] = {
    "orders": (
        {"messageQueue": {"queueId": f"yrn:yc:ymq:ru-central1:{FOLDER}:orders", "body": "one"}},
        "/bba00000000000orders/orders",
    ),
    "measurements": (
        {
            "iotMessage": {
                "registryId": "are00000000000000reg",
                "deviceId": "are00000000000000dev",
                "mqttTopic": "$devices/are00000000000000dev/events/heat",
            }
        },
        "/d4e00000000000sensor",
    ),
    "doors": (
        {"iotBrokerMessage": {"brokerId": "are00000000000broker", "mqttTopic": "rooms/1/door"}},
        "/d4e000000000000doors",
    ),
    "thumbnails": (
        {
            "objectStorage": {
                "change": "OBJECT_CHANGE_CREATE",
                "bucketId": "photos",
                "objectId": "incoming/cat.jpg",
            }
        },
        "/d4e000000000thumbnail",
    ),
    "deploy-shop": (
        {
            "containerRegistry": {
                "change": "REGISTRY_CHANGE_CREATE_IMAGE_TAG",
                "registryId": "crt00000000000000reg",
                "imageName": "shop/api",
                "tag": "live",
            }
        },
        "/bba00000000000deploy",
    ),
    "old-logs": (
        {"cloudLogs": {"logGroupId": "eol0000000000000grp2", "message": "hello"}},
        "/d4e0000000000oldlogs",
    ),
    "errors": (
        {
            "logging": {
                "logGroupId": "e230000000000000grp0",
                "resourceType": "serverless.function",
                "level": "LOG_RECORD_LEVEL_ERROR",
                "message": "failed",
            }
        },
        "/d4e000000000000alarm",
    ),
    "budget": (
        {
            "billingBudget": {
                "billingAccountId": "dn200000000000000acc",
                "budgetId": "dn200000000000000bud",
            }
        },
        "/d4e00000000000budget",
    ),
    "clicks": (
        {
            "dataStream": {
                "endpoint": "https://yds.serverless.yandexcloud.net",
                "database": f"/ru-central1/{FOLDER}/etn00000000000000001",
                "stream": "clicks",
                "data": '{"page": 1}',
            }
        },
        "/dfq0000000000000flow",
    ),
    "support": ({"mail": {"message": "help"}}, "/d5d00000000000000chat"),
}


@pytest.fixture(scope="module")
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture(scope="module")
def applied(target: RecordingTarget) -> Iterator[Tocsin]:
    """A server with all examples, whose clock stands before three at night."""
    config = f"""
        [targets]
        function = "{target.url}/{{function_id}}"
        container = "{target.url}/{{container_id}}"
        workflow = "{target.url}/{{workflow_id}}"
        websocket_broadcast = "{target.url}/{{gateway_id}}"
    """
    clock = ("--clock", "manual", "--clock-start", "2026-03-01T02:59:30Z")
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *clock, http="off") as server,
    ):
        yield server


@pytest.fixture(scope="module")
def triggers(applied: Tocsin) -> dict[str, Json]:
    done = run(applied, "apply", "-f", str(ROOT / "docs" / "examples"))
    assert f"Plan: {len(EXAMPLES)} to create, 0 to change, 0 to delete, 0 unchanged.\n" in done
    listed = json.loads(run(applied, "triggers", "list", "-o", "json"))
    return {trigger["name"]: trigger for trigger in listed}


def run(server: Tocsin, *words: str) -> str:
    environment = {"TOCSIN_SERVER": server.grpc_address, "TOCSIN_FOLDER": FOLDER}
    done = run_tocsin(*words, environment=environment)
    assert done.status == 0, done.stderr
    return done.stdout


def test_there_is_an_example_of_each_kind(triggers: dict[str, Json]) -> None:
    kinds = {next(iter(trigger["rule"])) for trigger in triggers.values()}
    assert kinds == set(KINDS)
    assert len(EXAMPLES) == len(KINDS) == 11


def test_they_are_what_export_writes(applied: Tocsin, triggers: dict[str, Json]) -> None:
    again = run(applied, "apply", "-f", str(ROOT / "docs" / "examples"))
    assert again == f"Plan: 0 to create, 0 to change, 0 to delete, {len(triggers)} unchanged.\n"


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_of_its_source_fires_it(
    applied: Tocsin, triggers: dict[str, Json], target: RecordingTarget, name: str
) -> None:
    event, path = EVENTS[name]
    if name == "support":
        event = {"mail": {**event["mail"], "recipient": triggers[name]["rule"]["mail"]["email"]}}
    GrpcEvents(applied.grpc_address).call("Publish", {"events": [event]})
    # Batches that are not full wait for their cutoff.
    clock = TocsinGrpc(applied.grpc_address)
    clock.call("ClockService.Advance", {"duration": "2s"})
    target.wait_for(lambda request: request.path.startswith(path))


def test_the_timer_fires_at_three(
    applied: Tocsin, triggers: dict[str, Json], target: RecordingTarget
) -> None:
    clock = TocsinGrpc(applied.grpc_address)
    clock.call("ClockService.Advance", {"duration": f"{timedelta(days=1).total_seconds():g}s"})
    [request] = target.wait_for(lambda request: request.path == "/d4e00000000000report")
    assert triggers["nightly-report"]["id"] in request.body.decode()
