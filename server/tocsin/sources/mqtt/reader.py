"""Reads MQTT brokers, for the messages of devices, registries and brokers.

Messages are subscribed to with QoS 1 and acknowledged once they are durable, in sessions that the
broker keeps: what was not acknowledged it sends again, to whichever node has the session then. A
session is had by one node at a time; several share the messages by a shared subscription.
"""

import asyncio
import json
import ssl
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import aiomqtt
import structlog
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds import iot
from tocsin.sources.kinds.definition import Kind
from tocsin.sources.kinds.iot import IotBrokerMessage, IotMessage
from tocsin.sources.mqtt.registries import MqttPlace
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.sources.mqtt.topics import disjoint
from tocsin.sources.part_leases import RENEWED_EACH_SECONDS, PartLeases
from tocsin.sources.reader import Line, SourceFailed
from tocsin.sources.together import together
from tocsin.store.driver.database import StoreUnavailable

log = structlog.get_logger(__name__)

MESSAGES_AT_ONCE = 256
# MQTT 5: how many messages the broker may send before one is acknowledged.
MOST_UNACKNOWLEDGED = 1000
# More than the protocol lets be under way with QoS 1: only messages with QoS 0 can be too many.
MOST_WAITING = 70_000
FILTERS_AT_ONCE = 100
KEEPALIVE_SECONDS = 30
TOPICS_KNOWN = 4096
ANSWERED_IN_SECONDS = 5.0
KIND_OF: Mapping[type, Kind[Any, Any]] = {each.event: each for each in (iot.KIND, iot.BROKER_KIND)}

# What a message on some topic is, but for its payload, and the triggers that it fires.
Matches: TypeAlias = tuple[tuple[IotMessage | IotBrokerMessage, ...], frozenset[str]]


class MqttReader:
    """A `sources.pulled.Reader` of brokers, by their names in the settings."""

    kinds = (iot.KIND.name, iot.BROKER_KIND.name)

    def __init__(
        self,
        brokers: Mapping[str, BrokerSettings],
        leases: PartLeases,
        clock: Clock,
        *,
        pace: Clock,
    ) -> None:
        self._brokers = dict(brokers)
        self._places = {name: MqttPlace.of(each) for name, each in brokers.items()}
        self._leases = leases
        self._clock = clock
        self._pace = pace

    def place(self, plan: Plan) -> Hashable:
        name = self._name(plan)
        if not self._places[name].filters(plan.source):
            raise SourceFailed(
                "mqtt_topic matches no topic of the registry: see its `devices` and `own` in "
                f"[sources.mqtt.{name}.registries]"
            )
        return name

    async def read(self, line: Line) -> None:
        name = self._name(line.plans[0])
        broker = self._brokers[name]
        sessions = [
            Session(
                name,
                broker,
                self._places[name],
                number,
                line,
                self._leases,
                self._clock,
                self._pace,
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
        """Nothing is held between two reads."""

    def _name(self, plan: Plan) -> str:
        for name, place in self._places.items():
            if place.has(plan.source):
                return name
        setting = "brokers" if plan.kind == iot.BROKER_KIND.name else "registries"
        raise SourceFailed(f"no MQTT broker has it: name its id in `{setting}` of [sources.mqtt.*]")


class Session:
    """One session at a broker, while this node has it."""

    def __init__(
        self,
        name: str,
        broker: BrokerSettings,
        place: MqttPlace,
        number: int,
        line: Line,
        leases: PartLeases,
        clock: Clock,
        pace: Clock,
    ) -> None:
        self.changed = asyncio.Event()
        self._broker = broker
        self._place = place
        self._line = line
        self._leases = leases
        self._clock = clock
        self._pace = pace
        self._lease = (f"mqtt:{name}", str(number))
        self._client_id = f"{broker.client_id}-{number}"
        # A broker that knows no shared subscriptions is asked for none.
        self._share = f"$share/{broker.client_id}/" if broker.sessions > 1 else ""
        self._subscribed: frozenset[str] = frozenset()
        self._known: dict[str, Matches] = {}

    async def run(self) -> None:
        """Reads whenever this node may.

        Raises:
            SourceFailed: the broker or the store can't be reached, or refuses.
        """
        host, port = self._broker.address
        while True:
            try:
                position = await self._leases.hold(*self._lease)
                if position is not None:
                    self._subscribed = frozenset(json.loads(position or "[]"))
                    await self._read()
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                # A session that another node takes over ends here.
                if await self._is_mine():
                    raise SourceFailed(f"{host}:{port}: {error}") from error
            except StoreUnavailable as error:
                raise SourceFailed(f"the store can't be reached: {error}") from error
            await self._pace.sleep(RENEWED_EACH_SECONDS)

    async def _is_mine(self) -> bool:
        try:
            return await self._leases.hold(*self._lease) is not None
        except StoreUnavailable:
            return True

    async def _read(self) -> None:
        """Reads until another node has the session."""
        async with client_of(self._broker, self._client_id) as client:
            try:
                await self._subscribe(client)
                self._line.connected()
                await together(self._keep(), self._follow(client), self._take(client))
            finally:
                if self._line.ended:
                    # Nobody needs what the broker would keep for the session.
                    await self._unsubscribe_all(client)
                else:
                    await self._leases.release(*self._lease)

    async def _keep(self) -> None:
        """Returns once another node has the session."""
        if self._leases.lasting:
            await asyncio.Event().wait()
        while await self._leases.hold(*self._lease) is not None:
            await self._pace.sleep(RENEWED_EACH_SECONDS)

    async def _follow(self, client: "Client") -> None:
        while True:
            await self.changed.wait()
            self.changed.clear()
            await self._subscribe(client)

    async def _subscribe(self, client: "Client") -> None:
        """Subscribes to what the triggers need now, and to nothing else."""
        self._known.clear()
        plans, place = self._line.plans, self._place
        filters = disjoint(each for plan in plans for each in place.filters(plan.source))
        wanted = frozenset(f"{self._share}{each}" for each in filters)
        # First what is new: a message may come twice meanwhile, and is not lost.
        await self._leases.move(*self._lease, json.dumps(sorted(wanted | self._subscribed)))
        for some in chunks(sorted(wanted)):
            refused = await client.subscribe_to(some, version5=self._broker.version5)
            if refused:
                raise SourceFailed(f"the broker refuses to subscribe to {refused[0]}")
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
            at = nanos_of(self._clock.now())
            incoming: list[Incoming] = []
            fired: set[str] = set()
            for message in messages:
                # What a broker retained and sends to who subscribes happened before.
                if not message.retain:
                    events, trigger_ids = self._matches(str(message.topic))
                    fired |= trigger_ids
                    payload = content_of(message)
                    incoming += [Incoming(replace(each, payload=payload), at) for each in events]
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
        for event in self._place.events(topic, b""):
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


class Client(aiomqtt.Client):
    """A client that acknowledges what it is told to, when it is told to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # aiomqtt has no word of its own for it.
        self._client.manual_ack_set(True)

    async def next_messages(self, most: int) -> list[aiomqtt.Message]:
        """Waits for a message; returns it, and those that came with it.

        Raises:
            MqttError: the connection was lost.
        """
        found = [await anext(self.messages)]
        while len(found) < most and not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Where the connection is lost meanwhile, the broker sends the message again."""
        if message.qos:
            self._client.ack(message.mid, message.qos)

    async def subscribe_to(self, filters: Sequence[str], *, version5: bool) -> list[str]:
        """Subscribes with QoS 1; returns the filters that the broker refuses."""
        if version5:
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            codes = await self.subscribe([(each, options) for each in filters])
        else:
            codes = await self.subscribe([(each, 1) for each in filters])
        return [
            each
            for each, code in zip(filters, codes, strict=True)
            if isinstance(code, ReasonCode) and code.is_failure
        ]


def client_of(broker: BrokerSettings, client_id: str) -> Client:
    """Makes a client whose session outlives its connection."""
    properties = None
    if broker.version5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = broker.session_expiry
        properties.ReceiveMaximum = MOST_UNACKNOWLEDGED
    password = broker.password
    return Client(
        *broker.address,
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
    """What one packet subscribes to."""
    for start in range(0, len(filters), FILTERS_AT_ONCE):
        yield filters[start : start + FILTERS_AT_ONCE]
