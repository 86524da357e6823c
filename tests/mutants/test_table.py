"""docs/conformance-mutants.md says which wrong server breaks which clause; each MUST is there."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "build_mutants.py"


def test_it_is_what_the_wrong_servers_say() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
