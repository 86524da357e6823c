"""cloud_logs: a log record, in the retired form. All records of a batch are one message."""

from dataclasses import dataclass

from tocsin.sources.instants import rfc3339
from tocsin.sources.kinds.definition import Kind, Metadata, Mismatches, any_of, dumps, records_frame


@dataclass(frozen=True, slots=True)
class CloudLogsSource:
    """Matches log records of groups, in the retired form. Without a group nothing matches."""

    log_group_ids: frozenset[str] = frozenset()


EVENT_TYPE = "yandex.cloud.events.serverless.triggers.CloudLogsMessageBatch"


@dataclass(frozen=True, slots=True)
class CloudLogsRecord:
    """Holds one record, whose instant is the event's."""

    log_group_id: str
    log_stream_name: str
    message: str


def mismatches(source: CloudLogsSource, event: CloudLogsRecord) -> Mismatches:
    """Compares the group; a rule that names no group matches nothing."""
    groups = sorted(source.log_group_ids) or [""]
    return any_of("log_group_id", groups, event.log_group_id)


def element(event: CloudLogsRecord, metadata: Metadata) -> str:
    return dumps(
        {
            "log_group_id": event.log_group_id,
            "log_stream_name": event.log_stream_name,
            "message": event.message,
            "timestamp": rfc3339(metadata.at),
        }
    )


KIND = Kind(
    name="cloud_logs",
    source=CloudLogsSource,
    event=CloudLogsRecord,
    keys_of_source=lambda source: tuple(sorted(source.log_group_ids)),
    keys_of_event=lambda event: (event.log_group_id,),
    mismatches=mismatches,
    element=element,
    payload=records_frame(EVENT_TYPE),
)
