"""One server and one target for all clients; each test takes a folder or a project of its own."""

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clients.yandex.sdk import Playing, Sdk, go_sdk_v2, new_folder
from clients.yandex.servers import (
    Accounts,
    Certificates,
    Served,
    make_certificates,
    serving_accounts,
    serving_tls,
)
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving


@pytest.fixture(scope="session")
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture(scope="session")
def server(target: RecordingTarget) -> Iterator[Tocsin]:
    config = f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"

        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config) as tocsin:
        yield tocsin


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    with tempfile.TemporaryDirectory() as made:
        yield make_certificates(Path(made))


@pytest.fixture(scope="session")
def open_server(certificates: Certificates) -> Iterator[Served]:
    """Serves TLS and plaintext, and asks nobody who he is."""
    with serving_tls(certificates) as served:
        yield served


@pytest.fixture(scope="session")
def idle(open_server: Served) -> Iterator[Mapping[str, Playing]]:
    """The second Go SDK on each listener, silent for 35 seconds, while other tests run."""
    sdk = go_sdk_v2()
    plain = Sdk(("env", "PLAINTEXT=yes", *sdk.command))
    with ThreadPoolExecutor(2) as pool:
        yield {
            "tls": pool.submit(sdk.play, "idle", open_server.tls, new_folder(), open_server.ca),
            "plaintext": pool.submit(
                plain.play, "idle", open_server.plaintext, new_folder(), ca=None
            ),
        }


@pytest.fixture(scope="session")
def guarded(certificates: Certificates) -> Iterator[tuple[Served, Accounts]]:
    """Serves TLS and plaintext, and asks all who call who they are."""
    with serving_accounts(certificates) as served:
        yield served


@pytest.fixture
def folder() -> str:
    """A folder that no other test knows."""
    return f"b1g{uuid.uuid4().hex[:17]}"


@pytest.fixture
def location() -> str:
    """A location that no other test knows."""
    return f"projects/p-{uuid.uuid4().hex[:12]}/locations/local"
