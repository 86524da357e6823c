"""Each field of OpenTelemetry's data model is in the event, and none hides another."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as WireRecord

from tocsin.api.otlp.records import Destination, read_records
from tocsin.sources.kinds.logging import LogRecord

TO_A_GROUP = Destination("group", False, lambda _: None)
VALUES = ("opentelemetry.proto.common.v1.AnyValue", "opentelemetry.proto.common.v1.KeyValue")


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def read(request: ExportLogsServiceRequest) -> LogRecord:
    event = read_records(request, TO_A_GROUP, now=1).incoming[0].event
    assert isinstance(event, LogRecord)
    return event


def payload_of(record: WireRecord) -> Any:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.append(record)
    return read(request).json_payload


def fields(message: Descriptor, path: tuple[FieldDescriptor, ...] = ()) -> list[Any]:
    """Returns the paths of all fields of a message, values of attributes left out."""
    found = []
    for field in message.fields:
        inner = field.message_type
        if inner is None or inner.full_name in VALUES:
            found.append((*path, field))
        else:
            found += fields(inner, (*path, field))
    return found


def request_with(path: tuple[FieldDescriptor, ...]) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value = "body"
    message: Any = request
    for field in path[:-1]:
        value = getattr(message, field.name)
        if field.is_repeated:
            message = value[0] if len(value) else value.add()
        else:
            message = value
            message.SetInParent()
    set_sample(message, path[-1])
    return request


def set_sample(message: Any, field: FieldDescriptor) -> None:
    if field.message_type is not None and field.is_repeated:
        getattr(message, field.name).append(text("key", "sample"))
    elif field.message_type is not None:
        getattr(message, field.name).string_value = "sample"
    elif field.is_repeated:
        getattr(message, field.name).append("sample")
    else:
        samples = {
            FieldDescriptor.CPPTYPE_STRING: b"\x07" * 8
            if field.type == FieldDescriptor.TYPE_BYTES
            else "sample",
            FieldDescriptor.CPPTYPE_ENUM: 7,
        }
        setattr(message, field.name, samples.get(field.cpp_type, 7))


def test_each_field_of_the_model_changes_the_event() -> None:
    """A field that a later version of the model adds fails here until it reaches the target."""
    bare = ExportLogsServiceRequest()
    bare.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "body"
    paths = fields(ExportLogsServiceRequest.DESCRIPTOR)
    assert {"event_name", "flags", "severity_text", "version"} <= {path[-1].name for path in paths}
    for path in paths:
        changed = read_records(request_with(path), TO_A_GROUP, now=1).incoming[0]
        named = ".".join(field.name for field in path)
        assert (changed.event, changed.at) != (read(bare), 1), named


def test_of_fields_with_one_name_none_is_lost() -> None:
    record = WireRecord(trace_id=b"\1" * 16, event_name="model's")
    for name in ("code", "same", "trace_id", "otel", "event.name"):
        record.attributes.append(text(name, f"attribute's {name}" if name != "same" else "same"))
    body = [text(name, f"body's {name}") for name in ("code", "otel")] + [text("same", "same")]
    record.body.kvlist_value.CopyFrom(KeyValueList(values=body))
    assert payload_of(record) == {
        "code": "body's code",
        "same": "same",
        "trace_id": "01" * 16,
        "event.name": "attribute's event.name",
        "otel": {
            "event_name": "model's",
            "attributes": {
                "code": "attribute's code",
                "trace_id": "attribute's trace_id",
                "otel": "attribute's otel",
            },
            "body": {"otel": "body's otel"},
        },
    }


def test_a_field_named_otel_stays_where_the_model_says_no_more() -> None:
    assert payload_of(WireRecord(attributes=[text("otel", "mine")])) == {"otel": "mine"}


def test_a_record_of_a_fixed_group_goes_nowhere_else() -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.attributes.append(text("tocsin.log_group_id", "another"))
    for fixed, group in ((False, "another"), (True, "group")):
        read_there = read_records(request, Destination("group", fixed, lambda _: None), now=1)
        event = read_there.incoming[0].event
        assert isinstance(event, LogRecord)
        assert event.log_group_id == group
