"""A target for the servers of these tests, and an empty directory for each."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.recording_target import RecordingTarget


@pytest.fixture
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture
def config(target: RecordingTarget) -> str:
    return f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"

        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """
