"""gRPC and REST over TLS, on one port."""

import contextlib
import socket
import ssl

import grpc
import pytest
import trustme
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from stand.all_doors import LARGEST, Doors
from stand.apis.wire import send
from stand.certificates import trusting
from stand.h2_client import H2Client
from stand.processes import eventually
from tocsin_protos.yandex.cloud.operation import operation_pb2, operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

TRIGGERS = "/yandex.cloud.serverless.triggers.v1.TriggerService"
GET = f"{TRIGGERS}/Get"
LIST = f"{TRIGGERS}/List"
CREATE = f"{TRIGGERS}/Create"
GET_OPERATION = "/yandex.cloud.operation.OperationService/Get"


def test_the_line_says_where(doors: Doors) -> None:
    words = [word.partition("=")[0] for word in doors.server.ready.split()]
    assert words == ["ready", "grpc", "http", "tls"]
    assert len({doors.server.address(name) for name in ("grpc", "http", "tls")}) == 3


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["h2", "http/1.1"], "h2"), (["h2"], "h2"), (["http/1.1"], "http/1.1"), ([], None)],
)
def test_the_client_chooses_the_protocol(
    doors: Doors, offered: list[str], chosen: str | None
) -> None:
    context = doors.context()
    context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", doors.tls_port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.selected_alpn_protocol() == chosen
        if chosen != "h2":
            connection.sendall(b"GET /endpoints HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"


def test_older_versions_are_refused(doors: Doors) -> None:
    context = doors.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", doors.tls_port)) as plain,
        pytest.raises(ssl.SSLError, match="protocol version"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "iam.api.cloud.yandex.net"])
def test_the_certificate_is_for_the_names_that_were_asked_for(doors: Doors, name: str) -> None:
    with (
        socket.create_connection(("127.0.0.1", doors.tls_port)) as plain,
        doors.context().wrap_socket(plain, server_hostname=name) as connection,
    ):
        assert connection.version() == "TLSv1.3"


def test_who_trusts_another_authority_does_not_come_in(doors: Doors) -> None:
    other = trustme.CA()
    with (
        socket.create_connection(("127.0.0.1", doors.tls_port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trusting(other).wrap_socket(plain, server_hostname="localhost")
    credentials = grpc.ssl_channel_credentials(other.cert_pem.bytes())
    with (
        grpc.secure_channel(doors.tls_address, credentials) as channel,
        pytest.raises(grpc.RpcError) as refused,
    ):
        channel.unary_unary(LIST)(b"")
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


def test_without_tls_nothing_is_answered_there(doors: Doors) -> None:
    with socket.create_connection(("127.0.0.1", doors.tls_port), timeout=30) as connection:
        connection.sendall(b"GET /endpoints HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""


def test_rest_answers_as_it_does_without(doors: Doors) -> None:
    folder = {
        "folderId": "f",
        "name": "over-tls",
        "rule": {
            "timer": {
                "cronExpression": "0 0 1 1 ? 2090",
                "invokeFunctionWithRetry": {"functionId": "d4e"},
            }
        },
    }
    created = doors.send("POST", "/triggers/v1/triggers", folder)
    assert (created.status, created.json["done"]) == (200, True)

    listed = [
        doors.send("GET", "/triggers/v1/triggers?folderId=f"),
        send(doors.server.http_address, "GET", "/triggers/v1/triggers?folderId=f"),
    ]
    assert listed[0].json == listed[1].json
    assert [each["name"] for each in listed[0].json["triggers"]] == ["over-tls"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/triggers/v1/triggers/nothing", 404),
        ("/operations/nothing", 404),
        ("/v1/projects/p/locations/l/operations/nothing", 404),
        ("/v1/projects/p/nonsense", 404),
        ("/nonsense", 404),
        ("/triggers/v1/triggers", 400),
        ("/triggers/v1/triggers?folderId=f&nonsense=1", 400),
    ],
)
def test_errors_of_rest_have_the_same_envelopes(doors: Doors, path: str, status: int) -> None:
    headers = {"x-request-id": "the-same"}
    secure = doors.send("GET", path, headers=headers)
    plain = send(doors.server.http_address, "GET", path, headers=headers)
    assert secure.status == plain.status == status
    assert secure.json == plain.json
    assert secure.headers["x-request-id"] == plain.headers["x-request-id"] == "the-same"


def test_a_page_of_another_site_is_refused(doors: Doors) -> None:
    reply = doors.send("GET", "/endpoints", headers={"Origin": "https://evil.example"})
    assert (reply.status, reply.json["code"]) == (403, 7)


def test_any_name_in_the_certificate_may_be_the_host(doors: Doors) -> None:
    assert doors.send("GET", "/endpoints", headers={"Host": "tocsin.example"}).status == 200


def test_reflection_streams(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=TRIGGERS.strip("/")),
    ]
    listed, described = stub.ServerReflectionInfo(iter(asked))
    names = {each.name for each in listed.list_services_response.service}
    assert "yandex.cloud.endpoint.ApiEndpointService" in names
    assert described.file_descriptor_response.file_descriptor_proto


def test_health_is_watched_until_the_server_stops(doors: Doors, channel: grpc.Channel) -> None:
    watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    watched.cancel()


def test_a_large_message_passes_and_one_too_large_is_refused(channel: grpc.Channel) -> None:
    def create(size: int) -> grpc.RpcError:
        request = contract.CreateTriggerRequest(description="x" * size)
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(CREATE)(request.SerializeToString())
        return refused.value

    within = create(LARGEST - 100)
    assert within.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "description: " in within.details()
    beyond = create(LARGEST + 100)
    assert beyond.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in beyond.details()


def test_a_large_answer_passes(doors: Doors) -> None:
    rule = contract.CreateTriggerRequest().rule
    rule.timer.cron_expression = "0 0 1 1 ? 2090"
    rule.timer.payload = "x" * 4000
    rule.timer.invoke_function_with_retry.function_id = "d4e"
    with doors.channel() as channel:
        created = [
            channel.unary_unary(CREATE).future(
                contract.CreateTriggerRequest(
                    folder_id="large", name=f"t-{n}", rule=rule
                ).SerializeToString()
            )
            for n in range(700)
        ]
        for each in created:
            each.result()
        request = contract.ListTriggersRequest(folder_id="large", page_size=1000)
        answer = channel.unary_unary(LIST)(request.SerializeToString())
    assert len(answer) > 2_500_000


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_an_error_is_trailers_only_and_a_success_is_not(doors: Doors, door: str) -> None:
    context = doors.context() if door == "tls" else None
    missing = contract.GetTriggerRequest(trigger_id="missing").SerializeToString()
    listing = contract.ListTriggersRequest(folder_id="f").SerializeToString()
    with H2Client(doors.server.address(door), context) as client:
        refused = client.call(GET, missing, [("x-request-id", "mine")])
        listed = client.call(LIST, listing, [("x-request-id", "mine")])

    assert len(refused.headers) == 1, "one block, with which the stream ends"
    assert refused.data == b""
    (trailers,) = refused.headers
    assert (trailers["grpc-status"], trailers["x-request-id"]) == ("5", "mine")
    assert "grpc-status-details-bin" in trailers
    assert [block.get("grpc-status") for block in listed.headers] == [None, "0"]
    assert listed.headers[1]["x-request-id"] == "mine"


def test_what_envoy_refuses_by_itself_is_an_error_of_grpc(doors: Doors) -> None:
    """A page's origin gives it away before the server hears of the call."""
    with doors.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(LIST)(b"", metadata=[("origin", "https://evil.example")])
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert refused.value.details() == "a page of another site may not call this server"


def test_a_connection_without_calls_may_ping(doors: Doors) -> None:
    with H2Client(doors.tls_address, doors.context()) as client:
        for _ in range(50):
            client.ping()
        assert client.call(LIST, contract.ListTriggersRequest(folder_id="f").SerializeToString())


def test_a_call_over_tls_has_the_id_of_its_log_line(doors: Doors) -> None:
    with doors.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(GET)(b"")
    trailers = {each.key: each.value for each in refused.value.trailing_metadata()}
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert status.details[-1].value.decode(errors="ignore").endswith(trailers["x-request-id"])
    eventually(lambda: trailers["x-request-id"] in doors.server.log.read_text())


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_an_operation_tells_how_soon_to_ask_again(doors: Doors, door: str) -> None:
    """In the headers, which Go's SDKs read; but an error has none before its trailers."""
    request = contract.CreateTriggerRequest(folder_id=f"polled-{door}", name="polled")
    request.rule.timer.cron_expression = "0 0 1 1 ? 2090"
    request.rule.timer.invoke_function_with_retry.function_id = "d4e"
    context = doors.context() if door == "tls" else None
    with H2Client(doors.server.address(door), context) as client:
        created = client.call(CREATE, request.SerializeToString())
        operation = operation_pb2.Operation.FromString(created.data[5:])
        asked = operation_service_pb2.GetOperationRequest(operation_id=operation.id)
        found = client.call(GET_OPERATION, asked.SerializeToString())
        asked.operation_id = "nothing"
        missing = client.call(GET_OPERATION, asked.SerializeToString())
    assert found.headers[0]["x-operation-poll-interval"] == "1"
    assert found.headers[-1]["grpc-status"] == "0"
    (trailers,) = missing.headers
    assert trailers["grpc-status"] == "5"


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_an_error_names_the_trace_or_else_the_call(doors: Doors, door: str) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    context = doors.context() if door == "tls" else None
    with H2Client(doors.server.address(door), context) as client:
        (named,) = client.call(
            GET, b"", [("traceparent", f"00-{trace}-b7ad6b7169203331-01")]
        ).headers
        (own,) = client.call(GET).headers
    assert named["x-server-trace-id"] == trace
    assert own["x-server-trace-id"] == own["x-request-id"] != ""
