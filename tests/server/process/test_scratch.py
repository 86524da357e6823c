"""What a server puts into the directory for temporary files does not stay there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.tocsin_process import serving
from tocsin.scratch import scratch_directory


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Not pytest's own: a socket's path has to be short."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def inside(temporary: Path) -> list[Path]:
    return sorted(temporary.glob("tocsin-*"))


def test_a_server_that_stops_leaves_nothing(directory: Path, temporary: Path) -> None:
    with serving(directory, http="off", environment={"TMPDIR": str(temporary)}) as tocsin:
        [made] = inside(temporary)
        assert made.stat().st_mode & 0o777 == 0o700
        assert tocsin.stop() == 0
    assert inside(temporary) == []


def test_what_a_killed_server_left_the_next_one_removes(directory: Path, temporary: Path) -> None:
    environment = {"TMPDIR": str(temporary)}
    with serving(directory, http="off", environment=environment) as killed:
        [left] = inside(temporary)
        killed.kill()
    assert inside(temporary) == [left]
    with serving(directory, http="off", environment=environment):
        [made] = inside(temporary)
        assert made != left


def test_what_a_living_server_uses_stays(temporary: Path) -> None:
    with scratch_directory(temporary) as first, scratch_directory(temporary) as second:
        assert inside(temporary) == sorted((first.path, second.path))


def test_what_only_looks_like_one_stays(temporary: Path) -> None:
    kept = temporary / "kept"
    kept.mkdir()
    (kept / "lock").touch()
    (temporary / "tocsin-serve-link").symlink_to(kept)
    (temporary / "tocsin-serve-file").touch()
    (temporary / "tocsin-serve-unlocked").mkdir(mode=0o700)
    anybodys = temporary / "tocsin-serve-anybodys"
    anybodys.mkdir()
    anybodys.chmod(0o777)
    (anybodys / "lock").touch()
    (temporary / "tocsin-postgres-x").mkdir()
    before = inside(temporary)
    with scratch_directory(temporary):
        pass
    assert inside(temporary) == before
    assert os.listdir(kept) == ["lock"]


def test_one_that_was_left_is_removed_with_all_that_is_in_it(temporary: Path) -> None:
    with scratch_directory(temporary) as made:
        copied = temporary / "tocsin-serve-left"
        shutil.copytree(made.path, copied)
        copied.chmod(0o700)
        (copied / "gateway").mkdir()
        (copied / "gateway" / "bootstrap.json").touch()
    with scratch_directory(temporary) as made:
        assert inside(temporary) == [made.path]
