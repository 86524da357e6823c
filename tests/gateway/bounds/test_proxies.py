"""Who calls, behind proxies: only those that are trusted may say it, and only as it is set."""

import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Rest, gateway_for
from tocsin.access import doors
from tocsin.gateway import Proxies

LIST = "/triggers/v1/triggers?folderId=f"
LOOPBACK = ("127.0.0.0/8",)
V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\n"
V2 = (
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"
    + socket.inet_aton("203.0.113.7")
    + socket.inet_aton("192.0.2.1")
    + struct.pack(">HH", 5000, 443)
)


@contextmanager
def behind(loop: Loop, proxies: Proxies) -> Iterator[Rest]:
    with tempfile.TemporaryDirectory(prefix="tocsin-") as made:
        upstream = FakeUpstream()
        path = Path(made) / "grpc.sock"
        server = loop.run(serve(upstream, path))
        gateway = gateway_for(path, Path(made) / "envoy", proxies=proxies)
        loop.run(gateway.start())
        try:
            yield Rest(gateway, upstream, loop)
        finally:
            loop.run(gateway.stop(grace_seconds=0))
            loop.run(server.stop(None))


def peer(rest: Rest, first: bytes = b"", forwarded: str = "") -> object:
    """Returns which address a call is said to come from; None: it is not served."""
    header = f"X-Forwarded-For: {forwarded}\r\n" if forwarded else ""
    request = f"GET {LIST} HTTP/1.1\r\nHost: localhost\r\n{header}Connection: close\r\n\r\n"
    rest.upstream.calls.clear()
    with socket.create_connection(rest.gateway.address, 30) as connection:
        try:
            connection.sendall(first + request.encode())
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
    return rest.upstream.calls[0].metadata[doors.PEER] if rest.upstream.calls else None


def test_nobody_is_believed_unless_it_is_set(loop: Loop) -> None:
    with behind(loop, Proxies()) as rest:
        assert peer(rest, forwarded="203.0.113.7") == "127.0.0.1"
        assert peer(rest, V1) is None


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 127.0.0.9", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_forwards_the_address(
    forwarding: Rest, forwarded: str, expected: str
) -> None:
    """What a client wrote to the left of it is not believed."""
    assert peer(forwarding, forwarded=forwarded) == expected


@pytest.fixture(scope="module")
def forwarding(loop: Loop) -> Iterator[Rest]:
    with behind(loop, Proxies(LOOPBACK, forwarded_for=True)) as rest:
        yield rest


def test_a_stranger_forwards_nothing(loop: Loop) -> None:
    with behind(loop, Proxies(("192.0.2.0/24",), forwarded_for=True)) as rest:
        assert peer(rest, forwarded="203.0.113.7") == "127.0.0.1"


def test_a_trusted_proxy_speaks_the_proxy_protocol(loop: Loop) -> None:
    with behind(loop, Proxies(LOOPBACK, proxy_protocol=True)) as rest:
        assert peer(rest, V1) == "203.0.113.7"
        assert peer(rest, V2) == "203.0.113.7"
        assert peer(rest, V1, forwarded="198.51.100.1") == "203.0.113.7"
        assert peer(rest) is None


def test_a_stranger_does_not(loop: Loop) -> None:
    with behind(loop, Proxies(("192.0.2.0/24",), proxy_protocol=True)) as rest:
        assert peer(rest, V1) is None
        assert peer(rest) is None
