"""Three real servers on one PostgreSQL, and the target that all of them call."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving

NODES = 3


@dataclass(frozen=True)
class Cluster:
    nodes: list[Tocsin]
    target: RecordingTarget
    postgres: PostgresServer
    database: str

    def execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return self.postgres.execute(self.database, statement, *values)


@pytest.fixture
def cluster(postgres: PostgresServer, tmp_path: Path) -> Iterator[Cluster]:
    """The nodes start at once, on a database that is empty."""
    url = postgres.new_database()
    target = RecordingTarget()
    config = f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"

        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """
    with ExitStack() as stack:
        stack.callback(target.close)
        directories = [tmp_path / str(number) for number in range(NODES)]
        for directory in directories:
            directory.mkdir()
        starting = [serving(each, config, "--database", url, http="off") for each in directories]
        with ThreadPoolExecutor(NODES) as pool:
            nodes = list(pool.map(stack.enter_context, starting))
        yield Cluster(nodes, target, postgres, url.rpartition("/")[2])
