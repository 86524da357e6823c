"""One fake gRPC server and one real gateway per test module, on an event loop in a thread."""

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.fake_upstream import FakeUpstream, serve
from gateway.grpc_gateway import GrpcGateway, serving
from gateway.grpc_gateway_differences import difference
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Envoy runs all tests; a module that names others in GATEWAYS runs with each of them."""
    if "gateway_kind" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "GATEWAYS", ("envoy",))
        metafunc.parametrize("gateway_kind", kinds, scope="module")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """What grpc-gateway can't do is shown by its failing, so that the list of it stays true."""
    reason = difference(pyfuncitem.name)
    if reason is None:
        return (yield)
    try:
        yield
    except (AssertionError, KeyError):
        return True
    pytest.fail(f"it was to fail with grpc-gateway, since {reason}")


@pytest.fixture(scope="module")
def gateway_and_upstream(
    loop: Loop, gateway_kind: str
) -> Iterator[tuple[Gateway | GrpcGateway, FakeUpstream]]:
    with tempfile.TemporaryDirectory(prefix="tocsin-") as made:
        upstream = FakeUpstream()
        socket = Path(made) / "grpc.sock"
        server = loop.run(serve(upstream, socket))
        gateways = {"envoy": envoy, "grpc-gateway": grpc_gateway}
        with gateways[gateway_kind](loop, socket) as gateway:
            yield gateway, upstream
        loop.run(server.stop(None))


@contextmanager
def envoy(loop: Loop, socket: Path) -> Iterator[Gateway]:
    gateway = gateway_for(socket, socket.parent / "envoy")
    loop.run(gateway.start())
    yield gateway
    loop.run(gateway.stop(grace_seconds=0))


@contextmanager
def grpc_gateway(loop: Loop, socket: Path) -> Iterator[GrpcGateway]:
    with serving(f"unix://{socket}") as gateway:
        yield gateway


@pytest.fixture
def rest(gateway_and_upstream: tuple[Gateway | GrpcGateway, FakeUpstream], loop: Loop) -> Rest:
    gateway, upstream = gateway_and_upstream
    upstream.calls.clear()
    upstream.answer = None
    return Rest(gateway, upstream, loop)
