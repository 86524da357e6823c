"""The vendors' own clients, in an environment of their own.

Their stubs and ours describe the same protos, so a test that wants both sides asks for a second
Python and talks to it as a user's program would: over the wire, or by its standard output.
"""

import fcntl
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = ROOT / "build" / "vendor-venv"
YANDEXCLOUD = "yandexcloud==0.413.0"
REQUIREMENTS = (YANDEXCLOUD, "google-api-python-client==2.202.0")


def vendor_python() -> Path:
    """The interpreter of the vendors' environment, made on first use and kept in build/."""
    python = ENVIRONMENT / "bin" / "python"
    with _only_one_process():
        if not _is_current():
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            make_environment(ENVIRONMENT, *REQUIREMENTS)
            _description_file().write_text(_description(), encoding="utf-8")
    return python


def make_environment(folder: Path, *requirements: str) -> Path:
    """A fresh virtual environment that holds the requirements; its interpreter."""
    venv.create(folder, symlinks=True)  # without pip: uv installs into it, in a moment
    python = folder / "bin" / "python"
    run(find_uv_bin(), "pip", "install", "--quiet", "--python", str(python), *requirements)
    return python


def pip(python: Path, *arguments: str) -> str:
    """Runs our pip on another environment; what it printed."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    return run(*command, *arguments)


def run(*command: str) -> str:
    """What a command printed; if it fails, the test fails with all that the command said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def _description_file() -> Path:
    # Written last, so that an environment that was interrupted in the making is made again.
    return ENVIRONMENT / "requirements.txt"


def _description() -> str:
    return "\n".join([f"# Python {sys.version}", *REQUIREMENTS, ""])


def _is_current() -> bool:
    file = _description_file()
    return file.is_file() and file.read_text(encoding="utf-8") == _description()


@contextmanager
def _only_one_process() -> Iterator[None]:
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with ENVIRONMENT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it even if we are killed
        yield
