"""Headers over REST that mean something to gRPC, and answers that depend on a header."""

import tempfile
from pathlib import Path

import grpc
import pytest
import trustme

from attacks.wire import ask, connection_to, head
from stand.access.secured import Secured
from stand.certificates import trusting
from stand.h2_client import H2Client
from stand.tocsin_process import serving

CALL = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
LIST = "/triggers/v1/triggers?folderId=f"
SCHEDULE = "/v1/projects/p/locations/l/integrations/i:schedule"


BAD = [
    *("X-Foo-Bin: !!!", "x-goog-iam-bin: %%%", "grpc-trace-bin: A!", "lb-cost-bin: #"),
    *("Grpc-Timeout: abc", "grpc-timeout: 1", "grpc-timeout: -5S"),
    *("grpc-encoding: x", "grpc-previous-rpc-attempts: x", "grpc-retry-pushback-ms: x"),
    *("grpc-status: x", "x-a'b: 1", "x-a#: 1"),
]
GOOD = ["X-Foo-Bin: YWJj", "x-foo-bin: YQ", "grpc-trace-bin: YWI", "grpc-timeout: 30S", "te: x"]


@pytest.mark.parametrize("header", BAD)
def test_headers_that_grpc_could_not_read_are_the_clients_error(
    it: Secured, authorization: str, header: str
) -> None:
    headers = [header, f"Authorization: {authorization}"]
    answer = ask(it.server.http_address, head("GET", LIST, headers))
    assert (answer.status, answer.json["code"]) == (400, 3)
    assert header.partition(":")[0].lower() in answer.json["message"]
    answer = ask(it.server.http_address, head("POST", SCHEDULE, [*headers, "Content-Length: 0"]))
    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("header", GOOD)
def test_a_header_that_could_not_be_read_harms_no_later_one_of_its_name(
    it: Secured, authorization: str, header: str
) -> None:
    """Envoy's connections to the server are shared, and gRPC remembers what it could not read."""
    for bad in BAD:
        ask(it.server.http_address, head("GET", LIST, [bad]))
    headers = [header, f"Authorization: {authorization}"]
    for _ in range(5):
        assert ask(it.server.http_address, head("GET", LIST, headers)).status == 200


def test_metadata_that_could_not_be_read_harms_no_other_call(it: Secured, ca: trustme.CA) -> None:
    roots = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
    with H2Client(it.server.address("tls"), trusting(ca)) as attacker:
        for name in ("x-foo-bin", "grpc-trace-bin", "grpc-timeout"):
            for _ in range(3):
                refused = attacker.call(
                    CALL, headers=[("authorization", "Bearer forged"), (name, "!!!")]
                ).headers[-1]
                assert "parsing" in refused["grpc-message"]
    metadata = [("authorization", f"Api-Key {it.admin_key}"), ("x-foo-bin", b"\0\1")]
    with grpc.secure_channel(it.server.address("tls"), roots) as channel:
        for _ in range(3):
            call = channel.unary_unary(CALL)
            call(b"\x0a\x01f", metadata=[*metadata, ("grpc-trace-bin", b"\2")], timeout=30)


@pytest.mark.parametrize("path", [LIST, SCHEDULE, "/v1/logs"])
@pytest.mark.parametrize(
    "kind",
    [
        *(
            "application/grpc",
            "application/grpc+json",
            "application/grpc+proto",
            "Application/GRPC",
        ),
        *("application/grpc; charset=utf-8", "application/grpc-web", "application/grpc-web-text"),
    ],
)
def test_what_says_that_it_is_grpc_is_no_request_over_rest(
    it: Secured, ca: trustme.CA, authorization: str, path: str, kind: str
) -> None:
    headers = [f"Authorization: {authorization}", f"Content-Type: {kind}", "Content-Length: 2"]
    request = head("POST", path, headers) + b"{}"
    for context in (None, trusting(ca)):
        address = it.server.http_address if context is None else it.server.address("tls")
        answer = ask(address, request, context)
        assert answer.status == 415
        told = answer.json.get("error", answer.json)
        assert "application/json" in told["message"]
        assert ("error" in answer.json) is (path == SCHEDULE)


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
