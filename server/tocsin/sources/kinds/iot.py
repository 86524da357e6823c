"""iot_message and iot_broker_message: a message of a registry's device, or of an MQTT broker."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.sources.instants import rfc3339
from tocsin.sources.kinds.definition import Kind, Metadata, Mismatches, dumps, equal, messages_frame
from tocsin.sources.mqtt import topics as mqtt


@dataclass(frozen=True, slots=True)
class IotMessageSource:
    """Matches MQTT messages of a registry's devices; the topic filter may hold `+` and `#`."""

    registry_id: str
    device_id: str = ""
    mqtt_topic: str = ""


@dataclass(frozen=True, slots=True)
class IotBrokerMessageSource:
    """Matches MQTT messages of a broker; the topic filter may hold `+` and `#`."""

    broker_id: str
    mqtt_topic: str = ""


EVENT_TYPE = "yandex.cloud.events.iot.IoTMessage"


@dataclass(frozen=True, slots=True)
class IotMessage:
    """Holds a message of a device; `device_id` is empty for one of the registry itself."""

    registry_id: str
    device_id: str
    mqtt_topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class IotBrokerMessage:
    """Holds a message of a broker."""

    broker_id: str
    mqtt_topic: str
    payload: bytes


def mismatches(source: IotMessageSource, event: IotMessage) -> Mismatches:
    yield from equal("registry_id", source.registry_id, event.registry_id)
    yield from equal("device_id", source.device_id, event.device_id)
    yield from mqtt.mismatches(source.mqtt_topic, event.mqtt_topic)


def broker_mismatches(source: IotBrokerMessageSource, event: IotBrokerMessage) -> Mismatches:
    yield from equal("broker_id", source.broker_id, event.broker_id)
    yield from mqtt.mismatches(source.mqtt_topic, event.mqtt_topic)


def element(event: IotMessage, metadata: Metadata) -> str:
    sender = {"registry_id": event.registry_id, "device_id": event.device_id}
    return _element(sender, event.mqtt_topic, event.payload, metadata)


def broker_element(event: IotBrokerMessage, metadata: Metadata) -> str:
    sender = {"broker_id": event.broker_id}
    return _element(sender, event.mqtt_topic, event.payload, metadata)


def _element(sender: Mapping[str, str], topic: str, payload: bytes, metadata: Metadata) -> str:
    """Returns one message, with its payload always in base64."""
    return dumps(
        {
            "event_metadata": {
                "event_id": metadata.event_id,
                "event_type": EVENT_TYPE,
                "created_at": rfc3339(metadata.at),
            },
            "details": {
                **sender,
                "mqtt_topic": topic,
                "payload": base64.b64encode(payload).decode(),
            },
        }
    )


KIND = Kind(
    name="iot_message",
    source=IotMessageSource,
    event=IotMessage,
    keys_of_source=lambda source: (source.registry_id,),
    keys_of_event=lambda event: (event.registry_id,),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
    pulled=True,
)
BROKER_KIND = Kind(
    name="iot_broker_message",
    source=IotBrokerMessageSource,
    event=IotBrokerMessage,
    keys_of_source=lambda source: (source.broker_id,),
    keys_of_event=lambda event: (event.broker_id,),
    mismatches=broker_mismatches,
    element=broker_element,
    payload=messages_frame,
    pulled=True,
)
