"""Leaves the stubs out of what an editable installation needs, because the checkout has them.

So `pip install --editable .` needs no index that has `tocsin-protos`, and stubs that `make gen`
rebuilds are in force at once. uv finds them by `tool.uv.sources`.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StubsOfTheCheckout(BuildHookInterface[Any]):
    """Checks that the server needs the stubs of its own version, and drops them if editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        stubs = f"tocsin-protos=={self.metadata.version}"
        needed = self.metadata.core.dependencies
        if stubs not in needed:
            raise ValueError(f"pyproject.toml must need {stubs}, the stubs of its own version")
        if version == "editable":
            needed.remove(stubs)
