"""Turns a log record into events of both kinds that may listen to its group."""

import json
from collections.abc import Mapping
from typing import Any

from tocsin.sources.folders import Folders
from tocsin.sources.incoming import Incoming
from tocsin.sources.kinds.cloud_logs import CloudLogsRecord
from tocsin.sources.kinds.logging import LogRecord


def incoming_of_record(
    record: LogRecord, at: int, key: str = "", folders: Folders = None
) -> tuple[Incoming, Incoming]:
    """Returns the record as an event of logging and as one of cloud_logs.

    The latter has no payload: without a message, the payload is its message.
    """
    message = record.message or _as_text(record.json_payload)
    retired = CloudLogsRecord(record.log_group_id, record.stream_name, message)
    return (
        Incoming(record, at, key=key, folders=folders),
        Incoming(retired, at, key=key, folders=folders),
    )


def _as_text(payload: Mapping[str, Any]) -> str:
    return json.dumps(dict(payload), ensure_ascii=False) if payload else ""
