"""ApiEndpointService tells each client to call again where it asks."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from stand.all_doors import Doors
from stand.apis.wire import send
from stand.tocsin_process import run_tocsin, serving
from stand.vendors.environment import vendor_python
from tocsin.api.yandex.endpoint_ids import ENDPOINT_IDS
from tocsin_protos.yandex.cloud.endpoint import api_endpoint_pb2
from tocsin_protos.yandex.cloud.endpoint import api_endpoint_service_pb2 as contract
from tocsin_protos.yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import (
    ApiEndpointServiceStub,
)

Metadata = tuple[tuple[str, str], ...]
FORGED: Metadata = (
    ("x-tocsin-door", "tls"),
    ("x-tocsin-authority", "evil.example:443"),
    ("x-tocsin-local", "evil.example:443"),
)


def told(channel: grpc.Channel, metadata: Metadata = ()) -> str:
    request = contract.GetApiEndpointRequest(api_endpoint_id="iam")
    endpoint: api_endpoint_pb2.ApiEndpoint = ApiEndpointServiceStub(channel).Get(
        request, metadata=metadata
    )
    assert endpoint.id == "iam"
    return endpoint.address


@pytest.mark.parametrize("page_size", [0, 1, 100, 1000])
def test_all_ids_are_in_one_page_and_each_only_once(channel: grpc.Channel, page_size: int) -> None:
    request = contract.ListApiEndpointsRequest(page_size=page_size, page_token="2")
    response = ApiEndpointServiceStub(channel).List(request)
    ids = [endpoint.id for endpoint in response.endpoints]
    assert {"endpoint", "iam", "operation", "serverless-triggers", "log-ingestion"} <= set(ids)
    assert ids == sorted(set(ids)) == list(ENDPOINT_IDS)
    assert response.next_page_token == ""
    assert len({endpoint.address for endpoint in response.endpoints}) == 1


def test_every_id_that_the_python_sdk_looks_up_is_there() -> None:
    script = (
        "import json; from yandexcloud import _sdk; "
        "print(json.dumps([service for _, service in _sdk._supported_modules]))"
    )
    done = subprocess.run(
        [vendor_python(), "-c", script], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) <= set(ENDPOINT_IDS)


def test_an_id_that_there_is_not_is_not_found(channel: grpc.Channel) -> None:
    request = contract.GetApiEndpointRequest(api_endpoint_id="nonsense")
    with pytest.raises(grpc.RpcError) as refused:
        ApiEndpointServiceStub(channel).Get(request)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_plaintext_grpc_is_told_its_own_address(doors: Doors) -> None:
    with doors.server.channel() as channel:
        assert told(channel) == doors.server.grpc_address


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls_is_told_what_it_dialled(doors: Doors, host: str) -> None:
    with doors.channel(f"{host}:{doors.tls_port}") as channel:
        assert told(channel) == f"{host}:{doors.tls_port}"


def test_a_name_from_a_hosts_file_is_kept(doors: Doors) -> None:
    """gRPC's own way to say which name to expect leaves out the port."""
    name = "serverless-triggers.api.cloud.yandex.net"
    override = ("grpc.ssl_target_name_override", name)
    with doors.channel(doors.tls_address, override) as channel:
        assert told(channel) == f"{name}:{doors.tls_port}"


@pytest.mark.parametrize("host", ["0.0.0.0:8443", "[::]:8443", "localhost:0", "x:y", "-", ""])
def test_what_nobody_could_dial_is_not_repeated(doors: Doors, host: str) -> None:
    reply = doors.send("GET", "/endpoints/iam", headers={"Host": host})
    assert reply.json["address"] == doors.tls_address


def test_rest_is_told_its_own_address(doors: Doors) -> None:
    http = doors.server.http_address
    assert send(http, "GET", "/endpoints/iam").json == {"id": "iam", "address": http}
    secure = doors.send("GET", "/endpoints/iam")
    assert secure.json == {"id": "iam", "address": f"localhost:{doors.tls_port}"}
    listed = doors.send("GET", "/endpoints?pageSize=1").json
    assert len(listed["endpoints"]) == len(ENDPOINT_IDS)


def test_what_clients_say_in_our_headers_is_not_believed(doors: Doors) -> None:
    with doors.server.channel() as channel:
        assert told(channel, FORGED) == doors.server.grpc_address
    with doors.channel() as channel:
        assert told(channel, FORGED) == doors.tls_address
    http = doors.server.http_address
    assert send(http, "GET", "/endpoints/iam", headers=dict(FORGED)).json["address"] == http
    secure = doors.send("GET", "/endpoints/iam", headers=dict(FORGED))
    assert secure.json["address"] == f"localhost:{doors.tls_port}"


def test_who_asks_a_server_that_listens_everywhere_is_told_where_it_came_in(
    directory: Path, certificates: Path
) -> None:
    everywhere = ("--listen", "0.0.0.0:0", "--allow-unauthenticated")
    with (
        serving(directory, "", *Doors.options(certificates, "0.0.0.0:0"), *everywhere) as server,
        server.channel() as plaintext,
    ):
        doors = Doors(server, certificates)
        port = server.grpc_address.rpartition(":")[2]
        assert told(plaintext) == f"127.0.0.1:{port}"
        reply = doors.send("GET", "/endpoints/iam", headers={"Host": doors.tls_address})
        assert reply.json["address"] == f"127.0.0.1:{doors.tls_port}"


@pytest.fixture
def advertised(directory: Path, certificates: Path) -> Iterator[Callable[..., Doors]]:
    stack: list[Callable[[], object]] = []

    def start(*options: str) -> Doors:
        running = serving(directory, "", *options, "--advertise", "tocsin.example:443")
        server = running.__enter__()
        stack.append(lambda: running.__exit__(None, None, None))
        return Doors(server, certificates)

    yield start
    for leave in stack:
        leave()


def test_what_is_advertised_is_told_to_clients_of_tls(
    advertised: Callable[..., Doors], certificates: Path
) -> None:
    doors = advertised(*Doors.options(certificates))
    with doors.channel() as tls, doors.server.channel() as plaintext:
        assert told(tls) == "tocsin.example:443"
        assert told(plaintext) == doors.server.grpc_address
    http = doors.server.http_address
    assert send(http, "GET", "/endpoints/iam").json["address"] == http


def test_without_tls_it_is_told_to_all(advertised: Callable[..., Doors]) -> None:
    doors = advertised()
    with doors.server.channel() as plaintext:
        assert told(plaintext) == "tocsin.example:443"
    reply = send(doors.server.http_address, "GET", "/endpoints/iam")
    assert reply.json["address"] == "tocsin.example:443"


@pytest.mark.parametrize("value", ["tocsin.example", "0.0.0.0:443", "[::]:443", "tocsin.example:0"])
def test_what_nobody_could_dial_is_not_advertised(value: str) -> None:
    ended = run_tocsin("config", "check", environment={"TOCSIN_ADVERTISE": value})
    assert ended.status == 1
    assert "advertise: expected " in ended.stderr


def test_a_port_that_another_program_maps_is_kept(doors: Doors) -> None:
    """The client's port is that of the mapping, which the server knows nothing of."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        mapped = f"localhost:{free.getsockname()[1]}"
    authority = ("grpc.default_authority", mapped)
    with doors.channel(doors.tls_address, authority) as channel:
        assert told(channel) == mapped
