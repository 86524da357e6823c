"""Messages of real MQTT brokers fire triggers."""

import asyncio
import re
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from stand.apis.events import RestEvents
from stand.apis.triggers import RestApi, changed, create
from stand.apis.wire import Json
from stand.recording_target import Received, RecordingTarget
from stand.services.mosquitto import Mosquitto, mosquitto
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving
from tocsin.plans.plan import Plan
from tocsin.schedule import SystemClock
from tocsin.settings import SettingsError, load_settings
from tocsin.sources.incoming import Incoming, Taken
from tocsin.sources.kinds.iot import IotBrokerMessage, IotBrokerMessageSource
from tocsin.sources.mqtt.reader import MqttReader
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.sources.part_leases import PartLeases
from tocsin.store.driver.opening import open_database

REGISTRY, OTHER_REGISTRY, BROKER = "registry-one", "registry-two", "broker-one"


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as started:
        yield started


def sources(broker: Mosquitto, **settings: str) -> str:
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    return f"""
        [sources.mqtt.home]
        url = "{broker.url}"
        brokers = ["{BROKER}"]
        {lines}

        [sources.mqtt.home.registries.{REGISTRY}]

        [sources.mqtt.home.registries.{OTHER_REGISTRY}]
        devices = "factory/{{device_id}}"
        own = "factory-own"

        [sources.mqtt.away]
        url = "mqtt://127.0.0.1:1"
        brokers = ["broker-away"]
    """


@pytest.fixture(scope="module", params=["3.1.1", "5"])
def tocsin(request: pytest.FixtureRequest, config: str, broker: Mosquitto) -> Iterator[Tocsin]:
    """Each test runs over both versions of the protocol."""
    version = {"version": f'"{request.param}"', "client_id": f'"of-{request.param}"'}
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config + sources(broker, **version)) as server,
    ):
        yield server


@pytest.fixture
def api(tocsin: Tocsin) -> RestApi:
    return RestApi(tocsin.http_address)


@pytest.fixture
def mine() -> str:
    """The id of a function, and a level of topics, that no other test knows."""
    return f"x{uuid.uuid4().hex[:15]}"


class Publisher:
    """Another client of the broker."""

    def __init__(self, broker: Mosquitto) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        """Returns once the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Publisher]:
    made = Publisher(broker)
    yield made
    made.close()


def trigger(api: RestApi, folder: str, mine: str, **fields: Any) -> Json:
    """Creates a trigger and returns it once its messages are subscribed to."""
    made = unconnected(api, folder, mine, **fields)
    eventually(lambda: source_of(api, made)["connected"])
    return made


def unconnected(api: RestApi, folder: str, mine: str, **fields: Any) -> Json:
    function = {"invokeFunction": {"functionId": mine}}
    if "registryId" in fields:
        return create(api, folder, rule={"iotMessage": fields | function})
    return create(api, folder, rule={"iotBrokerMessage": {"brokerId": BROKER} | fields | function})


def source_of(api: RestApi, of: Json) -> Json:
    found: Json = intake_of(api, of).get("source") or {"connected": False}
    return found


def intake_of(api: RestApi, of: Json) -> Json:
    return RestEvents(api._address).call("GetIntake", {"triggerId": of["id"]})


def eventually(holds: Callable[[], object], seconds: float = 30) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def calls_of(target: RecordingTarget, mine: str, count: int = 1) -> list[Received]:
    return target.wait_for(lambda call: call.path == f"/functions/{mine}", count)


def messages_of(target: RecordingTarget, mine: str, count: int = 1) -> list[Json]:
    """The messages that came to a function, each invocation counted once."""
    bodies: dict[str, list[Json]] = {}

    def enough() -> bool:
        for call in target.all(lambda call: call.path == f"/functions/{mine}"):
            bodies[call.headers["x-request-id"]] = call.json["messages"]
        return sum(len(body) for body in bodies.values()) >= count

    eventually(enough)
    return [message for body in bodies.values() for message in body]


def topics(messages: list[Json]) -> list[str]:
    return [message["details"]["mqtt_topic"] for message in messages]


def test_a_message_of_a_device_is_delivered_as_the_vendor_does(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    trigger(api, folder, mine, registryId=REGISTRY, mqttTopic=f"$devices/{mine}/events")
    publisher.publish(f"$devices/{mine}/state")
    publisher.publish(f"$devices/{mine}/events", b"21.5")
    [message] = messages_of(target, mine)
    metadata = message["event_metadata"]
    assert list(message) == ["event_metadata", "details"]
    assert list(metadata) == ["event_id", "event_type", "created_at"]
    assert metadata["event_type"] == "yandex.cloud.events.iot.IoTMessage"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", metadata["created_at"])
    assert message["details"] == {
        "registry_id": REGISTRY,
        "device_id": mine,
        "mqtt_topic": f"$devices/{mine}/events",
        "payload": "MjEuNQ==",
    }


def test_a_message_of_a_broker_is_delivered_as_the_vendor_does(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    trigger(api, folder, mine, mqttTopic=f"{mine}/#")
    publisher.publish(mine, b"\x00\xff")
    [message] = messages_of(target, mine)
    assert message["details"] == {"broker_id": BROKER, "mqtt_topic": mine, "payload": "AP8="}


@pytest.mark.parametrize(
    ("topic_filter", "passed", "stopped"),
    [
        ("{}/+/t", ["{}/a/t", "{}//t"], ["{}/t", "{}/a/b/t"]),
        ("{}/#", ["{}", "{}/a", "{}/a/b"], ["x{}"]),
        ("{}/a", ["{}/a"], ["{}/A", "{}/a/b", "/{}/a"]),
    ],
)
def test_topic_filters(
    api: RestApi,
    target: RecordingTarget,
    publisher: Publisher,
    folder: str,
    mine: str,
    topic_filter: str,
    passed: list[str],
    stopped: list[str],
) -> None:
    trigger(api, folder, mine, mqttTopic=topic_filter.format(mine))
    for each in [*stopped, *passed]:
        publisher.publish(each.format(mine))
    found = topics(messages_of(target, mine, len(passed)))
    assert sorted(found) == sorted(each.format(mine) for each in passed)


def test_registries_have_the_topics_that_they_are_mapped_to(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    trigger(api, folder, f"{mine}-all", registryId=OTHER_REGISTRY)
    trigger(api, folder, f"{mine}-one", registryId=OTHER_REGISTRY, deviceId=mine)
    for each in (f"factory/{mine}/t", "factory-own/t", f"factory/other-{mine}/t", f"x{mine}/t"):
        publisher.publish(each)
    found = messages_of(target, f"{mine}-all", 3)
    assert {(each["details"]["device_id"], each["details"]["mqtt_topic"]) for each in found} == {
        (mine, f"factory/{mine}/t"),
        ("", "factory-own/t"),
        (f"other-{mine}", f"factory/other-{mine}/t"),
    }
    assert topics(messages_of(target, f"{mine}-one")) == [f"factory/{mine}/t"]


def test_filters_that_overlap_bring_a_message_once_to_each(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    filters = {"a": f"{mine}/+/c", "b": f"{mine}/b/+", "c": f"{mine}/#", "d": f"{mine}/b/c"}
    made = [trigger(api, folder, f"{mine}-{n}", mqttTopic=f) for n, f in filters.items()]
    publisher.publish(f"{mine}/b/c")
    messages_of(target, f"{mine}-c", 1)
    # When the widest goes the others stay.
    api.call("Delete", {"triggerId": made[2]["id"]})
    trigger(api, folder, f"{mine}-e", mqttTopic=f"{mine}-e")
    publisher.publish(f"{mine}/b/c")
    publisher.publish(f"{mine}-e")
    calls_of(target, f"{mine}-e")
    for each, count in {"a": 2, "b": 2, "c": 1, "d": 2}.items():
        assert len(messages_of(target, f"{mine}-{each}", count)) == count


def test_what_was_retained_before_is_no_event(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    publisher.publish(f"{mine}/old", retain=True)
    trigger(api, folder, mine, mqttTopic=f"{mine}/#")
    publisher.publish(f"{mine}/new", retain=True)
    assert topics(messages_of(target, mine)) == [f"{mine}/new"]


def test_messages_are_batched(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    batch = {"size": "3", "cutoff": "60s"}
    trigger(api, folder, mine, mqttTopic=f"{mine}/+", batchSettings=batch)
    for each in "abc":
        publisher.publish(f"{mine}/{each}")
    [call] = calls_of(target, mine)
    assert topics(call.json["messages"]) == [f"{mine}/{each}" for each in "abc"]


def test_what_comes_in_a_pause_is_lost_and_counted(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    made = trigger(api, folder, mine, mqttTopic=f"{mine}/+")
    changed(api, "Pause", {"triggerId": made["id"]})
    publisher.publish(f"{mine}/lost")
    eventually(lambda: intake_of(api, made)["lostEvents"] == "1")
    changed(api, "Resume", {"triggerId": made["id"]})
    publisher.publish(f"{mine}/kept")
    assert topics(messages_of(target, mine)) == [f"{mine}/kept"]


def test_a_filter_that_is_updated_is_subscribed_to(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    made = trigger(api, folder, mine, mqttTopic=f"{mine}/a")
    rule = made["rule"]
    rule["iotBrokerMessage"]["mqttTopic"] = f"{mine}/b"
    changed(api, "Update", {"triggerId": made["id"], "updateMask": "rule", "rule": rule})

    def published() -> bool:
        publisher.publish(f"{mine}/b")
        return bool(target.all(lambda call: call.path == f"/functions/{mine}"))

    eventually(published)
    publisher.publish(f"{mine}/a")
    assert set(topics(messages_of(target, mine))) == {f"{mine}/b"}


def test_how_the_source_stands_is_told(
    api: RestApi, publisher: Publisher, folder: str, mine: str
) -> None:
    made = trigger(api, folder, mine, mqttTopic=f"{mine}/+")
    other = trigger(api, folder, mine, mqttTopic=f"other-{mine}/+")
    publisher.publish(f"{mine}/a")
    eventually(lambda: source_of(api, made).get("lastEvent"))
    assert not source_of(api, other).get("lastEvent")


def test_a_source_that_is_away_makes_only_its_own_triggers_sick(
    api: RestApi, target: RecordingTarget, publisher: Publisher, folder: str, mine: str
) -> None:
    away = unconnected(api, folder, mine, brokerId="broker-away")
    nowhere = unconnected(api, folder, mine, brokerId="broker-of-nobody")
    outside = unconnected(api, folder, mine, registryId=OTHER_REGISTRY, mqttTopic="outside/#")
    errors = {
        away["id"]: "127.0.0.1:1: ",
        nowhere["id"]: "add it to `brokers` of a broker in [sources.mqtt]",
        outside["id"]: "mqtt_topic matches no topic of the registry",
    }
    for each in (away, nowhere, outside):
        eventually(lambda each=each: source_of(api, each).get("lastError"))  # type: ignore[misc]
        assert errors[each["id"]] in source_of(api, each)["lastError"]
        assert not source_of(api, each)["connected"]
    trigger(api, folder, mine, mqttTopic=f"{mine}/+")
    publisher.publish(f"{mine}/a")
    assert len(messages_of(target, mine)) == 1


def test_a_broker_that_comes_back_is_read_on(
    directory: Path, config: str, target: RecordingTarget, folder: str, mine: str
) -> None:
    with mosquitto() as broker, serving(directory, config + sources(broker)) as server:
        api = RestApi(server.http_address)
        made = trigger(api, folder, mine, mqttTopic=f"{mine}/+")
        broker.stop()
        eventually(lambda: not source_of(api, made)["connected"])
        broker.start()
        eventually(lambda: source_of(api, made)["connected"])
        publisher = Publisher(broker)
        publisher.publish(f"{mine}/a")
        publisher.close()
        assert len(messages_of(target, mine)) == 1


def publish_for_long(broker: Mosquitto, prefix: str, stopped: threading.Event) -> list[str]:
    """Publishes until it is stopped; returns the topics that the broker took."""
    publisher = Publisher(broker)
    done = []
    while not stopped.is_set():
        topic = f"{prefix}/{len(done)}"
        publisher.publish(topic)
        done.append(topic)
        time.sleep(0.01)
    publisher.close()
    return done


def in_background(work: Callable[[], list[str]]) -> tuple[threading.Thread, list[str]]:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(work()))
    thread.start()
    return thread, found


def test_no_message_is_lost_by_kill_9(
    directory: Path, config: str, target: RecordingTarget, folder: str, mine: str
) -> None:
    stopped = threading.Event()
    with mosquitto() as broker:
        settings = config + sources(broker)
        publishing, sent = None, []
        for number in range(3):
            with serving(directory, settings) as server:
                if number == 0:
                    batch = {"size": "7", "cutoff": "1s"}
                    api = RestApi(server.http_address)
                    trigger(api, folder, mine, mqttTopic=f"{mine}/+", batchSettings=batch)
                    publishing, sent = in_background(
                        lambda: publish_for_long(broker, mine, stopped)
                    )
                messages_of(target, mine, 1 + 20 * number)
                server.kill()
        with serving(directory, settings):
            messages_of(target, mine, 80)
            stopped.set()
            assert publishing is not None
            publishing.join()
            assert len(sent) >= 80
            eventually(lambda: set(sent) <= set(topics(messages_of(target, mine))))


def test_sessions_are_shared_by_nodes_and_taken_over(
    postgres: PostgresServer,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    url = postgres.new_database()
    stopped = threading.Event()
    with mosquitto() as broker, ExitStack() as stack:
        settings = config + sources(broker, sessions="2")
        nodes = []
        for name in "ab":
            (tmp_path / name).mkdir()
            node = serving(tmp_path / name, settings, "--database", url)
            nodes.append(stack.enter_context(node))
        api = RestApi(nodes[0].http_address)
        trigger(api, folder, mine, mqttTopic=f"{mine}/+")
        publishing, sent = in_background(lambda: publish_for_long(broker, mine, stopped))
        messages_of(target, mine, 50)
        assert nodes[0].stop() == 0
        messages_of(target, mine, len(messages_of(target, mine)) + 50)
        stopped.set()
        publishing.join()
        eventually(lambda: set(sent) <= set(topics(messages_of(target, mine))), 60)
        # Only what was taken and not acknowledged when the node stopped may be there twice.
        again = [
            each for each, count in Counter(topics(messages_of(target, mine))).items() if count > 1
        ]
        assert len(again) <= 100


class Hands:
    """A `Line` whose taking is under way until it is let go."""

    ended = False

    def __init__(self, plan: Plan, *, let_go: bool) -> None:
        self.plans = (plan,)
        self.connecting = asyncio.Event()
        self.taking: asyncio.Queue[str] = asyncio.Queue()
        self._let_go = let_go

    async def changed(self) -> None:
        await asyncio.Event().wait()

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        for each in incoming:
            assert isinstance(each.event, IotBrokerMessage)
            self.taking.put_nowait(each.event.mqtt_topic)
        if not self._let_go:
            await asyncio.Event().wait()
        return [Taken(accepted=1)] * len(incoming)

    def connected(self) -> None:
        self.connecting.set()

    def received(self, trigger_ids: Collection[str]) -> None: ...

    def troubled(self, error: str, trigger_id: str | None = None) -> None: ...

    def refused(self, trigger_id: str, events: int, why: str) -> None: ...


@pytest.mark.parametrize("version5", [False, True])
def test_a_message_is_acknowledged_only_once_it_is_taken(
    broker: Mosquitto, publisher: Publisher, tmp_path: Path, mine: str, version5: bool
) -> None:
    source = IotBrokerMessageSource(mine)
    plan = Plan("trigger", "folder", "iot_broker_message", source, None, ())
    home = BrokerSettings(
        url=f"mqtt://127.0.0.1:{broker.port}",
        version="5" if version5 else "3.1.1",
        client_id=mine,
        brokers=[mine],
    )
    clock = SystemClock()

    async def first_taken(reader: MqttReader, *, let_go: bool, published: str = "") -> str:
        line = Hands(plan, let_go=let_go)
        reading = asyncio.create_task(reader.read(line))
        await line.connecting.wait()
        if published:
            await asyncio.to_thread(publisher.publish, published)
        found = await line.taking.get()
        await asyncio.sleep(0.1)  # what is acknowledged is on its way
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return found

    async def read() -> list[str]:
        database = open_database(f"sqlite:///{tmp_path / 'tocsin.db'}")
        leases = PartLeases(database, clock, node="node")
        reader = MqttReader({"home": home}, leases, clock, machine_clock=clock)
        found = [
            await first_taken(reader, let_go=False, published=f"{mine}/a"),
            await first_taken(reader, let_go=True),
            await first_taken(reader, let_go=True, published=f"{mine}/b"),
        ]
        await database.close()
        return found

    # What was not acknowledged comes again, to whoever has the session then.
    assert asyncio.run(read()) == [f"{mine}/a", f"{mine}/a", f"{mine}/b"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('url = "http://127.0.0.1:1883"', "sources.mqtt.home.url: expected mqtt://HOST:PORT"),
        (
            'url = "mqtt://h"\n[sources.mqtt.home.registries.r]\ndevices = "a/b"',
            "devices: expected a topic with {device_id} as one level",
        ),
        (
            'url = "mqtt://h"\n[sources.mqtt.home.registries.r]\nown = "a/#"',
            "own: expected a topic without + and #",
        ),
        (
            'url = "mqtt://h"\nbrokers = ["b"]\n'
            '[sources.mqtt.other]\nurl = "mqtt://h"\nbrokers = ["b"]',
            "sources.mqtt: b must be named by one broker only",
        ),
    ],
)
def test_settings_that_can_not_be_are_told(tmp_path: Path, settings: str, why: str) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(f"[sources.mqtt.home]\n{settings}")
    with pytest.raises(SettingsError, match=re.escape(why)):
        load_settings(file)
