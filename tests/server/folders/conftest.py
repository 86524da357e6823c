"""A server on each store, on whose clock nothing ticks unless a test fires it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.apis.steering import QueueService, Steering
from stand.apis.tocsin import TocsinRest
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def tables(
    request: pytest.FixtureRequest, target: RecordingTarget, postgres: PostgresServer
) -> Iterator[Tocsin]:
    config = f"""
        [targets]
        function = "{target.url}/{{function_id}}"
    """
    on_postgres = request.param == "postgresql"
    store = ("--database", postgres.new_database()) if on_postgres else ()
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config, *store) as server:
        yield server


@pytest.fixture
def here(tables: Tocsin, target: RecordingTarget, queues: QueueService, folder: str) -> Steering:
    return Steering(tables, TocsinRest(tables.http_address), target, queues, folder)
