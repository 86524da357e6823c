"""Bounds what one neighbour gets done in a turn of an Envoy worker, before others have theirs.

By default a worker accepts all that waits at a listener, and answers all requests that it has read
from a connection. A burst of either then takes half a second, in which nobody else is served.
"""

from typing import Final

CONNECTIONS: Final = 4
"""Most connections that a listener accepts in a turn."""

REQUESTS: Final = 1
"""Most requests of a connection that begin in a turn."""
