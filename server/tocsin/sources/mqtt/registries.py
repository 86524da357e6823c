"""Which messages of an MQTT broker are of which device, registry and broker of the rules."""

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
    """`devices` is where the topics of a device begin, with a level for its id; `own` where those
    of the registry itself do."""

    devices: str
    own: str

    def filters(self, device_id: str) -> tuple[str, ...]:
        """Returns the filters of all its topics, or of a device's; the empty id is any."""
        devices = f"{self.devices.replace(DEVICE, device_id or '+')}/#"
        return (devices,) if device_id else (devices, f"{self.own}/#")

    def device_of(self, topic: str) -> str | None:
        """Returns whose topic it is: a device, the registry itself (`""`), or nobody here."""
        levels, wanted = topic.split("/"), self.devices.split("/")
        if len(levels) >= len(wanted) and all(
            each in (level, DEVICE) for each, level in zip(wanted, levels, strict=False)
        ):
            return levels[wanted.index(DEVICE)]
        return "" if topic == self.own or topic.startswith(f"{self.own}/") else None


@dataclass(frozen=True, slots=True)
class MqttPlace:
    """What the messages of one broker are of."""

    brokers: frozenset[str]
    registries: Mapping[str, RegistryTopics]

    @classmethod
    def of(cls, broker: BrokerSettings) -> Self:
        registries = {
            registry_id: RegistryTopics(each.devices, each.own or f"$registries/{registry_id}")
            for registry_id, each in broker.registries.items()
        }
        return cls(frozenset(broker.brokers), registries)

    def has(self, source: Source) -> bool:
        """Tells whether this broker is where a rule's messages come."""
        match source:
            case IotBrokerMessageSource():
                return source.broker_id in self.brokers
            case IotMessageSource():
                return source.registry_id in self.registries
        return False

    def filters(self, source: Source) -> Sequence[str]:
        """Returns the topic filters whose messages a rule needs; none: it can't match any."""
        match source:
            case IotBrokerMessageSource():
                return (source.mqtt_topic or "#",)
            case IotMessageSource():
                whole = self.registries[source.registry_id].filters(source.device_id)
                if not source.mqtt_topic:
                    return whole
                if any(overlap(source.mqtt_topic, each) for each in whole):
                    return (source.mqtt_topic,)
        return ()

    def events(self, topic: str, payload: bytes) -> Iterator[IotMessage | IotBrokerMessage]:
        """Gives what a message is to each registry and broker that it is of."""
        for broker_id in self.brokers:
            yield IotBrokerMessage(broker_id, topic, payload)
        for registry_id, topics in self.registries.items():
            device_id = topics.device_of(topic)
            if device_id is not None:
                yield IotMessage(registry_id, device_id, topic, payload)
