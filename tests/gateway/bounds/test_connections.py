"""Connections of one address: so many and no more, and none that stays silent."""

import base64
import http.client
import resource
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import trustme
import wasmtime

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, gateway_for
from stand.certificates import issue, trusting
from stand.processes import eventually
from tocsin.gateway import (
    Certificates,
    ConnectionBounds,
    Files,
    Gateway,
    Limits,
    Proxies,
    TlsDoor,
)
from tocsin.gateway.bounds import connections
from tocsin.schedule import SystemClock

MOST = 40
WORKERS = 4
FLOOD = 10_050
PATH = "/triggers/v1/triggers?folderId=f"
NEIGHBOUR = ("127.0.0.2", 0)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@contextmanager
def running(
    loop: Loop,
    ca: trustme.CA,
    bounds: ConnectionBounds,
    first_seconds: int = 30,
    proxies: Proxies | None = None,
) -> Iterator[Gateway]:
    with tempfile.TemporaryDirectory(prefix="tocsin-") as made:
        directory = Path(made)
        server = loop.run(serve(FakeUpstream(), directory / "grpc.sock"))
        certificates = Certificates(Files(*issue(ca, directory)), SystemClock())
        gateway = gateway_for(
            directory / "grpc.sock",
            directory / "envoy",
            limits=Limits(headers_seconds=first_seconds),
            tls=TlsDoor(("127.0.0.1", 0), certificates),
            connections=bounds,
            proxies=proxies,
            concurrency=WORKERS,
        )
        loop.run(gateway.start())
        try:
            yield gateway
        finally:
            loop.run(gateway.stop(grace_seconds=0))
            loop.run(server.stop(None))


@pytest.fixture(scope="module")
def bounded(loop: Loop, ca: trustme.CA) -> Iterator[Gateway]:
    with running(loop, ca, ConnectionBounds(MOST, exempt=())) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def impatient(loop: Loop, ca: trustme.CA) -> Iterator[Gateway]:
    with running(loop, ca, ConnectionBounds(MOST, exempt=()), first_seconds=1) as gateway:
        yield gateway


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def answers(gateway: Gateway, source: tuple[str, int] | None = None) -> bool:
    host, port = gateway.address
    connection = http.client.HTTPConnection(host, port, timeout=30, source_address=source)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status == 200
    except (http.client.HTTPException, OSError):
        return False
    finally:
        connection.close()


def open_silently(
    stack: ExitStack, doors: list[tuple[str, int]], number: int
) -> list[socket.socket]:
    return [
        stack.enter_context(socket.create_connection(doors[each % len(doors)], 30))
        for each in range(number)
    ]


def test_an_address_has_so_many_and_others_are_served(bounded: Gateway) -> None:
    """All of them are silent, at both listeners, in any worker; each refused one is closed."""
    doors = [bounded.address, bounded.tls_address]
    with ExitStack() as stack:
        connections: list[socket.socket] = []

        def all_are_taken() -> bool:
            # One of before may still have been counted when these were opened.
            connections.extend(open_silently(stack, doors, MOST + 30 - len(connections)))
            connections[:] = [each for each in connections if is_open(each)]
            return len(connections) == MOST

        eventually(all_are_taken)
        assert not answers(bounded)
        assert answers(bounded, NEIGHBOUR)
    eventually(lambda: answers(bounded))


def test_ten_thousand_silent_ones_of_an_address_keep_nobody_else_out(
    loop: Loop, ca: trustme.CA
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * FLOOD), hard))
    try:
        with running(loop, ca, ConnectionBounds(exempt=())) as gateway, ExitStack() as stack:
            flood = open_silently(stack, [gateway.address, gateway.tls_address], FLOOD)
            assert answers(gateway, NEIGHBOUR)
            most = ConnectionBounds().of_address
            eventually(lambda: sum(map(is_open, flood)) <= most)
            assert answers(gateway, NEIGHBOUR)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("door", "sent"), [("rest", b""), ("rest", b"G"), ("tls", b""), ("tls", b"\x16\x03\x01")]
)
def test_a_connection_that_says_nothing_whole_is_closed(
    impatient: Gateway, door: str, sent: bytes
) -> None:
    address = impatient.address if door == "rest" else impatient.tls_address
    with socket.create_connection(address, 30) as it:
        it.sendall(sent)
        while it.recv(4096):
            pass


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_one_that_is_silent_after_its_handshake_is_closed(
    impatient: Gateway, ca: trustme.CA, protocol: str
) -> None:
    context = trusting(ca)
    context.set_alpn_protocols([protocol])
    with (
        socket.create_connection(impatient.tls_address, 30) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as it,
    ):
        while it.recv(4096):
            pass


def test_one_that_has_said_something_stays(impatient: Gateway) -> None:
    """It outlives silent ones that came after it."""
    host, port = impatient.address
    talking = http.client.HTTPConnection(host, port, timeout=30)
    for _ in range(2):
        talking.request("GET", PATH)
        assert talking.getresponse().read()
        kept = talking.sock
        with socket.create_connection(impatient.address, 30) as silent:
            assert silent.recv(1) == b""
    assert talking.sock is kept
    assert is_open(kept)
    talking.close()


def test_what_comes_and_goes_is_not_counted_for_ever(bounded: Gateway) -> None:
    for _ in range(5):
        with ExitStack() as stack:
            for _ in range(MOST):
                stack.enter_context(socket.create_connection(bounded.address, 30)).close()
        eventually(lambda: answers(bounded))


def test_an_exempt_address_has_any_number(loop: Loop, ca: trustme.CA) -> None:
    with (
        running(loop, ca, ConnectionBounds(1, exempt=("127.0.0.1/32",))) as gateway,
        ExitStack() as stack,
    ):
        opened = [stack.enter_context(socket.create_connection(gateway.address)) for _ in range(50)]
        assert answers(gateway)
        assert all(is_open(each) for each in opened)
        stack.enter_context(socket.create_connection(gateway.address, 30, NEIGHBOUR))
        assert not answers(gateway, NEIGHBOUR)


def test_behind_a_proxy_the_client_that_it_names_is_counted(loop: Loop, ca: trustme.CA) -> None:
    """Of IPv6 the network of 64 bits; what is exempt is told by the named address, too."""
    proxies = Proxies(("127.0.0.1/32",), proxy_protocol=True)
    bounds = ConnectionBounds(2, exempt=("2001:db8:9::/48", "198.51.100.0/25"))

    def named(stack: ExitStack, gateway: Gateway, *addresses: str) -> list[socket.socket]:
        opened = open_silently(stack, [gateway.address], len(addresses))
        for connection, address in zip(opened, addresses, strict=True):
            family, to = ("TCP6", "2001:db8::1") if ":" in address else ("TCP4", "192.0.2.1")
            connection.sendall(f"PROXY {family} {address} {to} 5000 80\r\n".encode())
        return opened

    with running(loop, ca, bounds, proxies=proxies) as gateway, ExitStack() as stack:
        exempt = named(stack, gateway, *["2001:db8:9:1::1", "198.51.100.7"] * 4)
        for addresses in (
            ("2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::"),
            ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
            ("198.51.100.128", "198.51.100.128", "198.51.100.128"),
        ):
            opened = named(stack, gateway, *addresses * 4)
            # Of an address that is new, each further worker may let one more in.
            eventually(lambda opened=opened: 2 <= sum(map(is_open, opened)) < 2 + WORKERS)
        assert all(map(is_open, exempt))


def test_a_program_that_fails_keeps_nobody_out(
    loop: Loop, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then an address has no bound of its own; Envoy's log says that the program failed.

    Envoy ends the connection with which a worker's program failed, and no other.
    """
    source = (Path(connections.__file__).parent / "connections.wat").read_text()
    first_step = "(local.set $at (call $find (local.get $context) (i32.const 0)))"
    assert source.count(first_step) == 1
    broken = wasmtime.wat2wasm(source.replace(first_step, "unreachable"))
    monkeypatch.setattr(connections, "_program", lambda: base64.b64encode(broken).decode())
    with running(loop, ca, ConnectionBounds(1, exempt=())) as gateway, ExitStack() as stack:
        open_silently(stack, [gateway.address], 2 * WORKERS)
        unanswered = [each for each in range(5 * WORKERS) if not answers(gateway)]
        assert len(unanswered) <= WORKERS
