"""Tells which Tocsin this is: its version and its commit."""

import os
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parents[1]
_GIT_SECONDS = 5


def tocsin_version() -> str:
    """Returns the version of the installed distribution."""
    # Slow to import, and most commands do not ask.
    from importlib.metadata import version

    return version("tocsin")


def commit() -> str | None:
    """Returns the commit of which this program was built, or on which its checkout stands.

    Returns None if neither is known: the program is a copy without a repository.
    """
    try:
        return (PACKAGE / "commit.txt").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return _commit_of_checkout()


def _commit_of_checkout() -> str | None:
    if not (CHECKOUT / ".git").exists():
        return None
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        asked = subprocess.run(  # noqa: S603 (no argument of a stranger's)
            [*command, "--exclude", "*"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_GIT_SECONDS,
            # It must not lock the index, for which somebody's commit would fail.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):  # no git, or not its owner's checkout
        return None
    return asked.stdout.strip()
