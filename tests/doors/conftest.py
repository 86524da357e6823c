"""One server with all its doors open: gRPC, REST, and both over TLS, by `tocsin dev-certs`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from stand.all_doors import LARGEST, Doors, made_certificates
from stand.tocsin_process import serving


@pytest.fixture(scope="session")
def certificates() -> Iterator[Path]:
    """The directory that `tocsin dev-certs` has filled."""
    with tempfile.TemporaryDirectory() as made:
        yield made_certificates(Path(made), "*.api.cloud.yandex.net")


@pytest.fixture(scope="session")
def doors(certificates: Path) -> Iterator[Doors]:
    config = f"max_request_bytes = {LARGEST}"
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *Doors.options(certificates)) as server,
    ):
        yield Doors(server, certificates)


@pytest.fixture(params=["plaintext", "tls"])
def channel(request: pytest.FixtureRequest, doors: Doors) -> Iterator[grpc.Channel]:
    """Each test that asks for it runs over both doors of gRPC."""
    with doors.channel() if request.param == "tls" else doors.server.channel() as channel:
        yield channel


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty directory, for a server of the test's own."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)
