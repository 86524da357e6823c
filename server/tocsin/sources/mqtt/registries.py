"""Maps topics of an MQTT broker to the devices, registries and brokers of rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tocsin.plans.plan import Source
from tocsin.sources.kinds.iot import (
    IotBrokerMessage,
    IotBrokerMessageSource,
    IotMessage,
    IotMessageSource,
)
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.sources.mqtt.topics import overlap

DEVICE = "{device_id}"


@dataclass(frozen=True, slots=True)
class RegistryTopics:
    """Holds the prefixes of a registry's topics.

    The topics of a device begin with `devices`, which has a level for the device's id; those of the
    registry itself begin with `own`.
    """

    devices: str
    own: str

    def filters(self, device_id: str) -> tuple[str, ...]:
        """Returns the filters of a device's topics; of all topics if the id is empty."""
        devices = f"{self.devices.replace(DEVICE, device_id or '+')}/#"
        return (devices,) if device_id else (devices, f"{self.own}/#")

    def device_of(self, topic: str) -> str | None:
        """Returns the device of a topic, `""` for the registry's own, None for a foreign one."""
        levels, wanted = topic.split("/"), self.devices.split("/")
        if len(levels) >= len(wanted) and all(
            expected in (level, DEVICE) for expected, level in zip(wanted, levels, strict=False)
        ):
            return levels[wanted.index(DEVICE)]
        return "" if topic == self.own or topic.startswith(f"{self.own}/") else None


@dataclass(frozen=True, slots=True)
class BrokerTopics:
    """Holds the brokers and registries of rules whose messages one MQTT broker has."""

    brokers: frozenset[str]
    registries: Mapping[str, RegistryTopics]

    @classmethod
    def of(cls, broker: BrokerSettings) -> Self:
        registries = {
            registry_id: RegistryTopics(topics.devices, topics.own or f"$registries/{registry_id}")
            for registry_id, topics in broker.registries.items()
        }
        return cls(frozenset(broker.brokers), registries)

    def has(self, source: Source) -> bool:
        """Returns whether the messages of a rule come from this broker."""
        match source:
            case IotBrokerMessageSource():
                return source.broker_id in self.brokers
            case IotMessageSource():
                return source.registry_id in self.registries
        return False

    def filters(self, source: Source) -> Sequence[str]:
        """Returns the topic filters that a rule needs; empty if it can't match any message."""
        match source:
            case IotBrokerMessageSource():
                return (source.mqtt_topic or "#",)
            case IotMessageSource():
                whole = self.registries[source.registry_id].filters(source.device_id)
                if not source.mqtt_topic:
                    return whole
                if any(overlap(source.mqtt_topic, topic_filter) for topic_filter in whole):
                    return (source.mqtt_topic,)
        return ()

    def events(self, topic: str, payload: bytes) -> Iterator[IotMessage | IotBrokerMessage]:
        """Yields the event of a message for each registry and broker that it belongs to."""
        for broker_id in self.brokers:
            yield IotBrokerMessage(broker_id, topic, payload)
        for registry_id, topics in self.registries.items():
            device_id = topics.device_of(topic)
            if device_id is not None:
                yield IotMessage(registry_id, device_id, topic, payload)


def registry_of(source: object) -> str:
    """Returns the registry of a rule's source or of a message; empty if it is of a broker."""
    return source.registry_id if isinstance(source, IotMessage | IotMessageSource) else ""
