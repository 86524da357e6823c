"""The wheels of the server and of its stubs, and an environment with both and a vendor's SDK."""

import sys
from pathlib import Path

import pytest

from stand.vendors.environment import ROOT, YANDEXCLOUD, make_environment, run


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what a release has, both wheels among it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, str(ROOT / "release" / "build_release.py"), "--untried", str(folder))
    return folder


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
