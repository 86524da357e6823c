"""Log records fire triggers over OTLP/HTTP, as the exporters of OpenTelemetry send them."""

import gzip
import json
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.rpc import code_pb2, status_pb2
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json
from stand.recording_target import PATIENCE, RecordingTarget
from stand.tocsin_process import Tocsin, run_tocsin, serve_command, serving

PROTOBUF, JSON = "application/x-protobuf", "application/json"
SECRET = "the-secret-of-the-shop"
FIXED_GROUP = "e23shop"
LARGEST = 10 * 1024 * 1024


@pytest.fixture
def mine() -> str:
    """A log group, and a function, that no other test knows."""
    return f"x{uuid.uuid4().hex[:15]}"


@pytest.fixture(scope="module")
def proven(config: str) -> Iterator[Tocsin]:
    """A server whose senders must show a secret."""
    senders = f"""
        {config}
        [sources.logs.otlp_senders.shop]
        secret = "{SECRET}"
        log_group = "{FIXED_GROUP}"
    """
    with tempfile.TemporaryDirectory() as made, serving(Path(made), senders) as server:
        yield server


def listening(server: Tocsin, folder: str, group: str, function_id: str, **fields: Any) -> None:
    rule = {
        "logGroupId": group,
        "batchSettings": {"size": "1", "cutoff": "1s"},
        "invokeFunction": {"functionId": function_id},
        **fields,
    }
    create(RestApi(server.http_address), folder, rule={"logging": rule})


def records(target: RecordingTarget, function_id: str, count: int = 1) -> list[Json]:
    calls = target.wait_for(lambda call: call.path == f"/functions/{function_id}", count)
    return [
        record
        for call in calls
        for message in call.json["messages"]
        for record in message["details"]["messages"]
    ]


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers["content-type"]


def post(
    server: Tocsin, body: bytes, encoding: str | None = PROTOBUF, verb: str = "POST", **more: str
) -> Answer:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if encoding is not None:
        headers["content-type"] = encoding
    url = f"http://{server.http_address}/v1/logs"
    request = urllib.request.Request(url, data=body, headers=headers, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.headers, refused.read())


def status_of(answer: Answer) -> status_pb2.Status:
    """Returns the bare status of an error, by the encoding that it says."""
    if answer.content_type == PROTOBUF:
        return status_pb2.Status.FromString(answer.body)
    assert answer.content_type == JSON
    document = json.loads(answer.body)
    return status_pb2.Status(code=document["code"], message=document["message"])


def request_of(text: str, group: str = "") -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value = text
    if group:
        record.attributes.add(key="tocsin.log_group_id").value.string_value = group
    return request


def json_of(**record: Any) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def grouped(mine: str) -> list[Json]:
    return [{"key": "tocsin.log_group_id", "value": {"stringValue": mine}}]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_exporter_of_opentelemetry_writes_and_it_fires(
    server: Tocsin, target: RecordingTarget, folder: str, mine: str, compression: Compression
) -> None:
    listening(server, folder, mine, mine, levels=["WARN"])
    sdk = LoggerProvider(Resource({"service.name": "shop"}), shutdown_on_exit=False)
    exporter = OTLPLogExporter(
        f"http://{server.http_address}/v1/logs",
        headers={"tocsin-log-group-id": mine},
        timeout=PATIENCE,
        compression=compression,
    )
    sdk.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    sdk.get_logger("orders", "1.2").emit(
        LogRecord(
            timestamp=1_795_255_200_118_082_213,
            severity_number=SeverityNumber.WARN,
            body="slow",
            event_name="order.slow",
        )
    )
    sdk.shutdown()
    [record] = records(target, mine)
    assert (record["message"], record["level"]) == ("slow", "WARN")
    assert record["json_payload"]["event.name"] == "order.slow"
    assert record["json_payload"]["otel"]["scope"] == {"name": "orders", "version": "1.2"}


def test_an_answer_has_the_encoding_of_the_request_and_says_nothing_if_all_is_well(
    server: Tocsin, mine: str
) -> None:
    body = request_of("a", mine).SerializeToString()
    answer = post(server, body)
    assert (answer.status, answer.content_type, answer.body) == (200, PROTOBUF, b"")
    for encoding in (JSON, f"{JSON}; charset=utf-8", "Application/JSON"):
        answer = post(server, json_of(attributes=grouped(mine)), encoding)
        assert (answer.status, answer.content_type) == (200, JSON)
        assert json.loads(answer.body) == {}


def test_the_json_of_otlp_is_read(
    server: Tocsin, target: RecordingTarget, folder: str, mine: str
) -> None:
    listening(server, folder, mine, mine)
    record = {
        "timeUnixNano": "1795255200118082213",
        "observedTimeUnixNano": 1795255201000000000,
        "severityNumber": 13,
        "body": {"stringValue": "slow"},
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "eee19b7ec3c1b174",
        "attributes": [
            *grouped(mine),
            {"key": "big", "value": {"intValue": "9007199254740993"}},
            {"key": "raw", "value": {"bytesValue": "AP8="}},
            {"key": "later", "value": {"valueOfTheFuture": 1}},
        ],
        "fieldOfTheFuture": {"a": [1]},
    }
    assert post(server, json_of(**record), JSON).status == 200
    [got] = records(target, mine)
    assert got["timestamp"] == "2026-11-21 10:00:00.118082213 +0000 UTC"
    assert (got["message"], got["level"]) == ("slow", "WARN")
    payload = got["json_payload"]
    assert payload["trace_id"] == "5b8efff798038103d269b633813fc60c"
    assert payload["span_id"] == "eee19b7ec3c1b174"
    assert (payload["big"], payload["raw"], payload["later"]) == (9007199254740993, "AP8=", None)


def test_records_without_a_group_are_rejected_and_the_others_are_taken(
    server: Tocsin, target: RecordingTarget, folder: str, mine: str
) -> None:
    listening(server, folder, mine, mine)
    request = request_of("taken", mine)
    request.MergeFrom(request_of("rejected"))
    answer = post(server, request.SerializeToString())
    assert answer.status == 200
    partial = ExportLogsServiceResponse.FromString(answer.body).partial_success
    assert partial.rejected_log_records == 1
    assert "tocsin.log_group_id" in partial.error_message
    answer = post(server, json_of(body={"stringValue": "rejected"}), JSON)
    partial_json = json.loads(answer.body)["partialSuccess"]
    assert partial_json["rejectedLogRecords"] == "1"
    assert "tocsin.log_group_id" in partial_json["errorMessage"]
    assert [record["message"] for record in records(target, mine)] == ["taken"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "records"),
        (b"{", "records"),
        (b"[]", "a JSON object"),
        (b"\xff", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"resourceLogs": 1}', "resource_logs"),
        (b'{"resourceLogs": [], "resourceLogs": []}', "'resourceLogs' twice"),
        (b'{"x": ' + b"9" * 5000 + b"}", "4,300 digits"),
        (
            json_of(severityNumber={}),
            "resource_logs[0].scope_logs[0].log_records[0].severity_number",
        ),
        (json_of(timeUnixNano="-1"), "time_unix_nano"),
        (json_of(body={"bytesValue": "a*b="}), "body.bytes_value"),
        (json_of(body={"bytesValue": 5}), "body.bytes_value"),
        (json_of(attributes=[{"key": "k", "value": {"bytesValue": "YQ="}}]), "bytes_value"),
        (json_of(eventName=5), "event_name"),
        (json_of(body={"stringValue": "a", "intValue": 1}), "already set"),
        (json_of(traceId="é" * 32), "resourceLogs[0].scopeLogs[0].logRecords[0].traceId"),
        (json_of(traceId="W47/95gDgQPSabYzgT/GDA=="), "expected 32 hexadecimal digits"),
        (json_of(spanId="abcd"), "expected 16 hexadecimal digits"),
        (json_of(spanId=7), "expected 16 hexadecimal digits"),
    ],
)
def test_json_that_is_wrong_is_refused_with_a_bare_status(
    server: Tocsin, body: bytes, said: str
) -> None:
    answer = post(server, body, JSON)
    assert answer.status == 400
    status = status_of(answer)
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert said in status.message


def test_protobuf_that_is_wrong_is_refused_in_protobuf(server: Tocsin) -> None:
    answer = post(server, b"\xff")
    assert (answer.status, answer.content_type) == (400, PROTOBUF)
    assert status_of(answer).code == code_pb2.INVALID_ARGUMENT
    assert "request" in status_of(answer).message.lower()


def test_a_message_of_an_error_is_the_same_in_both_encodings(proven: Tocsin) -> None:
    answers = [post(proven, b"", encoding) for encoding in (PROTOBUF, JSON)]
    assert [answer.status for answer in answers] == [401, 401]
    assert [answer.headers["www-authenticate"] for answer in answers] == ["Bearer"] * 2
    first, second = (status_of(answer) for answer in answers)
    assert first.code == second.code == code_pb2.UNAUTHENTICATED
    assert first.message == second.message
    assert "[sources.logs.otlp_senders]" in first.message


@pytest.mark.parametrize("encoding", ["text/plain", "application/json-seq", "a/json", None])
def test_other_encodings_are_415(server: Tocsin, encoding: str | None) -> None:
    answer = post(server, b"{}", encoding)
    assert answer.status == 415
    assert "application/x-protobuf" in status_of(answer).message


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
def test_other_verbs_are_405(server: Tocsin, encoding: str) -> None:
    for verb in ("GET", "PUT", "DELETE"):
        answer = post(server, b"", encoding, verb)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        assert answer.content_type == encoding
        assert "POST" in status_of(answer).message


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
def test_a_body_that_is_too_large_is_413(server: Tocsin, encoding: str) -> None:
    answer = post(server, b" " * (LARGEST + 1), encoding)
    assert (answer.status, answer.content_type) == (413, encoding)
    assert str(LARGEST) in status_of(answer).message
    bomb = gzip.compress(bytes(LARGEST + 1))
    assert post(server, bomb, encoding, content_encoding="gzip").status == 413


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
def test_what_is_compressed_is_read_and_what_is_damaged_is_refused(
    server: Tocsin, target: RecordingTarget, folder: str, mine: str, encoding: str
) -> None:
    listening(server, folder, mine, mine)
    plain = json_of(body={"stringValue": "zipped {"}, attributes=grouped(mine))
    if encoding == PROTOBUF:
        plain = request_of("zipped {", mine).SerializeToString()
    zipped = gzip.compress(plain)
    assert post(server, zipped, encoding, content_encoding="gzip").status == 200
    assert [record["message"] for record in records(target, mine)] == ["zipped {"]
    for damaged in (zipped[:-9], zipped[:-4] + b"\0\0\0\1", plain):
        answer = post(server, damaged, encoding, content_encoding="gzip")
        assert (answer.status, answer.content_type) == (400, encoding)
        assert "gzip" in status_of(answer).message
    answer = post(server, plain, encoding, content_encoding="br")
    assert (answer.status, answer.content_type) == (415, encoding)
    assert "gzip" in status_of(answer).message


def test_a_sender_with_its_secret_feeds_its_group_whatever_the_records_name(
    proven: Tocsin, target: RecordingTarget, folder: str, mine: str
) -> None:
    listening(proven, folder, FIXED_GROUP, mine)
    body = request_of("mine", "another").SerializeToString()
    for credential in ("", "Bearer wrong", "Bearer"):
        more = {"authorization": credential} if credential else {}
        assert post(proven, body, **more).status == 401
    answer = post(proven, body, authorization=f"Bearer {SECRET}", tocsin_log_group_id="another")
    assert (answer.status, answer.body) == (200, b"")
    assert [record["message"] for record in records(target, mine)] == ["mine"]


def test_under_access_control_a_server_without_senders_takes_none(
    directory: Path, config: str
) -> None:
    with serving(directory, config, "--access") as server:
        answer = post(server, request_of("a").SerializeToString())
        assert answer.status == 401
        assert "[sources.logs.otlp_senders.NAME]" in status_of(answer).message


def test_under_access_control_a_senders_group_needs_folders(directory: Path) -> None:
    config = f'[sources.logs.otlp_senders.shop]\nsecret = "{SECRET}"\nlog_group = "e23"\n'
    ended = run_tocsin(*serve_command(directory, config, "--access", http="off")[1:])
    assert ended.status != 0
    assert "sources.logs (otlp_senders.shop e23)" in ended.stderr
    assert SECRET not in ended.stderr


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
def test_who_sends_too_much_is_told_when_to_come_again(
    directory: Path, config: str, encoding: str
) -> None:
    limits = "[limits]\ncalls_per_second = 0.1\ncalls_burst = 1\n"
    with serving(directory, config + limits) as server:
        answers = [post(server, json_of(), JSON)] + [post(server, b"", encoding) for _ in range(2)]
    late = answers[-1]
    assert (late.status, late.content_type) == (429, encoding)
    assert int(late.headers["retry-after"]) >= 1
    assert status_of(late).code == code_pb2.RESOURCE_EXHAUSTED


def test_googles_paths_beside_it_keep_their_envelope(server: Tocsin) -> None:
    for path in ("/v1/logs/", "/v1/logsx", "/v1/nothing"):
        url = f"http://{server.http_address}{path}"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, data=b"{}", timeout=PATIENCE)
        assert "error" in json.loads(refused.value.read())
