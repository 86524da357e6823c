"""logging: a record of a log group. All records of a batch are one message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.sources.instants import go_time
from tocsin.sources.kinds.definition import (
    Kind,
    Metadata,
    Mismatches,
    any_of,
    dumps,
    equal,
    records_frame,
)


class LogLevel(StrEnum):
    """Names the level of a log record, as the contract does."""

    UNSPECIFIED = "LEVEL_UNSPECIFIED"
    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"


@dataclass(frozen=True, slots=True)
class LoggingSource:
    """Matches log records of a group that pass every filter that is not empty."""

    log_group_id: str = ""
    resource_types: frozenset[str] = frozenset()
    resource_ids: frozenset[str] = frozenset()
    stream_names: frozenset[str] = frozenset()
    levels: frozenset[LogLevel] = frozenset()


EVENT_TYPE = "yandex.cloud.events.serverless.triggers.LoggingMessageBatch"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """Holds one record, whose instant is the event's."""

    log_group_id: str
    resource_type: str = ""
    resource_id: str = ""
    stream_name: str = ""
    level: LogLevel = LogLevel.UNSPECIFIED
    message: str = ""
    json_payload: Mapping[str, Any] = field(default_factory=dict)


def mismatches(source: LoggingSource, event: LogRecord) -> Mismatches:
    """Compares every filter that is not empty; any of a filter's values is enough."""
    yield from equal("log_group_id", source.log_group_id, event.log_group_id)
    yield from any_of("resource_type", sorted(source.resource_types), event.resource_type)
    yield from any_of("resource_id", sorted(source.resource_ids), event.resource_id)
    yield from any_of("stream_name", sorted(source.stream_names), event.stream_name)
    yield from any_of("levels", sorted(source.levels), event.level)


def element(event: LogRecord, metadata: Metadata) -> str:
    return dumps(
        {
            "resource": {"type": event.resource_type, "id": event.resource_id},
            "timestamp": go_time(metadata.at),
            "level": event.level.value,
            "message": event.message,
            "json_payload": dict(event.json_payload),
        }
    )


KIND = Kind(
    name="logging",
    source=LoggingSource,
    event=LogRecord,
    # A rule without a group matches all of them.
    keys_of_source=lambda source: (source.log_group_id,),
    keys_of_event=lambda event: (event.log_group_id, ""),
    mismatches=mismatches,
    element=element,
    payload=records_frame(EVENT_TYPE),
)
