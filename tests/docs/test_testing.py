"""The tests that the pages show pass."""

import os
import subprocess
import sys
from pathlib import Path

from docs.markdown import README, ROOT, blocks


def test_what_is_shown_passes(tmp_path: Path) -> None:
    pages = (README, ROOT / "docs" / "testing.md")
    shown = [
        block for page in pages for block in blocks(page, "python") if "def test_" in block.code
    ]
    assert len(shown) == 5
    for block in shown:
        # The vendor's SDK is in an environment of its own: tests/packaging/ runs its example.
        if "yandexcloud" not in block.code:
            (tmp_path / f"test_line_{block.line}.py").write_text(block.code)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
