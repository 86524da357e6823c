"""Headers over REST that mean something to gRPC, and answers that depend on a header."""

import tempfile
from pathlib import Path

import pytest

from attacks.wire import ask, connection_to, head
from stand.access.secured import Secured
from stand.tocsin_process import serving

LIST = "/triggers/v1/triggers?folderId=f"
SCHEDULE = "/v1/projects/p/locations/l/integrations/i:schedule"


@pytest.mark.parametrize(
    "header",
    [
        *("X-Foo-Bin: !!!", "x-goog-iam-bin: %%%", "grpc-trace-bin: A!", "lb-cost-bin: #"),
        *("Grpc-Timeout: abc", "grpc-timeout: 1", "grpc-timeout: -5S", "grpc-timeout: 123456789S"),
        *("grpc-encoding: gzip", "grpc-previous-rpc-attempts: x", "grpc-retry-pushback-ms: x"),
    ],
)
def test_headers_that_grpc_could_not_read_are_the_clients_error(
    it: Secured, authorization: str, header: str
) -> None:
    headers = [header, f"Authorization: {authorization}"]
    answer = ask(it.server.http_address, head("GET", LIST, headers))
    assert (answer.status, answer.json["code"]) == (400, 3)
    assert header.partition(":")[0].lower() in answer.json["message"]
    answer = ask(it.server.http_address, head("POST", SCHEDULE, [*headers, "Content-Length: 0"]))
    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "header",
    [
        "X-Foo-Bin: YWJj",
        "x-foo-bin: YQ",
        "x-foo-bin: YR==",
        "grpc-timeout: 30S",
        "grpc-status: 5",
        "te: x",
    ],
)
def test_headers_that_grpc_can_read_do_no_harm(
    it: Secured, authorization: str, header: str
) -> None:
    headers = [header, f"Authorization: {authorization}"]
    assert ask(it.server.http_address, head("GET", LIST, headers)).status == 200


def test_no_cache_may_keep_the_addresses_of_services(it: Secured) -> None:
    with connection_to(it.server.http_address) as connection:
        connection.sendall(head("GET", "/endpoints", ["Connection: close"]))
        answer = connection.makefile("rb").read().partition(b"\r\n\r\n")[0].decode().lower()
    assert "cache-control: no-store" in answer
    assert "vary: host" in answer


@pytest.mark.parametrize("advertised", [(), ("--advertise", "tocsin.example:443")])
def test_over_rest_services_have_known_or_advertised_names_alone(
    advertised: tuple[str, ...],
) -> None:
    options = ("--listen", "off", "--access", *advertised)
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), "", *options, http="0.0.0.0:0") as server,
    ):
        address = f"127.0.0.1:{server.http_address.rpartition(':')[2]}"
        for host in ("evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"):
            answer = ask(address, head("GET", "/endpoints/iam", host=host))
            assert answer.json["address"] == (advertised or (address,))[-1]
