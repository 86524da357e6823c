"""Adapts aiomqtt's client to a reader of sources.

Messages are acknowledged by hand. Connecting blocks threads of the client alone. A message whose
topic can't be read is handed over like any other, and an error while reading a packet ends the
connection.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from tocsin.outgoing.threads import Threads
from tocsin.sources.mqtt.settings import BrokerSettings

# MQTT 5: messages that the broker may send before one is acknowledged.
MOST_UNACKNOWLEDGED = 1000
# The protocol allows fewer messages under way with QoS 1, so only those with QoS 0 can overflow.
MOST_WAITING = 70_000
KEEPALIVE_SECONDS = 30
ANSWERED_IN_SECONDS = 5.0
LONGEST_TOPIC_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Holds a message whose topic is not one.

    `topic` is the nearest text to it, by which its triggers are found; `why` says what is wrong.
    """

    topic: str
    why: str
    mid: int
    qos: int
    retain: bool


Received: TypeAlias = aiomqtt.Message | Unreadable


class Client(aiomqtt.Client):
    """Receives messages and acknowledges them; `failure` is the error that ended the connection."""

    def __init__(self, *args: Any, threads: Threads, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._threads = threads
        self.failure: BaseException | None = None
        self._overflowed = 0
        # aiomqtt has no option for it.
        self._client.manual_ack_set(True)

    async def __aenter__(self) -> Self:
        self._disconnected.add_done_callback(self._cut)
        try:
            # aiomqtt connects in the event loop's threads, which everything shares.
            await self._threads.run(super()._client_connect)
            entered = await super().__aenter__()
        except OSError as error:
            raise aiomqtt.MqttError(str(error)) from error
        except BaseException:
            self._close_socket()
            raise
        if self.failure is not None:
            raise aiomqtt.MqttError("the connection ended at once") from self.failure
        return entered

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(error_type, error, traceback)
        finally:
            self._close_socket()

    def _client_connect(self) -> None:
        """Does nothing: the client is connected when aiomqtt calls this."""

    def _cut(self, disconnected: "asyncio.Future[None]") -> None:
        if not disconnected.cancelled():
            self.failure = disconnected.exception()
        self._close_socket()

    def _close_socket(self) -> None:
        """Closes the connection at once.

        aiomqtt leaves the socket open after an error, and the packet that caused it would be read
        again and again. Neither library has a public way.
        """
        self._client._sock_close()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        """Queues a message; an error here would end the connection, each time it is sent."""
        received: Any
        try:
            received = aiomqtt.Message._from_paho_message(message)
        except ValueError:
            received = unreadable(message)
        try:
            self._queue.put_nowait(received)
        except asyncio.QueueFull:
            self._overflowed += 1

    def overflowed(self) -> int:
        """Returns how many messages found no room since the last call."""
        count, self._overflowed = self._overflowed, 0
        return count

    async def next_messages(self, most: int) -> list[Received]:
        """Waits for a message; returns it with others that came, up to `most` of them.

        Raises:
            MqttError: the connection was lost.
        """
        messages: list[Received] = [await anext(self.messages)]
        while len(messages) < most and not self._queue.empty():
            messages.append(self._queue.get_nowait())
        return messages

    def acknowledge(self, message: Received) -> None:
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
        if len(codes) != len(filters):
            raise aiomqtt.MqttError(
                f"the broker answered {len(codes)} of {len(filters)} subscriptions"
            )
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


def unreadable(message: paho.MQTTMessage) -> Unreadable:
    """Describes a message whose topic is not UTF-8, or not a topic."""
    raw = bytes(message._topic)
    shown = repr(raw[:LONGEST_TOPIC_SHOWN])[1:]
    try:
        raw.decode()
        why = f"topic {shown} is empty or holds a wildcard, which a topic must not"
    except UnicodeDecodeError:
        why = f"topic {shown} is not UTF-8, which MQTT requires"
    return Unreadable(
        raw.decode(errors="replace"), why, message.mid, message.qos, bool(message.retain)
    )
