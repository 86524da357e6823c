"""What a broker sends that can't be read costs that message, and no other."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stand.apis.events import RestEvents
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json
from stand.recording_target import RecordingTarget
from stand.services.scripted_broker import packet, publication, scripted_broker
from stand.tocsin_process import Tocsin, serving

REGISTRY = "registry-one"


def settings(url: str) -> str:
    return f"""
        [sources.mqtt.home]
        url = "{url}"
        version = "3.1.1"

        [sources.mqtt.home.registries.{REGISTRY}]
        devices = "factory/{{device_id}}"
        own = "own"
    """


def trigger(server: Tocsin, folder: str, function: str, **fields: str) -> Json:
    rule = {"registryId": REGISTRY, "invokeFunction": {"functionId": function}} | fields
    return create(RestApi(server.http_address), folder, rule={"iotMessage": rule})


def source_of(server: Tocsin, of: Json) -> Json:
    events = RestEvents(server.http_address)
    found: Json = events.call("GetIntake", {"triggerId": of["id"]}).get("source") or {}
    return found


def eventually(holds: Callable[[], object]) -> None:
    give_up = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        (b"factory/\xff/e", "topic 'factory/\\xff/e' is not UTF-8"),
        (b"factory/\xed\xa0\x80/e", "topic 'factory/\\xed\\xa0\\x80/e' is not UTF-8"),
        (b"factory/+/e", "topic 'factory/+/e' is empty or holds a wildcard"),
    ],
)
def test_a_message_whose_topic_can_not_be_read_is_passed_over_and_counted(
    tmp_path: Path, config: str, target: RecordingTarget, folder: str, topic: bytes, why: str
) -> None:
    script = [
        (1, publication(b"factory/d1/e", 1)),
        (2, publication(topic, 2)),
        (3, publication(b"factory/d3/e", 3)),
    ]
    with (
        scripted_broker(*script) as broker,
        serving(tmp_path, config + settings(broker.url)) as server,
    ):
        made = trigger(server, folder, "all-devices")
        other = trigger(server, folder, "own-topics", mqttTopic="$registries/registry-one/events")
        eventually(lambda: broker.acknowledged == {1, 2, 3})
        calls = target.wait_for(lambda call: call.path == "/functions/all-devices", 2)
        topics = {
            message["details"]["mqtt_topic"] for call in calls for message in call.json["messages"]
        }
        assert topics == {"factory/d1/e", "factory/d3/e"}
        eventually(lambda: source_of(server, made).get("refusedEvents") == "1")
        source = source_of(server, made)
        assert why in source["lastError"]
        assert source["connected"]
        assert source_of(server, other).get("refusedEvents", "0") == "0"
        assert broker.connections <= 2


@pytest.mark.parametrize(
    "broken",
    [
        packet(0x32, b"\x00\x09factory"),  # a topic that is longer than its packet
        packet(0x90, b"\x00"),  # an answer to a subscription, without its number
        packet(0x00, b""),  # a kind that there is not
    ],
)
def test_a_packet_that_can_not_be_read_ends_the_connection_once(
    tmp_path: Path, config: str, folder: str, broken: bytes
) -> None:
    with (
        scripted_broker((0, broken)) as broker,
        serving(tmp_path, config + settings(broker.url)) as server,
    ):
        made = trigger(server, folder, "nothing")
        eventually(lambda: broker.connections >= 3)
        address = broker.url.removeprefix("mqtt://")
        eventually(lambda: address in source_of(server, made).get("lastError", ""))
        server.stop()
        lines = server.log.read_text().splitlines()
        told = [line for line in lines if "could not read a source" in line]
        # The first, and the number of the others.
        assert len(told) == 2, lines
        assert "more like it in the last minute" in told[1]
        assert len(lines) < 20, lines
