"""Every test that asks for `url` runs on both stores, and one that asks for `other` has a second
store, of the kind that it says."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stand.recording_target import RecordingTarget


@pytest.fixture
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture
def new_store(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Returns the URL of a store of a kind that does not exist yet."""
    made: list[str] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            made.append(f"sqlite:///{tmp_path}/store-{len(made)}/tocsin.db")
            return made[-1]
        new: str = request.getfixturevalue("postgres").new_database()
        return new

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, new_store: Callable[[str], str]) -> str:
    return new_store(kind)
