"""The TLS listener: connections that rest, certificates that are renewed, a server that is away."""

import asyncio
import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from structlog.testing import capture_logs

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Rest, gateway_for
from stand.certificates import issue, trusting
from stand.h2_client import Closed, H2Client
from stand.processes import eventually
from tocsin.gateway import Certificates, Files, Gateway, Limits, TlsDoor
from tocsin.schedule import SystemClock
from tocsin_protos.yandex.cloud.operation import operation_pb2

GET = "/yandex.cloud.operation.OperationService/Get"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


UPSTREAM = FakeUpstream()


@contextmanager
def listening(
    loop: Loop,
    files: Files,
    limits: Limits | None = None,
    ends: Callable[[datetime], None] = lambda _: None,
    *,
    upstream: FakeUpstream | None = UPSTREAM,
) -> Iterator[Gateway]:
    """Runs a gateway in front of an upstream; None: of nothing."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as made:
        socket_path = Path(made) / "grpc.sock"
        server = None if upstream is None else loop.run(serve(upstream, socket_path))
        door = TlsDoor(("127.0.0.1", 0), Certificates(files, SystemClock()), ends)
        gateway = gateway_for(socket_path, Path(made) / "envoy", limits=limits, tls=door)
        loop.run(gateway.start())
        try:
            yield gateway
        finally:
            loop.run(gateway.stop(grace_seconds=0))
            if server is not None:
                loop.run(server.stop(None))


def address(gateway: Gateway) -> str:
    host, port = gateway.tls_address
    return f"{host}:{port}"


def shown(gateway: Gateway) -> int:
    """The serial number of the certificate that a new client is shown."""
    pem = ssl.get_server_certificate(gateway.tls_address)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def serial(certificate: Path) -> int:
    return x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number


def rewrite(old: Path, new: Path) -> None:
    old.write_bytes(new.read_bytes())


def rename(old: Path, new: Path) -> None:
    new.replace(old)


@pytest.mark.parametrize("renew", [rewrite, rename])
def test_renewed_files_are_shown_and_connections_stay(
    loop: Loop, ca: trustme.CA, tmp_path: Path, renew: Callable[[Path, Path], None]
) -> None:
    certificate, key = issue(ca, tmp_path)
    ends: list[datetime] = []
    with listening(loop, Files(certificate, key), ends=ends.append) as gateway:
        first = shown(gateway)
        assert first == serial(certificate)
        with H2Client(address(gateway), trusting(ca)) as client:
            client.call(GET)
            renewed, its_key = issue(ca, tmp_path, "renewed")
            second = serial(renewed)
            renew(certificate, renewed)
            renew(key, its_key)

            eventually(lambda: shown(gateway) == second)
            assert client.call(GET).headers[-1]["grpc-status"] == "0"
        assert gateway.restarts == 0
    assert len(ends) == 2


def test_a_symlink_may_be_swapped_as_certbot_and_kubernetes_do(
    loop: Loop, ca: trustme.CA, tmp_path: Path
) -> None:
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        issue(ca, tmp_path / version)
    current = tmp_path / "..data"
    current.symlink_to("one")
    for name in ("server.pem", "server.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    files = Files(tmp_path / "server.pem", tmp_path / "server.key")
    with listening(loop, files) as gateway:
        assert shown(gateway) == serial(tmp_path / "one" / "server.pem")
        (tmp_path / "..new").symlink_to("two")
        os.replace(tmp_path / "..new", current)
        eventually(lambda: shown(gateway) == serial(tmp_path / "two" / "server.pem"))


@pytest.mark.parametrize("wrong", ["another key", "half a certificate", "no file"])
def test_a_wrong_renewal_is_refused_and_a_right_one_after_it_taken(
    loop: Loop, ca: trustme.CA, tmp_path: Path, wrong: str
) -> None:
    certificate, key = issue(ca, tmp_path)
    renewed, its_key = issue(ca, tmp_path, "renewed")
    with capture_logs() as logs, listening(loop, Files(certificate, key)) as gateway:
        first = shown(gateway)
        if wrong == "another key":
            rewrite(certificate, renewed)
            told = f"{key} is not the key of the certificate {certificate}"
        elif wrong == "half a certificate":
            certificate.write_bytes(renewed.read_bytes()[:200])
            told = f"{certificate}: must hold a certificate in PEM; it has none, or a broken one"
        else:
            certificate.unlink()
            told = f"{certificate}: No such file or directory"
        refused = {
            "event": "refused the renewed certificate, the previous one stays in use",
            "error": told,
            "log_level": "error",
        }
        eventually(lambda: refused in logs)
        assert shown(gateway) == first

        rewrite(certificate, renewed)
        rewrite(key, its_key)
        eventually(lambda: shown(gateway) == serial(renewed))
        assert logs.count(refused) == 1
    assert not any(b"PRIVATE KEY" in str(line).encode() for line in logs)


def test_a_renewal_outlives_envoy(loop: Loop, ca: trustme.CA, tmp_path: Path) -> None:
    certificate, key = issue(ca, tmp_path)
    with listening(loop, Files(certificate, key)) as gateway:
        renewed, its_key = issue(ca, tmp_path, "renewed")
        rewrite(certificate, renewed)
        rewrite(key, its_key)
        eventually(lambda: shown(gateway) == serial(renewed))
        before = gateway.tls_address
        assert gateway.pid is not None
        os.kill(gateway.pid, 9)
        eventually(lambda: gateway.restarts == 1)
        assert gateway.tls_address == before
        assert shown(gateway) == serial(renewed)


def test_whom_clients_are_asked_to_be_signed_by_is_renewed_too(
    loop: Loop, ca: trustme.CA, tmp_path: Path
) -> None:
    certificate, key = issue(ca, tmp_path)
    old, new = trustme.CA(), trustme.CA()
    clients = tmp_path / "clients.pem"
    clients.write_bytes(old.cert_pem.bytes())
    with listening(loop, Files(certificate, key, clients)) as gateway:

        def comes_in(signed_by: trustme.CA) -> bool:
            context = trusting(ca)
            signed_by.issue_cert("client").configure_cert(context)
            try:
                with H2Client(address(gateway), context) as client:
                    client.call(GET)
            except (Closed, OSError):  # whom a server of TLS 1.3 refuses hears it afterwards
                return False
            return True

        assert (comes_in(old), comes_in(new)) == (True, False)
        clients.write_bytes(new.cert_pem.bytes())
        eventually(lambda: comes_in(new))
        assert not comes_in(old)


def test_http2_rests_longer_than_http1_may(loop: Loop, ca: trustme.CA, tmp_path: Path) -> None:
    limits = Limits(connection_idle_seconds=1)
    context = trusting(ca)
    with (
        listening(loop, Files(*issue(ca, tmp_path)), limits) as gateway,
        H2Client(address(gateway), trusting(ca)) as resting,
        socket.create_connection(gateway.tls_address, timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as first,
    ):
        resting.call(GET)
        first.sendall(b"GET /operations/op1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while first.recv(4096):
            pass  # until the server closes: it has been idle for its second
        assert resting.call(GET).headers[-1]["grpc-status"] == "0"


def test_a_client_that_answers_no_ping_is_gone(loop: Loop, ca: trustme.CA, tmp_path: Path) -> None:
    limits = Limits(ping_seconds=1, ping_timeout_seconds=1)
    with (
        listening(loop, Files(*issue(ca, tmp_path)), limits) as gateway,
        H2Client(address(gateway), trusting(ca)) as silent,
    ):
        silent.wait_until_closed(answering=False)


def test_a_call_of_grpc_may_be_silent_for_longer_than_one_of_rest(
    loop: Loop, ca: trustme.CA, tmp_path: Path
) -> None:
    """As whoever watches health is, for days."""
    upstream = FakeUpstream()
    limits = Limits(stream_idle_seconds=1)
    with (
        listening(loop, Files(*issue(ca, tmp_path)), limits, upstream=upstream) as gateway,
        H2Client(address(gateway), trusting(ca)) as client,
    ):
        rest = Rest(gateway, upstream, loop)

        async def late() -> operation_pb2.Operation:
            await asyncio.sleep(2.5)
            return operation_pb2.Operation(id="late")

        upstream.answer = late
        assert rest.call("GET", "/operations/op1").status == 504
        assert client.call(GET).headers[-1]["grpc-status"] == "0"


def test_while_the_server_is_away_grpc_is_told_so(
    loop: Loop, ca: trustme.CA, tmp_path: Path
) -> None:
    files = Files(*issue(ca, tmp_path))
    with (
        listening(loop, files, upstream=None) as gateway,
        H2Client(address(gateway), trusting(ca)) as client,
    ):
        (trailers,) = client.call(GET).headers
    assert trailers["grpc-status"] == "14"
    assert not trailers["grpc-message"].startswith("{")
