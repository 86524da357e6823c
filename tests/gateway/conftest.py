"""One fake gRPC server and one real Envoy per test module, on an event loop in a thread."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Rest, gateway_for
from tocsin.gateway import Gateway


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose path leaves room for a Unix socket's name, as pytest's may not."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def gateway_and_upstream(loop: Loop) -> Iterator[tuple[Gateway, FakeUpstream]]:
    with tempfile.TemporaryDirectory(prefix="tocsin-") as made:
        upstream = FakeUpstream()
        socket = Path(made) / "grpc.sock"
        server = loop.run(serve(upstream, socket))
        gateway = gateway_for(socket, Path(made) / "envoy")
        loop.run(gateway.start())
        yield gateway, upstream
        loop.run(gateway.stop(grace_seconds=0))
        loop.run(server.stop(None))


@pytest.fixture
def rest(gateway_and_upstream: tuple[Gateway, FakeUpstream], loop: Loop) -> Rest:
    gateway, upstream = gateway_and_upstream
    upstream.calls.clear()
    upstream.answer = None
    return Rest(gateway, upstream, loop)
