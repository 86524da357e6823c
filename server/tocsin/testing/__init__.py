"""Tests triggers of your own: the pytest fixture `tocsin` is in `plugin`.

Nothing here imports the server, gRPC or stubs: a test's process may hold a vendor's SDK, whose
descriptors must stay the only ones in it. The server runs in a process of its own (`process/`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.testing.deliveries import ANYTHING, Delivery
    from tocsin.testing.failure import TocsinError
    from tocsin.testing.scene import Tocsin
    from tocsin.testing.triggers import Trigger

__all__ = ["ANYTHING", "Delivery", "Tocsin", "TocsinError", "Trigger"]

_MODULES = {
    "ANYTHING": "deliveries",
    "Delivery": "deliveries",
    "Tocsin": "scene",
    "TocsinError": "failure",
    "Trigger": "triggers",
}


def __getattr__(name: str) -> Any:
    """Imports a name when it is used: pytest imports this package in each of its runs."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
