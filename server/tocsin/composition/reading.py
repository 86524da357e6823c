"""Builds what reads the sources that are asked for their events."""

from tocsin.composition.clocks import MACHINE
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
    """Builds the readers: a line for each protocol."""
    leases = PartLeases(database, clock, node=node)
    found: list[Reader] = [
        QueueReader(sources.message_queue, reach, database, clock, pace=MACHINE),
        StreamReader(sources.data_stream, reach, database, leases, pace=MACHINE),
        MqttReader(sources.mqtt, leases, clock, pace=MACHINE),
    ]
    notifications = sources.object_storage
    if (queue := notifications.queue) is not None:
        found.append(NotificationReader(queue, notifications, reach, clock))
    return found
