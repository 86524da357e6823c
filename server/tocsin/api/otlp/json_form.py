"""Parses OTLP's JSON, which differs from proto3's: ids of traces are hexadecimal.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import base64
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as contract

from tocsin.contract.json.messages import JsonFaults, fill_message
from tocsin.wire.json_text import Json, parse_body

# By the names of both forms of JSON: the length of the id in bytes.
IDS = {"traceId": 16, "trace_id": 16, "spanId": 8, "span_id": 8}


class OtlpJsonError(ValueError):
    """A body is not OTLP's JSON; `field` is where, or empty for the whole."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def parse_logs(body: bytes) -> contract.ExportLogsServiceRequest:
    """Parses a request; unknown fields are ignored, as OTLP asks of receivers.

    Raises:
        OtlpJsonError: the body is not JSON of that form.
    """
    try:
        document = parse_body(body)
    except ValueError as error:
        raise OtlpJsonError("", f"the body must be JSON in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise OtlpJsonError("", "the body must be a JSON object")
    for path, record in _records(document):
        _decode_ids(path, record)
    request = contract.ExportLogsServiceRequest()
    try:
        fill_message(document, request, strict=False)
    except JsonFaults as error:
        fault = error.faults[0]
        raise OtlpJsonError(fault.field, fault.description) from None
    return request


def _records(document: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the records and their paths; what has another form is left to the parser."""
    for at_resource, resource_logs in _each(document, "resourceLogs", "resource_logs"):
        for at_scope, scope_logs in _each(resource_logs, "scopeLogs", "scope_logs"):
            for at_record, record in _each(scope_logs, "logRecords", "log_records"):
                if isinstance(record, dict):
                    yield f"{at_resource}.{at_scope}.{at_record}", record


def _each(document: Json, *names: str) -> Iterator[tuple[str, Json]]:
    if not isinstance(document, dict):
        return
    for name in names:
        items = document.get(name)
        if isinstance(items, list):
            yield from ((f"{name}[{number}]", item) for number, item in enumerate(items))


def _decode_ids(path: str, record: dict[str, Any]) -> None:
    """Turns the ids of a record from hexadecimal into the base64 of proto3's JSON."""
    for name, size in IDS.items():
        text = record.get(name)
        if text is None or text == "":
            continue
        try:
            raw = bytes.fromhex(text) if isinstance(text, str) and text.isalnum() else b""
        except ValueError:
            raw = b""
        if len(raw) != size:
            raise OtlpJsonError(f"{path}.{name}", f"expected {2 * size} hexadecimal digits")
        record[name] = base64.b64encode(raw).decode()
