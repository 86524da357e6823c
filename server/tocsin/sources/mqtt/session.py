"""Reads a session of an MQTT broker: subscribes, takes messages, and acknowledges them.

The reader imports this when it begins to read: the library of MQTT is slow to import.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import aiomqtt
import structlog

from tocsin.outgoing.threads import Threads
from tocsin.schedule import Clock
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds import iot
from tocsin.sources.kinds.definition import Kind
from tocsin.sources.kinds.iot import IotBrokerMessage, IotMessage
from tocsin.sources.mqtt.client import Client, Unreadable, client_of
from tocsin.sources.mqtt.registries import BrokerTopics, registry_of
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.sources.mqtt.topics import disjoint
from tocsin.sources.part_leases import RENEWED_EACH_SECONDS, PartLeases
from tocsin.sources.reader import Line, SourceFailed
from tocsin.sources.together import together
from tocsin.store.driver.database import StoreUnavailable

log = structlog.get_logger(__name__)

MESSAGES_AT_ONCE = 256
FILTERS_AT_ONCE = 100
TOPICS_KNOWN = 4096
KIND_OF: Mapping[type, Kind[Any, Any]] = {each.event: each for each in (iot.KIND, iot.BROKER_KIND)}

# The events of a message on a topic, without its payload, and the triggers that it fires.
Matches: TypeAlias = tuple[tuple[IotMessage | IotBrokerMessage, ...], frozenset[str]]


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
            except aiomqtt.MqttError as error:
                if client.failure is None:
                    raise
                raise aiomqtt.MqttError(f"{error}: {client.failure}") from error
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

    async def _follow(self, client: Client) -> None:
        while True:
            await self.changed.wait()
            self.changed.clear()
            await self._subscribe(client)

    async def _subscribe(self, client: Client) -> None:
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

    async def _unsubscribe_all(self, client: Client) -> None:
        for some in chunks(sorted(self._subscribed)):
            await client.unsubscribe(some)
        await self._leases.move(*self._lease, "")
        await self._leases.release(*self._lease)

    async def _take(self, client: Client) -> None:
        while True:
            messages = await client.next_messages(MESSAGES_AT_ONCE)
            received_ns = nanos_of(self._clock.now())
            incoming: list[Incoming] = []
            fired: set[str] = set()
            unreadable: list[Unreadable] = []
            for message in messages:
                # A retained message is older than the subscription.
                if message.retain:
                    continue
                if isinstance(message, Unreadable):
                    unreadable.append(message)
                    continue
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
            self._refuse(unreadable)
            self._tell_overflow(client)
            for message in messages:
                client.acknowledge(message)

    def _refuse(self, unreadable: list[Unreadable]) -> None:
        """Counts messages that can't be read, at each trigger that they seem to be for."""
        refused: Counter[str] = Counter()
        why: dict[str, str] = {}
        for message in unreadable:
            _, trigger_ids = self._find_matches(message.topic)
            for trigger_id in trigger_ids or {plan.trigger_id for plan in self._line.plans}:
                refused[trigger_id] += 1
                why[trigger_id] = message.why
        for trigger_id, messages in refused.items():
            self._line.refused(trigger_id, messages, why[trigger_id])

    def _tell_overflow(self, client: Client) -> None:
        if lost := client.overflowed():
            self._line.troubled(
                f"lost {lost} messages with QoS 0, which came faster than they could be stored"
            )

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


def content_of(message: aiomqtt.Message) -> bytes:
    assert isinstance(message.payload, bytes | bytearray)
    return bytes(message.payload)


def chunks(filters: list[str]) -> Iterator[list[str]]:
    """Splits filters into the groups that one packet can hold."""
    for start in range(0, len(filters), FILTERS_AT_ONCE):
        yield filters[start : start + FILTERS_AT_ONCE]
