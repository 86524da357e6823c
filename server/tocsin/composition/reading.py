"""Builds the readers of pulled sources."""

from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.outgoing.reach import Reach
from tocsin.schedule import Clock
from tocsin.sources.amazon.notification_queue import NotificationReader
from tocsin.sources.amazon.queue_reader import QueueReader
from tocsin.sources.amazon.stream_reader import StreamReader
from tocsin.sources.mqtt.reader import MqttReader
from tocsin.sources.part_leases import PartLeases
from tocsin.sources.reader import Reader
from tocsin.sources.settings import SourceSettings
from tocsin.store.driver.database import Database


def readers(
    sources: SourceSettings, reach: Reach, clock: Clock, database: Database, node: str
) -> list[Reader]:
    """Builds the readers, one for each protocol."""
    leases = PartLeases(database, clock, node=node)
    built: list[Reader] = [
        QueueReader(sources.message_queue, reach, database, clock, machine_clock=MACHINE_CLOCK),
        StreamReader(sources.data_stream, reach, database, leases, machine_clock=MACHINE_CLOCK),
        MqttReader(sources.mqtt, leases, clock, machine_clock=MACHINE_CLOCK),
    ]
    notifications = sources.object_storage
    if (queue := notifications.queue) is not None:
        built.append(NotificationReader(queue, notifications, reach, clock))
    return built
