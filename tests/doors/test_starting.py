"""Which doors a server opens, and what it refuses to open them with."""

import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from grpc_health.v1 import health_pb2, health_pb2_grpc

from doors.slow_start import starting_slowly
from stand.all_doors import Doors
from stand.apis.wire import send
from stand.certificates import issue
from stand.processes import eventually, is_running
from stand.tocsin_process import run_tocsin, serve_command, serving


def refused(directory: Path, *options: str) -> str:
    tls = () if "--tls" in options else ("--tls", "127.0.0.1:0")
    ended = run_tocsin(*serve_command(directory, "", *tls, *options, http="off")[1:])
    assert (ended.status, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_tls_alone_is_enough(directory: Path, certificates: Path) -> None:
    options = (*Doors.options(certificates), "--listen", "off")
    with serving(directory, "", *options, http="off") as server:
        assert re.fullmatch(r"ready grpc=off http=off tls=127\.0\.0\.1:[1-9]\d*", server.ready)
        doors = Doors(server, certificates)
        assert doors.send("GET", "/endpoints").status == 200
        with doors.channel() as channel:
            health = health_pb2_grpc.HealthStub(channel)
            watched = health.Watch(health_pb2.HealthCheckRequest())
            assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
            server.process.send_signal(signal.SIGTERM)
            assert [each.status for each in watched] == [
                health_pb2.HealthCheckResponse.NOT_SERVING
            ], "who watches is told, and let go"
        assert server.process.wait(30) == 0


def test_who_is_ready_is_healthy_though_the_machine_is_busy(directory: Path) -> None:
    with starting_slowly(directory, http="127.0.0.1:0") as server:
        asked = [send(server.http_address, "GET", "/healthz").status for _ in range(100)]
        assert set(asked) == {200}


def test_who_is_ready_is_healthy_over_tls_alone(directory: Path, certificates: Path) -> None:
    options = (*Doors.options(certificates), "--listen", "off")
    with starting_slowly(directory, *options, http="off") as server:
        doors = Doors(server, certificates)
        asked = [doors.send("GET", "/healthz").status for _ in range(100)]
        assert set(asked) == {200}


def test_after_kill_9_no_envoy_is_left(directory: Path, certificates: Path) -> None:
    with serving(directory, "", *Doors.options(certificates), http="off") as server:
        (envoy,) = server.children()
        server.kill()
    eventually(lambda: not is_running(envoy))


def test_nothing_served_is_refused(directory: Path) -> None:
    told = refused(directory, "--listen", "off", "--tls", "off")
    assert "listen, http, tls: at least one of the three must be on" in told


@pytest.mark.parametrize("given", [(), ("--tls-cert",), ("--tls-key",)])
def test_tls_without_its_files_is_refused(directory: Path, given: tuple[str, ...]) -> None:
    missing = [
        name for name in ("tls_cert", "tls_key") if f"--{name.replace('_', '-')}" not in given
    ]
    told = refused(directory, *(word for option in given for word in (option, "file.pem")))
    assert f"{', '.join(missing)}: TLS needs a certificate and its key" in told


def test_files_that_can_not_be_used_are_named(directory: Path) -> None:
    ca = trustme.CA()
    certificate, key = issue(ca, directory)
    _, other = issue(ca, directory, "other")
    weak = directory / "weak.key"
    weak.write_bytes(
        rsa.generate_private_key(65537, 1024).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )

    def told(tls_cert: Path, tls_key: Path, *more: str) -> str:
        return refused(directory, "--tls-cert", str(tls_cert), "--tls-key", str(tls_key), *more)

    absent = directory / "absent.pem"
    assert f"TLS can't be served: {absent}: No such file" in told(absent, key)
    assert f"{other} is not the key of the certificate {certificate}" in told(certificate, other)
    assert f"{key}: must hold a certificate in PEM" in told(key, key)
    assert f"{certificate}: must hold a private key in PEM" in told(certificate, certificate)
    assert f"{weak}: an RSA key must have at least 2048 bits, this one has 1024" in told(
        certificate, weak
    )
    told_of_ca = told(certificate, key, "--client-ca", str(key))
    assert f"{key}: must hold a certificate in PEM" in told_of_ca


def test_a_certificate_that_ends_soon_is_warned_of_and_shown_as_a_metric(directory: Path) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    certificate, key = issue(trustme.CA(), directory, ends=ends)
    options = ("--tls", "127.0.0.1:0", "--tls-cert", str(certificate), "--tls-key", str(key))
    with serving(directory, "", *options, "--metrics", "127.0.0.1:0", http="off") as server:
        eventually(lambda: "the certificate ends soon: renew it" in server.log.read_text())
        assert ends.isoformat() in server.log.read_text()
        metrics = send(server.address("metrics"), "GET", "/metrics").text
    (line,) = re.findall(
        r"^tocsin_tls_certificate_expiration_timestamp_seconds (.*)$", metrics, re.M
    )
    assert float(line) == ends.timestamp()


def test_tls_beyond_loopback_is_refused_unless_told(directory: Path, certificates: Path) -> None:
    told = refused(directory, *Doors.options(certificates, "0.0.0.0:0"))
    assert "--tls 0.0.0.0 can be reached from other machines" in told
    assert "--access" in told
    assert "--allow-unauthenticated" in told


def test_a_port_that_is_taken_is_told(directory: Path, doors: Doors) -> None:
    told = refused(directory, *Doors.options(doors.certificates, doors.tls_address))
    assert f"can't listen for TLS on {doors.tls_address}: Address already in use" in told
    assert "--tls" in told


def test_without_ca_a_command_tells_that_nobody_answers(doors: Doors) -> None:
    ended = run_tocsin("triggers", "list", "--folder", "f", "--server", doors.tls_address)
    assert ended.status == 1
    assert "UNAVAILABLE" in ended.stderr


@pytest.mark.parametrize("how", ["option", "variable"])
def test_commands_speak_tls_where_they_are_given_a_ca(doors: Doors, how: str) -> None:
    options = ("--ca", str(doors.ca)) if how == "option" else ()
    environment = {} if options else {"TOCSIN_CA": str(doors.ca)}
    address = f"localhost:{doors.tls_port}"
    listing = ("triggers", "list", "--folder", "none", "--server", address)
    ended = run_tocsin(*listing, *options, environment=environment)
    assert (ended.status, ended.stderr) == (0, "")


def test_a_ca_that_is_not_there_is_told(doors: Doors) -> None:
    ended = run_tocsin("triggers", "list", "--folder", "f", "--ca", "/nowhere/ca.pem")
    assert ended.status == 2
    assert "/nowhere/ca.pem: No such file" in ended.stderr


def test_mtls_is_asked_of_grpc_and_rest(directory: Path) -> None:
    ca, clients = trustme.CA(), trustme.CA()
    certificate, key = issue(ca, directory)
    (directory / "clients.pem").write_bytes(clients.cert_pem.bytes())
    client_certificate, client_key = issue(clients, directory, "client")
    options = ("--tls", "127.0.0.1:0", "--tls-cert", str(certificate), "--tls-key", str(key))
    client_ca = ("--client-ca", str(directory / "clients.pem"))
    request = health_pb2.HealthCheckRequest()
    with serving(directory, "", *options, *client_ca, http="off") as server:
        address, trusted = server.address("tls"), ca.cert_pem.bytes()
        shown = grpc.ssl_channel_credentials(
            trusted, client_key.read_bytes(), client_certificate.read_bytes()
        )
        with grpc.secure_channel(address, shown) as channel:
            assert health_pb2_grpc.HealthStub(channel).Check(request).status == 1
        unknown = grpc.ssl_channel_credentials(trusted, key.read_bytes(), certificate.read_bytes())
        for credentials in (grpc.ssl_channel_credentials(trusted), unknown):
            with (
                grpc.secure_channel(address, credentials) as channel,
                pytest.raises(grpc.RpcError) as without,
            ):
                health_pb2_grpc.HealthStub(channel).Check(request)
            assert without.value.code() == grpc.StatusCode.UNAVAILABLE
