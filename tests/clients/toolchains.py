"""The toolchains of other languages, and what they build of the programs beside this file.

Downloads stay in the tools' own caches (Go's module and build caches, ~/.m2, ~/.npm). What is built
of them is kept in `build/clients`, or in the folder that TOCSIN_CLIENTS_CACHE names, and built anew
only when its sources, its locked versions or its toolchain are others.
"""

import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("TOCSIN_CLIENTS_CACHE") or ROOT / "build" / "clients")
BUILD_PATIENCE = 1200
"""Seconds that a build may take with nothing in any cache."""
PATIENCE = 60
"""Seconds that a client may take for all that it is asked."""

Json = dict[str, Any]
Make = Callable[[Path], None]

# What tells the version of each toolchain, and how it is got.
VERSION_OF = {
    "go": ("go", "version"),
    "java": ("java", "-version"),
    "javac": ("javac", "-version"),
    "mvn": ("mvn", "--version"),
    "node": ("node", "--version"),
    "npm": ("npm", "--version"),
}


def need(*commands: str) -> None:
    """Skips the test, or fails it in CI, if one of the commands is not on the path."""
    missing = [command for command in commands if shutil.which(command) is None]
    if not missing:
        return
    told = f"not installed: {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{told}; in CI all toolchains are there", pytrace=False)
    pytest.skip(told)


def run(
    *command: str | Path,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> str:
    """What a command printed; if it fails, the test fails with all that the command said."""
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )
    told = f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
    return done.stdout


def json_line(*command: str | Path, environment: Mapping[str, str] | None = None) -> Json:
    """The one JSON object that a client printed."""
    [line] = json_lines(*command, environment=environment)
    return line


def json_lines(*command: str | Path, environment: Mapping[str, str] | None = None) -> list[Json]:
    """The JSON objects that a client printed, one a line."""
    return [json.loads(line) for line in run(*command, environment=environment).splitlines()]


def built(name: str, needs: Sequence[str], inputs: Iterable[Path | str], make: Make) -> Path:
    """A folder in the cache that `make` has filled from the inputs.

    It is made anew if a version of what is needed, a text, or a file among the inputs has changed.
    A folder among them stands for all files below it.
    """
    need(*needs)
    digest = _digest([*needs], inputs)
    folder = CACHE / name
    # Beside the folder and written last, so that what was interrupted is made again.
    stamp = CACHE / f"{name}.digest"
    with _only_one_process(name):
        if not stamp.is_file() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            stamp.write_text(digest)
    return folder


def go_program(module: Path) -> Path:
    """The program of a Go module, with the versions of its go.sum."""

    def make(folder: Path) -> None:
        go_build(module, folder)

    return built(f"go-{module.name}", ["go"], [module], make) / "program"


def go_build(module: Path, into: Path) -> None:
    command = ("go", "build", "-o", into / "program", ".")
    run(*command, directory=module, patience=BUILD_PATIENCE)


def go_install(package: str, version: str) -> Path:
    """A published Go program as its users install it, with the dependencies of its release."""
    program = package.rpartition("/")[2]

    def make(folder: Path) -> None:
        command = ("go", "install", f"{package}@{version}")
        run(*command, environment={"GOBIN": str(folder)}, patience=BUILD_PATIENCE)

    return built(f"go-install-{program}", ["go"], [package, version], make) / program


def java_classpath(project: Path, protos: Path | None = None) -> str:
    """The class path of a Maven project: its classes and all that its pom.xml names.

    `protos` becomes the property of that name, by which a pom.xml tells from where to generate.
    """
    properties = [] if protos is None else [f"-Dprotos={protos}"]
    inputs = [project] if protos is None else [project, protos]

    def make(folder: Path) -> None:
        copy = folder / "project"
        shutil.copytree(project, copy)
        libraries = ("-DincludeScope=runtime", f"-DoutputDirectory={folder / 'lib'}")
        goals = ("compile", "dependency:copy-dependencies")
        command = ("mvn", "--batch-mode", "--quiet", *properties, *libraries, *goals)
        run(*command, directory=copy, patience=BUILD_PATIENCE)

    folder = built(f"java-{project.name}", ["javac", "mvn"], inputs, make)
    return f"{folder / 'project' / 'target' / 'classes'}:{folder / 'lib'}/*"


def node_project(project: Path) -> Path:
    """A copy of a Node project, with the packages of its package-lock.json."""

    def make(folder: Path) -> None:
        npm_ci(project, folder)

    return built(f"node-{project.name}", ["node", "npm"], [project], make)


def npm_ci(project: Path, into: Path) -> None:
    shutil.copytree(project, into, dirs_exist_ok=True)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    run("npm", "ci", *options, directory=into, patience=BUILD_PATIENCE)


def _digest(needs: Sequence[str], inputs: Iterable[Path | str]) -> str:
    found = hashlib.sha256()
    for command in needs:
        found.update(_version(command).encode() + b"\0")
    for each in inputs:
        for part in _parts(each):
            found.update(part + b"\0")
    return found.hexdigest()


@functools.cache
def _version(command: str) -> str:
    return run(*VERSION_OF[command])


def _parts(given: Path | str) -> Iterator[bytes]:
    if isinstance(given, str):
        yield given.encode()
        return
    found = given.rglob("*") if given.is_dir() else [given]
    files = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
    for file in sorted(files):
        yield str(file.relative_to(ROOT)).encode()
        yield file.read_bytes()


@contextmanager
def _only_one_process(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it even if we are killed
        yield
