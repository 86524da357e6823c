"""The wheels of the server and of its stubs, and an environment with both and a vendor's SDK."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from stand.vendors.environment import ROOT, YANDEXCLOUD, make_environment, run


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what a release has, both wheels among it; built once for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "dist"
    with (folder.parent / "dist.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "SHA256SUMS").exists():
            (folder.parent / "commit").write_text(head())
            release = str(ROOT / "release" / "build_release.py")
            run(sys.executable, release, "--untried", str(folder))
    return folder


@pytest.fixture(scope="session")
def commits(wheels: Path) -> set[str]:
    """What was checked out before the wheels were built, and what is now: somebody may commit."""
    return {(wheels.parent / "commit").read_text(), head()}


def head() -> str:
    return run("git", "-C", str(ROOT), "rev-parse", "HEAD").strip()


@pytest.fixture(scope="session")
def server_wheel(wheels: Path) -> Path:
    (built,) = wheels.glob("tocsin-*.whl")
    return built


@pytest.fixture(scope="session")
def stubs_wheel(wheels: Path) -> Path:
    (built,) = wheels.glob("tocsin_protos-*.whl")
    return built


@pytest.fixture(scope="session")
def python(server_wheel: Path, stubs_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds both wheels and the vendor's SDK."""
    folder = tmp_path_factory.mktemp("both")
    return make_environment(folder, YANDEXCLOUD, f"{server_wheel}[pytest,rest]", str(stubs_wheel))
