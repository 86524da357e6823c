"""A `curl` for machines that have none."""

import os
import shutil
import sys
from pathlib import Path

CURL = Path(__file__).with_name("curl.py")


def path_with_curl(directory: Path) -> str:
    """Returns a PATH with the environment's programs, and a stand-in where there is no curl."""
    if shutil.which("curl") is None:
        stand_in = directory / "curl"
        stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{CURL}" "$@"\n')
        stand_in.chmod(0o755)
    return os.pathsep.join([str(Path(sys.executable).parent), str(directory), os.environ["PATH"]])
