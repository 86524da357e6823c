"""The test that docs/testing.md shows passes."""

import os
import subprocess
import sys
from pathlib import Path

from docs.markdown import ROOT, blocks


def test_what_is_shown_passes(tmp_path: Path) -> None:
    [shown] = blocks(ROOT / "docs" / "testing.md", "python")
    file = tmp_path / "test_report.py"
    file.write_text(shown.code)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
