"""Pins the stubs to the server's version, and writes into what is built of which commit it is.

An editable installation leaves the stubs out of what it needs, because the checkout has them. So
`pip install --editable .` needs no index that has `tocsin-protos`, and stubs that `make gen`
rebuilds are in force at once. uv finds them by `tool.uv.sources`.
"""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STUBS = "tocsin-protos"
COMMIT = "server/tocsin/commit.txt"
PLACES = {"wheel": "tocsin/commit.txt", "sdist": COMMIT}


class ThisRelease(BuildHookInterface[Any]):
    """Gives a wheel the stubs of its own version, and its commit."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Changes what is needed, and adds the file of the commit.

        Args:
            version: `editable` or `standard`.
            build_data: its `force_include` maps files to their places.
        """
        if version == "editable":
            self.metadata.core.dependencies.remove(STUBS)
            return
        if self.target_name == "wheel":
            pinned = f"{STUBS}=={self.metadata.version}"
            needed = self.metadata.core.dependencies
            needed[needed.index(STUBS)] = pinned
        if (commit := self._commit()) is not None:
            build_data["force_include"][str(commit)] = PLACES[self.target_name]

    def _commit(self) -> Path | None:
        """Writes the commit into a file outside of the checkout's sources.

        Returns None in a tree that is not a checkout, such as that of an sdist, which has the file.
        """
        root = Path(self.root)
        if not (root / ".git").exists():
            return None
        asked = ["git", "-C", self.root, "rev-parse", "HEAD"]
        commit = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603
        file = root / "build" / "commit.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(commit.stdout)
        return file
