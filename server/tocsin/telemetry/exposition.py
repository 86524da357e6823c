"""Prometheus fetches the metrics over HTTP, from the server of its own client library.

That one runs in a thread of its own, so it answers even when the event loop does not.
"""

import asyncio

from prometheus_client import CollectorRegistry, start_http_server


class Exposition:
    """Serves one registry until it is closed."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """Listens at once; port 0 picks a free one.

        Raises:
            OSError: nothing can listen there.
        """
        self._server, self._thread = start_http_server(port, host, registry)
        self.port: int = self._server.server_port

    async def close(self) -> None:
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()
        self._thread.join()
