"""pyproject.toml: it can be installed where the pages say, and its lower bounds are true."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from uv import find_uv_bin

from stand.vendors.environment import ROOT

PYTHONS = ("3.11", "3.13")
EVERYWHERE = [
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
]
WITH_REST = ["x86_64-manylinux_2_31", "aarch64-manylinux_2_31", "aarch64-apple-darwin"]


def resolved(
    platform: str, python: str, requirements: list[str]
) -> subprocess.CompletedProcess[str]:
    """Resolves requirements to wheels of a platform, as its installer would."""
    command = [find_uv_bin(), "pip", "compile", "--quiet", "--only-binary", ":all:", "-"]
    return subprocess.run(
        [*command, "--python-platform", platform, "--python-version", python],
        input="\n".join(requirements),
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "15.0"},
        capture_output=True,
        text=True,
        check=False,
    )


def required(*extras: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"]]
    for extra in extras:
        listed += project["optional-dependencies"][extra]
    return [each for each in listed if Requirement(each).name != "tocsin-protos"]


@pytest.mark.parametrize("platform", EVERYWHERE)
def test_the_server_and_its_extras_have_wheels_for_each_platform(platform: str) -> None:
    for python in PYTHONS:
        done = resolved(platform, python, required("otel", "pytest", "conformance"))
        assert done.returncode == 0, done.stderr
        assert ("uvloop" in done.stdout) is ("windows" not in platform)


@pytest.mark.parametrize("platform", WITH_REST)
def test_rest_has_wheels_where_the_pages_say(platform: str) -> None:
    for python in PYTHONS:
        done = resolved(platform, python, required("rest"))
        assert done.returncode == 0, done.stderr


def test_the_oldest_libraries_that_are_allowed_work(wheels: Path) -> None:
    command = [sys.executable, str(ROOT / "release" / "try_wheels.py"), str(wheels)]
    command += ["--resolution", "lowest-direct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a trigger fired, seen over gRPC and REST" in done.stdout
