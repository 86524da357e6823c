"""Reads the messages of devices, registries and brokers from MQTT brokers.

A session subscribes with QoS 1 and acknowledges a message once it is durable. The broker keeps the
session, and sends messages that were not acknowledged to the node that takes it over. One node at a
time holds a session; several sessions share the messages by a shared subscription.
"""

from collections.abc import Hashable, Mapping

from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.folders import admits
from tocsin.sources.kinds import iot
from tocsin.sources.mqtt.registries import BrokerTopics, registry_of
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.sources.part_leases import PartLeases
from tocsin.sources.reader import Line, SourceFailed
from tocsin.sources.together import together


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
        from tocsin.sources.mqtt.session import Session

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
