"""Reads the messages of devices, registries and brokers from MQTT brokers.

A session subscribes with QoS 1 and acknowledges a message once it is durable. The broker keeps the
session, and sends messages that were not acknowledged to the node that takes it over. One node at a
time holds a session; several sessions share the messages by a shared subscription.
"""

import asyncio
import json
import ssl
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self, TypeAlias

import aiomqtt
import structlog
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from tocsin.outgoing.threads import Threads
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.folders import admits
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds import iot
from tocsin.sources.kinds.definition import Kind
from tocsin.sources.kinds.iot import IotBrokerMessage, IotMessage, IotMessageSource
from tocsin.sources.mqtt.registries import BrokerTopics
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.sources.mqtt.topics import disjoint
from tocsin.sources.part_leases import RENEWED_EACH_SECONDS, PartLeases
from tocsin.sources.reader import Line, SourceFailed
from tocsin.sources.together import together
from tocsin.store.driver.database import StoreUnavailable

log = structlog.get_logger(__name__)

MESSAGES_AT_ONCE = 256
# MQTT 5: messages that the broker may send before one is acknowledged.
MOST_UNACKNOWLEDGED = 1000
# The protocol allows fewer messages under way with QoS 1, so only those with QoS 0 can overflow.
MOST_WAITING = 70_000
FILTERS_AT_ONCE = 100
KEEPALIVE_SECONDS = 30
TOPICS_KNOWN = 4096
ANSWERED_IN_SECONDS = 5.0
KIND_OF: Mapping[type, Kind[Any, Any]] = {each.event: each for each in (iot.KIND, iot.BROKER_KIND)}

# The events of a message on a topic, without its payload, and the triggers that it fires.
Matches: TypeAlias = tuple[tuple[IotMessage | IotBrokerMessage, ...], frozenset[str]]


class MqttReader:
    """Reads brokers, by their names in the settings; implements `sources.reader.Reader`."""

    kinds = (iot.KIND.name, iot.BROKER_KIND.name)

    def __init__(
        self,
        brokers: Mapping[str, BrokerSettings],
        leases: PartLeases,
        clock: Clock,
        *,
        machine_clock: Clock,
    ) -> None:
        self._brokers = dict(brokers)
        self._topics = {name: BrokerTopics.of(each) for name, each in brokers.items()}
        self._leases = leases
        self._clock = clock
        self._machine_clock = machine_clock

    def reading_key(self, plan: Plan) -> Hashable:
        name = self._name(plan)
        if not admits(self._brokers[name].folders_for(registry_of(plan.source)), plan.folder_id):
            raise SourceFailed(
                f"the broker or registry is not bound to folder {plan.folder_id}: an operator can "
                f"add the folder to `folders` in [sources.mqtt.{name}] or of the registry there"
            )
        if not self._topics[name].filters(plan.source):
            raise SourceFailed(
                "mqtt_topic matches no topic of the registry: change the rule, or `devices` and "
                f"`own` in [sources.mqtt.{name}.registries]"
            )
        return name

    async def read(self, line: Line) -> None:
        name = self._name(line.plans[0])
        broker = self._brokers[name]
        sessions = [
            Session(
                name,
                broker,
                self._topics[name],
                number,
                line,
                self._leases,
                self._clock,
                self._machine_clock,
            )
            for number in range(broker.sessions)
        ]

        async def tell_changes() -> None:
            while True:
                await line.changed()
                for session in sessions:
                    session.changed.set()

        await together(tell_changes(), *(session.run() for session in sessions))

    async def close(self) -> None:
        """Does nothing: a reader keeps nothing between two reads."""

    def _name(self, plan: Plan) -> str:
        for name, topics in self._topics.items():
            if topics.has(plan.source):
                return name
        setting = "brokers" if plan.kind == iot.BROKER_KIND.name else "registries"
        raise SourceFailed(
            f"no MQTT broker has this id: add it to `{setting}` of a broker in [sources.mqtt]"
        )


class Session:
    """Reads one session of a broker while this node holds it."""

    def __init__(
        self,
        name: str,
        broker: BrokerSettings,
        topics: BrokerTopics,
        number: int,
        line: Line,
        leases: PartLeases,
        clock: Clock,
        machine_clock: Clock,
    ) -> None:
        self.changed = asyncio.Event()
        self._broker = broker
        self._topics = topics
        self._line = line
        self._leases = leases
        self._clock = clock
        self._machine_clock = machine_clock
        self._lease = (f"mqtt:{name}", str(number))
        self._client_id = f"{broker.client_id}-{number}"
        # A single session also works with a broker that has no shared subscriptions.
        self._share = f"$share/{broker.client_id}/" if broker.sessions > 1 else ""
        # A broker that does not answer blocks its own thread, and no other broker's.
        self._threads = Threads(f"mqtt-{name}", 1)
        self._subscribed: frozenset[str] = frozenset()
        self._known: dict[str, Matches] = {}

    async def run(self) -> None:
        """Reads whenever this node holds the session.

        Raises:
            SourceFailed: the broker or the store can't be reached, or the broker refuses.
        """
        host, port = self._broker.address
        while True:
            try:
                position = await self._leases.hold(*self._lease)
                if position is not None:
                    self._subscribed = frozenset(json.loads(position or "[]"))
                    await self._read()
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                # An error is expected if another node took the session over.
                if await self._is_mine():
                    raise SourceFailed(f"{host}:{port}: {error}") from error
            except StoreUnavailable as error:
                raise SourceFailed(f"the store can't be reached: {error}") from error
            await self._machine_clock.sleep(RENEWED_EACH_SECONDS)

    async def _is_mine(self) -> bool:
        try:
            return await self._leases.hold(*self._lease) is not None
        except StoreUnavailable:
            return True

    async def _read(self) -> None:
        """Reads until another node takes the session over."""
        async with client_of(self._broker, self._client_id, self._threads) as client:
            try:
                await self._subscribe(client)
                self._line.connected()
                await together(self._keep(), self._follow(client), self._take(client))
            finally:
                if self._line.ended:
                    # No trigger needs the messages that the broker would keep.
                    await self._unsubscribe_all(client)
                else:
                    await self._leases.release(*self._lease)

    async def _keep(self) -> None:
        """Returns once another node holds the session."""
        if self._leases.lasting:
            await asyncio.Event().wait()
        while await self._leases.hold(*self._lease) is not None:
            await self._machine_clock.sleep(RENEWED_EACH_SECONDS)

    async def _follow(self, client: "Client") -> None:
        while True:
            await self.changed.wait()
            self.changed.clear()
            await self._subscribe(client)

    async def _subscribe(self, client: "Client") -> None:
        """Subscribes to the topics that the triggers need, and to no others."""
        self._known.clear()
        plans, topics = self._line.plans, self._topics
        filters = disjoint(
            topic_filter for plan in plans for topic_filter in topics.filters(plan.source)
        )
        wanted = frozenset(f"{self._share}{topic_filter}" for topic_filter in filters)
        # New subscriptions come first: a message may come twice meanwhile, but none is lost.
        await self._leases.move(*self._lease, json.dumps(sorted(wanted | self._subscribed)))
        for some in chunks(sorted(wanted)):
            refused = await client.subscribe_to(some, version5=self._broker.version5)
            if refused:
                raise SourceFailed(f"the broker refused the subscription to {refused[0]}")
        for some in chunks(sorted(self._subscribed - wanted)):
            await client.unsubscribe(some)
        self._subscribed = wanted
        await self._leases.move(*self._lease, json.dumps(sorted(wanted)))

    async def _unsubscribe_all(self, client: "Client") -> None:
        for some in chunks(sorted(self._subscribed)):
            await client.unsubscribe(some)
        await self._leases.move(*self._lease, "")
        await self._leases.release(*self._lease)

    async def _take(self, client: "Client") -> None:
        while True:
            messages = await client.next_messages(MESSAGES_AT_ONCE)
            received_ns = nanos_of(self._clock.now())
            incoming: list[Incoming] = []
            fired: set[str] = set()
            for message in messages:
                # A retained message is older than the subscription.
                if not message.retain:
                    events, trigger_ids = self._matches(str(message.topic))
                    fired |= trigger_ids
                    payload = content_of(message)
                    incoming += [
                        Incoming(
                            replace(event, payload=payload),
                            received_ns,
                            folders=self._broker.folders_for(registry_of(event)),
                        )
                        for event in events
                    ]
            if incoming:
                await self._line.take(incoming)
                self._line.received(fired)
            for message in messages:
                client.acknowledge(message)

    def _matches(self, topic: str) -> Matches:
        known = self._known.get(topic)
        if known is None:
            if len(self._known) == TOPICS_KNOWN:
                self._known.clear()
            known = self._known[topic] = self._find_matches(topic)
        return known

    def _find_matches(self, topic: str) -> Matches:
        events = []
        trigger_ids: set[str] = set()
        for event in self._topics.events(topic, b""):
            kind = KIND_OF[type(event)]
            ids = [
                plan.trigger_id
                for plan in self._line.plans
                if plan.kind == kind.name
                and next(kind.mismatches(plan.source, event), None) is None
            ]
            if ids:
                events.append(event)
                trigger_ids.update(ids)
        return tuple(events), frozenset(trigger_ids)


def registry_of(source: object) -> str:
    """Returns the registry of a rule's source or of a message; empty if it is of a broker."""
    return source.registry_id if isinstance(source, IotMessage | IotMessageSource) else ""


class Client(aiomqtt.Client):
    """Adds acknowledgement by hand, and threads of its own, to aiomqtt's client."""

    def __init__(self, *args: Any, threads: Threads, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._threads = threads
        # aiomqtt has no option for it.
        self._client.manual_ack_set(True)

    async def __aenter__(self) -> Self:
        # aiomqtt connects in the event loop's threads, which everything shares.
        try:
            await self._threads.run(super()._client_connect)
        except OSError as error:
            raise aiomqtt.MqttError(str(error)) from error
        return await super().__aenter__()

    def _client_connect(self) -> None:
        """Does nothing: the client is connected when aiomqtt calls this."""

    async def next_messages(self, most: int) -> list[aiomqtt.Message]:
        """Waits for a message; returns it with others that came, up to `most` of them.

        Raises:
            MqttError: the connection was lost.
        """
        messages = [await anext(self.messages)]
        while len(messages) < most and not self._queue.empty():
            messages.append(self._queue.get_nowait())
        return messages

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Acknowledges a message; if the connection is lost, the broker sends it again."""
        if message.qos:
            self._client.ack(message.mid, message.qos)

    async def subscribe_to(self, filters: Sequence[str], *, version5: bool) -> list[str]:
        """Subscribes with QoS 1, and returns the filters that the broker refused."""
        if version5:
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            codes = await self.subscribe([(topic_filter, options) for topic_filter in filters])
        else:
            codes = await self.subscribe([(topic_filter, 1) for topic_filter in filters])
        return [
            topic_filter
            for topic_filter, code in zip(filters, codes, strict=True)
            if isinstance(code, ReasonCode) and code.is_failure
        ]


def client_of(broker: BrokerSettings, client_id: str, threads: Threads) -> Client:
    """Returns a client whose session outlives its connection."""
    properties = None
    if broker.version5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = broker.session_expiry
        properties.ReceiveMaximum = MOST_UNACKNOWLEDGED
    password = broker.password
    return Client(
        *broker.address,
        threads=threads,
        identifier=client_id,
        username=broker.username,
        password=None if password is None else password.get_secret_value(),
        protocol=aiomqtt.ProtocolVersion.V5 if broker.version5 else aiomqtt.ProtocolVersion.V311,
        clean_session=None if broker.version5 else False,
        clean_start=False if broker.version5 else MQTT_CLEAN_START_FIRST_ONLY,
        properties=properties,
        keepalive=KEEPALIVE_SECONDS,
        timeout=ANSWERED_IN_SECONDS,
        max_queued_incoming_messages=MOST_WAITING,
        tls_context=ssl.create_default_context(cafile=broker.ca_file) if broker.tls else None,
    )


def content_of(message: aiomqtt.Message) -> bytes:
    assert isinstance(message.payload, bytes | bytearray)
    return bytes(message.payload)


def chunks(filters: list[str]) -> Iterator[list[str]]:
    """Splits filters into the groups that one packet can hold."""
    for start in range(0, len(filters), FILTERS_AT_ONCE):
        yield filters[start : start + FILTERS_AT_ONCE]
