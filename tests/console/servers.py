"""Servers with targets and queues, as tests of the page need them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stand.apis.steering import REGION, QueueService
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving


@contextmanager
def served(
    target: RecordingTarget, queues: QueueService, database: str | None = None
) -> Iterator[Tocsin]:
    """Runs a server on SQLite, or on the database that is named."""
    config = f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"
        container = "{target.url}/containers/{{container_id}}"

        [dead_letters]
        endpoint = "{queues.url}"
        region = "{REGION}"
        access_key_id = "id"
        secret_access_key = "key"

        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """
    options = [] if database is None else ["--database", database]
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *options) as tocsin,
    ):
        yield tocsin
