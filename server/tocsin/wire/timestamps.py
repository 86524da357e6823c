"""Converts instants and durations from and to messages, with microseconds."""

from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.store.driver.instants import from_micros, to_micros

MICROS = 1_000_000


def to_timestamp(instant: datetime) -> Timestamp:
    seconds, micros = divmod(to_micros(instant), MICROS)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def from_timestamp(timestamp: Timestamp) -> datetime:
    return from_micros(timestamp.seconds * MICROS + timestamp.nanos // 1000)


def from_duration(duration: Duration) -> timedelta:
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)


def to_duration(duration: timedelta) -> Duration:
    """Converts a duration; seconds and nanos of a negative one are both negative, or it has no
    JSON."""
    seconds, micros = divmod(abs(duration) // timedelta(microseconds=1), MICROS)
    sign = -1 if duration < timedelta() else 1
    return Duration(seconds=sign * seconds, nanos=sign * micros * 1000)


def instant_in(message: Message, field: str) -> datetime | None:
    """Returns the instant of a message's field, or None if it is not set."""
    return from_timestamp(getattr(message, field)) if message.HasField(field) else None
