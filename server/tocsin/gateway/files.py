"""Writes files that a running Envoy reads."""

import os
from pathlib import Path


def replace_file(file: Path, content: str) -> None:
    """Replaces a file in one step: Envoy reads it again when another is moved over it."""
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(content)
    unfinished.replace(file)
