"""One server and one target for all tests of this folder; each test has a folder of its own."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.person import Person
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
        function = "{target.url}/{{function_id}}"

        [integrations.orders]
        triggers = ["api_trigger/orders", "api_trigger/late"]
        url = "{target.url}/orders"
    """
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, http="off") as tocsin,
    ):
        yield tocsin


@pytest.fixture
def folder() -> str:
    """A folder that no other test knows."""
    return f"b1g{uuid.uuid4().hex[:17]}"


@pytest.fixture
def person(server: Tocsin, folder: str, tmp_path: Path) -> Person:
    return Person(server.grpc_address, folder, tmp_path)
