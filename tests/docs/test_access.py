"""docs/access.md says of roles and methods what the code enforces."""

import subprocess
import sys

from docs.markdown import ROOT


def test_it_is_what_the_code_says() -> None:
    script = ROOT / "docs" / "build_access.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
