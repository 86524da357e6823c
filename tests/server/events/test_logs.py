"""Log records fire triggers: the vendor's own clients write them, or OpenTelemetry's SDK does."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as WireRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from stand.apis.events import RestEvents
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json
from stand.recording_target import PATIENCE, RecordingTarget
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient

FUNCTION = {"type": "serverless.function", "id": "d4e00000000000000fun"}
NOON = "2026-11-21T10:00:00.118082213Z"


@pytest.fixture
def mine() -> str:
    """A log group, and a function, that no other test knows."""
    return f"x{uuid.uuid4().hex[:15]}"


def write(vendor: VendorClient, server: Tocsin, request: Json, *metadata: tuple[str, str]) -> Json:
    """Writes with the vendor's stubs; returns what it answered, or how it was refused."""
    told: Json = vendor.ask(
        "call", server.grpc_address, "LogIngestionService", "Write", request, metadata
    )
    return told


def trigger(api: RestApi, folder: str, mine: str, kind: str = "logging", **fields: Any) -> str:
    group: Any = [mine] if kind == "cloudLogs" else mine
    rule = {
        "logGroupId": group,
        "batchSettings": {"size": "1", "cutoff": "1s"},
        "invokeFunction": {"functionId": mine},
        **fields,
    }
    created: str = create(api, folder, rule={kind: rule})["id"]
    return created


def records(target: RecordingTarget, mine: str, count: int) -> list[Json]:
    """The records that the function was called with, as soon as there were so many calls."""
    calls = target.wait_for(lambda call: call.path == f"/functions/{mine}", count)
    return [
        record
        for call in calls
        for message in call.json["messages"]
        for record in message["details"]["messages"]
    ]


def test_the_vendors_client_writes_and_it_fires(
    vendor: VendorClient,
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(
        rest_api,
        folder,
        mine,
        levels=["WARN", "ERROR"],
        resourceType=["serverless.function"],
        streamName=["main"],
        batchSettings={"size": "2", "cutoff": "60s"},
    )
    entries = [
        {"timestamp": NOON, "level": "ERROR", "message": "down", "jsonPayload": {"code": 7}},
        {"timestamp": NOON, "level": "INFO", "message": "up"},
        {"timestamp": NOON, "message": "as the defaults have it", "jsonPayload": {"host": "b"}},
        {"timestamp": NOON, "level": "ERROR", "message": "not here", "streamName": "other"},
    ]
    defaults = {"level": "WARN", "streamName": "main", "jsonPayload": {"host": "a", "zone": "z"}}
    request = {
        "destination": {"logGroupId": mine},
        "resource": FUNCTION,
        "entries": entries,
        "defaults": defaults,
    }
    assert write(vendor, server, request) == {"response": {}}
    assert records(target, mine, 1) == [
        {
            "resource": FUNCTION,
            "timestamp": "2026-11-21 10:00:00.118082213 +0000 UTC",
            "level": level,
            "message": message,
            "json_payload": payload,
        }
        for level, message, payload in (
            ("ERROR", "down", {"host": "a", "zone": "z", "code": 7}),
            ("WARN", "as the defaults have it", {"host": "b", "zone": "z"}),
        )
    ]


def test_triggers_of_the_retired_kind_hear_of_the_same_records(
    vendor: VendorClient,
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(rest_api, folder, mine, "cloudLogs")
    entry = {"timestamp": "2026-11-21T10:00:00.100Z", "message": "START", "streamName": "b09"}
    request = {"destination": {"logGroupId": mine}, "resource": FUNCTION, "entries": [entry]}
    assert write(vendor, server, request) == {"response": {}}
    assert records(target, mine, 1) == [
        {
            "log_group_id": mine,
            "log_stream_name": "b09",
            "message": "START",
            "timestamp": "2026-11-21T10:00:00.1Z",
        }
    ]


def test_an_entry_that_is_wrong_is_answered_for_and_the_others_are_taken(
    vendor: VendorClient,
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(rest_api, folder, mine)
    entries = [
        {"message": "without a time"},
        {"timestamp": NOON, "message": "good\0"},
        {"timestamp": NOON, "streamName": "s" * 72},
        {"timestamp": NOON, "message": "m" * (1024 * 1024 + 1)},
    ]
    request = {"destination": {"logGroupId": mine}, "resource": FUNCTION, "entries": entries}
    errors = write(vendor, server, request)["response"]["errors"]
    assert {place: error["code"] for place, error in errors.items()} == {"0": 3, "2": 3, "3": 3}
    assert errors["0"]["message"] == (
        "Validation failed:\n  - entries[0].timestamp: Field is required"
    )
    assert "entries[2].stream_name" in errors["2"]["message"]
    assert "entries[3].message" in errors["3"]["message"]
    assert [record["message"] for record in records(target, mine, 1)] == ["good\0"]


def test_a_write_that_is_wrong_as_a_whole_takes_nothing(
    vendor: VendorClient, server: Tocsin, mine: str
) -> None:
    entry = {"timestamp": NOON, "message": "m"}
    request = {"resource": FUNCTION, "entries": [entry] * 101, "destination": {"folderId": "-"}}
    error = write(vendor, server, request)["error"]
    assert error["code"] == "INVALID_ARGUMENT"
    assert "  - destination.folder_id: " in error["message"]
    assert "  - entries: " in error["message"]
    no_group = {"resource": FUNCTION, "entries": [entry], "destination": {"logGroupId": ""}}
    error = write(vendor, server, no_group)["error"]
    assert "destination.log_group_id: Field is required" in error["message"]
    no_default = {"resource": FUNCTION, "entries": [entry], "destination": {"folderId": mine}}
    error = write(vendor, server, no_default)["error"]
    assert error["code"] == "NOT_FOUND"
    assert "[sources.logs.default_groups]" in error["message"]


def test_a_write_that_is_repeated_with_its_key_fires_once(
    vendor: VendorClient,
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(rest_api, folder, mine)
    entries = [{"timestamp": NOON, "message": message} for message in ("a", "b")]
    request = {"destination": {"logGroupId": mine}, "resource": FUNCTION, "entries": entries}
    for key in ("first", "second", "first", "second", "first"):
        write(vendor, server, request, ("idempotency-key", f"{mine}-{key}"))
    write(vendor, server, request | {"entries": [{"timestamp": NOON, "message": "last"}]})
    told = [record["message"] for record in records(target, mine, 5)]
    assert sorted(told) == ["a", "a", "b", "b", "last"]


def test_while_paused_records_are_lost_and_counted(
    vendor: VendorClient,
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    paused = trigger(rest_api, folder, mine)
    rest_api.call("Pause", {"triggerId": paused})
    request = {"destination": {"logGroupId": mine}, "resource": FUNCTION}
    write(vendor, server, request | {"entries": [{"timestamp": NOON, "message": "lost"}]})
    intake = RestEvents(server.http_address).call("GetIntake", {"triggerId": paused})
    assert intake["lostEvents"] == "1"
    rest_api.call("Resume", {"triggerId": paused})
    write(vendor, server, request | {"entries": [{"timestamp": NOON, "message": "kept"}]})
    assert [record["message"] for record in records(target, mine, 1)] == ["kept"]


@pytest.fixture
def with_defaults(directory: Path, config: str) -> Iterator[Tocsin]:
    settings = '[sources.logs]\notlp_group = "otlp"\ndefault_groups = { folder1 = "group1" }\n'
    with serving(directory, config + settings) as server:
        yield server


def test_the_settings_name_groups_for_those_who_do_not(
    vendor: VendorClient, with_defaults: Tocsin, target: RecordingTarget, folder: str, mine: str
) -> None:
    api = RestApi(with_defaults.http_address)
    for group in ("group1", "otlp"):
        trigger(api, folder, f"{mine}-{group}", logGroupId=group)
    entry = {"timestamp": NOON, "message": "to a folder"}
    request = {"destination": {"folderId": "folder1"}, "resource": FUNCTION, "entries": [entry]}
    assert write(vendor, with_defaults, request) == {"response": {}}
    assert [r["message"] for r in records(target, f"{mine}-group1", 1)] == ["to a folder"]
    export(with_defaults, [WireRecord(body=AnyValue(string_value="to nobody"))])
    assert [r["message"] for r in records(target, f"{mine}-otlp", 1)] == ["to nobody"]


def export(
    server: Tocsin, told: Sequence[WireRecord], *metadata: tuple[str, str], **attributes: str
) -> logs_service_pb2.ExportLogsServiceResponse:
    request = logs_service_pb2.ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    for name, value in attributes.items():
        resource_logs.resource.attributes.append(attribute(name, value))
    resource_logs.scope_logs.add().log_records.extend(told)
    with server.channel() as channel:
        stub = logs_service_pb2_grpc.LogsServiceStub(channel)
        return stub.Export(request, metadata=metadata, timeout=PATIENCE)


def attribute(name: str, value: str) -> KeyValue:
    return KeyValue(key=name, value=AnyValue(string_value=value))


def provider(server: Tocsin, group: str, **headers: str) -> LoggerProvider:
    """OpenTelemetry's SDK, which sends each record before it goes on."""
    said = {"service.name": "shop", "service.version": "3"}
    if group:
        said["tocsin.log_group_id"] = group
    made = LoggerProvider(Resource(said), shutdown_on_exit=False)
    exporter = OTLPLogExporter(
        server.grpc_address, insecure=True, headers=headers, timeout=PATIENCE
    )
    made.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    return made


def test_opentelemetry_writes_and_it_fires(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(
        rest_api,
        folder,
        mine,
        levels=["WARN"],
        resourceType=["service"],
        resourceId=["shop"],
        batchSettings={"size": "2", "cutoff": "60s"},
    )
    sdk = provider(server, mine)
    logger = sdk.get_logger("orders")
    for level, body in (
        (SeverityNumber.INFO, "up"),
        (SeverityNumber.WARN, "slow"),
        (SeverityNumber.WARN4, {"slower": [1, 2.5, True]}),
    ):
        logger.emit(
            LogRecord(
                timestamp=1_795_255_200_118_082_213,
                severity_number=level,
                body=body,
                attributes={"took_ms": 1200},
            )
        )
    sdk.shutdown()
    got = records(target, mine, 1)
    models = [record["json_payload"].pop("otel") for record in got]
    assert [model["severity_number"] for model in models] == [13, 16]
    for model in models:
        assert model["resource"] == {"attributes": {"service.name": "shop", "service.version": "3"}}
        assert model["scope"] == {"name": "orders"}
    assert got == [
        {
            "resource": {"type": "service", "id": "shop"},
            "timestamp": "2026-11-21 10:00:00.118082213 +0000 UTC",
            "level": "WARN",
            "message": message,
            "json_payload": {"took_ms": 1200, **payload},
        }
        for message, payload in (("slow", {}), ("", {"slower": [1, 2.5, True]}))
    ]


def test_the_header_names_the_group_of_those_whose_resource_does_not(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine)
    sdk = provider(server, "", **{"tocsin-log-group-id": mine})
    sdk.get_logger("orders").emit(LogRecord(timestamp=time.time_ns(), body="by header"))
    sdk.shutdown()
    assert [record["message"] for record in records(target, mine, 1)] == ["by header"]


def test_attributes_say_what_vendors_records_do(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine, streamName=["main"], resourceType=["vm"], resourceId=["vm1"])
    said = {
        "tocsin.resource_type": "vm",
        "tocsin.resource_id": "vm1",
        "tocsin.stream_name": "main",
        "tocsin.log_group_id": "another",
    }
    one = WireRecord(severity_text="warning", trace_id=b"\1" * 16, span_id=b"\2" * 8)
    one.attributes.append(attribute("tocsin.log_group_id", mine))
    one.observed_time_unix_nano = 1_795_255_200_000_000_000
    one.body.array_value.CopyFrom(ArrayValue(values=[AnyValue(double_value=float("nan"))]))
    nested = KeyValueList(values=[KeyValue(key="raw", value=AnyValue(bytes_value=b"\0\xff"))])
    one.attributes.append(KeyValue(key="more", value=AnyValue(kvlist_value=nested)))
    export(server, [one], **said)
    assert records(target, mine, 1) == [
        {
            "resource": {"type": "vm", "id": "vm1"},
            "timestamp": "2026-11-21 10:00:00 +0000 UTC",
            "level": "WARN",
            "message": '["NaN"]',
            "json_payload": {
                "more": {"raw": "AP8="},
                "trace_id": "01" * 16,
                "span_id": "02" * 8,
                "otel": {
                    "severity_text": "warning",
                    "observed_timestamp": "2026-11-21T10:00:00Z",
                },
            },
        }
    ]


def whole_request(group: str) -> logs_service_pb2.ExportLogsServiceRequest:
    """Returns a request with one record, in which each field of the model has a value."""
    request = logs_service_pb2.ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add(schema_url="https://a.example/resource")
    resource_logs.resource.attributes.append(attribute("host.name", "web-1"))
    resource_logs.resource.dropped_attributes_count = 1
    entity = resource_logs.resource.entity_refs.add(type="host", schema_url="https://a.example/e")
    entity.id_keys.append("host.name")
    entity.description_keys.append("os.type")
    scope_logs = resource_logs.scope_logs.add(schema_url="https://a.example/scope")
    scope_logs.scope.name, scope_logs.scope.version = "orders", "1.2"
    scope_logs.scope.attributes.append(attribute("short", "yes"))
    scope_logs.scope.dropped_attributes_count = 2
    record = scope_logs.log_records.add(
        time_unix_nano=1_795_255_200_000_000_000,
        observed_time_unix_nano=1_795_255_201_500_000_000,
        severity_number=10,
        severity_text="Informational",
        dropped_attributes_count=3,
        flags=1,
        trace_id=b"\1" * 16,
        span_id=b"\2" * 8,
        event_name="user.login",
    )
    record.attributes.append(attribute("tocsin.log_group_id", group))
    record.attributes.append(attribute("user.id", "7"))
    record.body.string_value = "hello"
    return request


def test_all_of_opentelemetrys_model_reaches_the_target(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine)
    with server.channel() as channel:
        logs_service_pb2_grpc.LogsServiceStub(channel).Export(whole_request(mine), timeout=PATIENCE)
    [record] = records(target, mine, 1)
    assert (record["level"], record["message"]) == ("INFO", "hello")
    assert record["json_payload"] == {
        "user.id": "7",
        "trace_id": "01" * 16,
        "span_id": "02" * 8,
        "event.name": "user.login",
        "otel": {
            "event_name": "user.login",
            "severity_number": 10,
            "severity_text": "Informational",
            "observed_timestamp": "2026-11-21T10:00:01.5Z",
            "flags": 1,
            "dropped_attributes_count": 3,
            "resource": {
                "attributes": {"host.name": "web-1"},
                "dropped_attributes_count": 1,
                "entity_refs": [
                    {
                        "schema_url": "https://a.example/e",
                        "type": "host",
                        "id_keys": ["host.name"],
                        "description_keys": ["os.type"],
                    }
                ],
                "schema_url": "https://a.example/resource",
            },
            "scope": {
                "name": "orders",
                "version": "1.2",
                "attributes": {"short": "yes"},
                "dropped_attributes_count": 2,
                "schema_url": "https://a.example/scope",
            },
        },
    }


def test_a_record_without_a_message_has_its_fields_in_the_retired_kind(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine, "cloudLogs")
    grouped = WireRecord(attributes=[attribute("tocsin.log_group_id", mine)])
    grouped.body.kvlist_value.values.append(attribute("code", "7"))
    export(server, [grouped])
    assert [json.loads(each["message"]) for each in records(target, mine, 1)] == [{"code": "7"}]


def test_records_without_a_group_are_rejected_and_the_others_are_taken(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine, batchSettings={"size": "600", "cutoff": "60s"})
    grouped = WireRecord(attributes=[attribute("tocsin.log_group_id", mine)])
    answer = export(server, [grouped] * 600 + [WireRecord()] * 2)
    assert answer.partial_success.rejected_log_records == 2
    assert "tocsin.log_group_id" in answer.partial_success.error_message
    assert len(records(target, mine, 1)) == 600


def test_a_message_that_is_none_is_the_clients_error(server: Tocsin) -> None:
    with server.channel() as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"\xff", timeout=PATIENCE)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
