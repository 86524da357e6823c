"""Serves `opentelemetry.proto.collector.logs.v1.LogsService`, whose records fire triggers.

Attributes name the log group and the resource of a record; see docs/sources.md.
"""

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as contract
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2

from tocsin.api.tocsin.events.taking import take
from tocsin.schedule import Clock
from tocsin.sources.folders import NOBODY, Folders
from tocsin.sources.incoming import Incoming, TakesEvents
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.log_records import incoming_of_record
from tocsin.sources.kinds.logging import LogLevel, LogRecord
from tocsin.wire.calls import Call
from tocsin.wire.serving import SelfChecked

SERVICE = contract.DESCRIPTOR.services_by_name["LogsService"]

GROUP = "tocsin.log_group_id"
STREAM = "tocsin.stream_name"
RESOURCE_TYPE = "tocsin.resource_type"
RESOURCE_ID = "tocsin.resource_id"
SERVICE_NAME = "service.name"
OURS = {GROUP, STREAM, RESOURCE_TYPE, RESOURCE_ID}
GROUP_HEADER = "tocsin-log-group-id"

SERVICE_TYPE = "service"
"""The type of a resource that has no type."""

# Each level has four severity numbers, beginning with 1.
# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
LEVELS = (
    LogLevel.TRACE,
    LogLevel.DEBUG,
    LogLevel.INFO,
    LogLevel.WARN,
    LogLevel.ERROR,
    LogLevel.FATAL,
)
LEVELS_BY_TEXT = {level.value: level for level in LEVELS} | {
    "WARNING": LogLevel.WARN,
    "CRITICAL": LogLevel.FATAL,
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """Holds what records share: their resource's attributes, the call's group, and the instant."""

    attributes: Mapping[str, Any]
    log_group_id: str
    now: int


class OtlpLogsService:
    """Accepts log records; `default_group` is the log group of records that name none.

    `folders_of` returns the folders that get the records of a group.
    """

    def __init__(
        self,
        clock: Clock,
        intake: TakesEvents,
        default_group: str | None,
        folders_of: Callable[[str], Folders],
    ) -> None:
        self._clock = clock
        self._intake = intake
        self._default_group = default_group or ""
        self._folders_of = folders_of

    def methods(self) -> dict[str, SelfChecked]:
        return {"Export": SelfChecked(self.export, lambda _: ())}

    async def export(
        self, request: contract.ExportLogsServiceRequest, call: Call
    ) -> contract.ExportLogsServiceResponse:
        """Accepts records of known log groups, and counts the others as rejected."""
        now = nanos_of(self._clock.now())
        group = call.metadata_value(GROUP_HEADER) or self._default_group
        incoming: list[Incoming] = []
        rejected = 0
        for resource_logs in request.resource_logs:
            written = Written(_object(resource_logs.resource.attributes), group, now)
            for scope_logs in resource_logs.scope_logs:
                for record in scope_logs.log_records:
                    events = self._incoming(record, written)
                    incoming += events
                    rejected += not events
        await take(self._intake, incoming)
        response = contract.ExportLogsServiceResponse()
        if rejected:
            response.partial_success.rejected_log_records = rejected
            response.partial_success.error_message = (
                f"the log group of these records is unknown: set the attribute {GROUP}, the header "
                f"{GROUP_HEADER}, or otlp_group in [sources.logs]; or the group belongs to no "
                "folder: set its folders in folders_of in [sources.logs]"
            )
        return response

    def _incoming(self, record: logs_pb2.LogRecord, written: Written) -> Sequence[Incoming]:
        """Returns the events of a record; none if its group is unknown."""
        attributes = _object(record.attributes)
        said = {**written.attributes, **attributes}
        group = _name(said, GROUP) or written.log_group_id
        folders = self._folders_of(group)
        if not group or folders == NOBODY:
            return ()
        happened_ns = record.time_unix_nano or record.observed_time_unix_nano or written.now
        return incoming_of_record(
            _event(record, group, attributes, said), happened_ns, folders=folders
        )


def _event(record: logs_pb2.LogRecord, group: str, attributes: Json, said: Json) -> LogRecord:
    """Returns the event of a record; `said` are its attributes and those of its resource."""
    payload = {name: value for name, value in attributes.items() if name not in OURS}
    body = _value(record.body)
    if isinstance(body, dict):
        payload |= body
    for name in ("trace_id", "span_id"):
        if given := getattr(record, name):
            payload[name] = given.hex()
    return LogRecord(
        group,
        _name(said, RESOURCE_TYPE) or SERVICE_TYPE,
        _name(said, RESOURCE_ID) or _name(said, SERVICE_NAME),
        _name(said, STREAM),
        _level(record),
        _message(body),
        payload,
    )


def _message(body: Any) -> str:
    """Returns the body as text; an object's fields go to the payload, other values become JSON."""
    if isinstance(body, str):
        return body
    return "" if body is None or isinstance(body, dict) else json.dumps(body, ensure_ascii=False)


def _name(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    return value if isinstance(value, str) else ""


def _level(record: logs_pb2.LogRecord) -> LogLevel:
    number = record.severity_number
    if 1 <= number <= 4 * len(LEVELS):
        return LEVELS[(number - 1) // 4]
    return LEVELS_BY_TEXT.get(record.severity_text.upper(), LogLevel.UNSPECIFIED)


def _object(attributes: Sequence[common_pb2.KeyValue]) -> Json:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: common_pb2.AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            number = value.double_value
            # JSON has no NaN and no infinities; proto3 JSON writes them as strings.
            return number if math.isfinite(number) else _not_finite(number)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _object(value.kvlist_value.values)
    return None


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
