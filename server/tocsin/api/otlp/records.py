"""Turns records of OpenTelemetry into events, so that all of its data model reaches the target.

Attributes name the log group and the resource of a record; see docs/sources.md. The model:
https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as contract
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2

from tocsin.sources.folders import NOBODY, Folders
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import rfc3339
from tocsin.sources.kinds.log_records import incoming_of_record
from tocsin.sources.kinds.logging import LogLevel, LogRecord

GROUP = "tocsin.log_group_id"
STREAM = "tocsin.stream_name"
RESOURCE_TYPE = "tocsin.resource_type"
RESOURCE_ID = "tocsin.resource_id"
SERVICE_NAME = "service.name"
OURS = {GROUP, STREAM, RESOURCE_TYPE, RESOURCE_ID}

Json: TypeAlias = dict[str, Any]

SERVICE_TYPE = "service"
"""The type of a resource that has no type."""

MODEL = "otel"
"""The field of a payload that has what the vendor's records have no field for."""
EVENT_NAME = "event.name"

# Each level has four severity numbers, beginning with 1.
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


@dataclass(frozen=True, slots=True)
class Written:
    """Holds what the records of one scope share: their resource's attributes, and the model's
    fields of the resource and the scope."""

    attributes: Json
    around: Json


@dataclass(frozen=True, slots=True)
class Destination:
    """Says where records go.

    Attributes:
        log_group_id: the group of records that name none; may be empty.
        fixed: whether all records go there, whatever they name.
        folders_of: returns the folders that get the records of a group.
    """

    log_group_id: str
    fixed: bool
    folders_of: Callable[[str], Folders]


@dataclass(frozen=True, slots=True)
class Read:
    """Holds the events of a request, and how many of its records have no group that is known."""

    incoming: Sequence[Incoming]
    rejected: int


def read_records(
    request: contract.ExportLogsServiceRequest, destination: Destination, now: int
) -> Read:
    """Returns the events of a request; `now` is the instant of records without a time, in
    nanoseconds since the Unix epoch."""
    incoming: list[Incoming] = []
    rejected = 0
    for written, record in _records(request):
        events = _incoming(record, written, destination, now)
        incoming += events
        rejected += not events
    return Read(incoming, rejected)


def _records(
    request: contract.ExportLogsServiceRequest,
) -> Iterator[tuple[Written, logs_pb2.LogRecord]]:
    for resource_logs in request.resource_logs:
        attributes = _object(resource_logs.resource.attributes)
        resource = _resource(resource_logs, attributes)
        for scope_logs in resource_logs.scope_logs:
            around = _present({"resource": resource, "scope": _scope(scope_logs)})
            written = Written(attributes, around)
            for record in scope_logs.log_records:
                yield written, record


def _incoming(
    record: logs_pb2.LogRecord, written: Written, destination: Destination, now: int
) -> Sequence[Incoming]:
    """Returns the events of a record; none if its group is unknown."""
    attributes = _object(record.attributes)
    said = {**written.attributes, **attributes}
    group = "" if destination.fixed else _name(said, GROUP)
    group = group or destination.log_group_id
    folders = destination.folders_of(group)
    if not group or folders == NOBODY:
        return ()
    body = _value(record.body)
    event = LogRecord(
        group,
        _name(said, RESOURCE_TYPE) or SERVICE_TYPE,
        _name(said, RESOURCE_ID) or _name(said, SERVICE_NAME),
        _name(said, STREAM),
        _level(record),
        _message(body),
        _payload(record, written, attributes, body),
    )
    happened_ns = record.time_unix_nano or record.observed_time_unix_nano or now
    return incoming_of_record(event, happened_ns, folders=folders)


def _payload(
    record: logs_pb2.LogRecord, written: Written, attributes: Json, body: Any
) -> Mapping[str, Any]:
    """Returns the record's attributes, the fields of its body, its trace, and the model's rest.

    Of fields with one name the later has the name, and the others are in the rest.
    """
    own = {name: value for name, value in attributes.items() if name not in OURS}
    fields = body if isinstance(body, dict) else {}
    trace = _present({"trace_id": record.trace_id.hex(), "span_id": record.span_id.hex()})
    payload = {**own, **fields, **trace}
    if record.event_name:
        payload.setdefault(EVENT_NAME, record.event_name)
    model = _model(record) | written.around
    if model or _lost(own, payload) or _lost(fields, payload):
        payload[MODEL] = model
        lost = {"attributes": _lost(own, payload), "body": _lost(fields, payload)}
        payload[MODEL] = model | _present(lost)
    return payload


def _lost(fields: Mapping[str, Any], payload: Mapping[str, Any]) -> Json:
    return {name: value for name, value in fields.items() if payload[name] != value}


def _model(record: logs_pb2.LogRecord) -> Json:
    observed_ns = record.observed_time_unix_nano
    return _present(
        {
            "event_name": record.event_name,
            "severity_number": record.severity_number,
            "severity_text": record.severity_text,
            "observed_timestamp": rfc3339(observed_ns) if observed_ns else "",
            "flags": record.flags,
            "dropped_attributes_count": record.dropped_attributes_count,
        }
    )


def _resource(resource_logs: logs_pb2.ResourceLogs, attributes: Json) -> Json:
    resource = resource_logs.resource
    return _present(
        {
            "attributes": {name: v for name, v in attributes.items() if name not in OURS},
            "dropped_attributes_count": resource.dropped_attributes_count,
            "entity_refs": [
                MessageToDict(entity, preserving_proto_field_name=True)
                for entity in resource.entity_refs
            ],
            "schema_url": resource_logs.schema_url,
        }
    )


def _scope(scope_logs: logs_pb2.ScopeLogs) -> Json:
    scope = scope_logs.scope
    return _present(
        {
            "name": scope.name,
            "version": scope.version,
            "attributes": _object(scope.attributes),
            "dropped_attributes_count": scope.dropped_attributes_count,
            "schema_url": scope_logs.schema_url,
        }
    )


def _present(fields: Json) -> Json:
    """Returns the fields that have a value; proto3 has none for an absent one."""
    return {name: value for name, value in fields.items() if value}


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
