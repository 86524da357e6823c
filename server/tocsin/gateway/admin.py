"""Calls Envoy's admin interface over its private Unix socket."""

from pathlib import Path

import aiohttp

from tocsin.gateway.bootstrap import STAT_PREFIX
from tocsin.gateway.routes import CALLS

_TIMEOUT = aiohttp.ClientTimeout(total=5)


class Admin:
    """Calls the admin interface of one Envoy.

    Every method raises aiohttp.ClientError or TimeoutError if Envoy does not answer.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def ports(self) -> dict[str, int] | None:
        """Returns the port of each listener by name; None until Envoy is ready for calls."""
        async with self._session() as session:
            async with session.get("/ready") as ready:
                if ready.status != 200:
                    return None
            async with session.get("/listeners?format=json") as listeners:
                status = await listeners.json(content_type=None)
        return {
            listener["name"]: listener["local_address"]["socket_address"]["port_value"]
            for listener in status.get("listener_statuses", ())
        }

    async def drain(self) -> None:
        """Refuses new connections, and closes each open one after the answer it waits for."""
        async with self._session() as session:
            for command in ("/healthcheck/fail", "/drain_listeners"):
                async with session.post(command) as answer:
                    answer.raise_for_status()

    async def active_requests(self) -> int:
        """Returns how many requests are being answered."""
        return await self._stat(f"http.{STAT_PREFIX}.downstream_rq_active")

    async def finds_server(self) -> bool:
        """Returns whether the gRPC server passed Envoy's latest check, and `/healthz` is 200."""
        return await self._stat(f"cluster.{CALLS}.membership_healthy") > 0

    async def _stat(self, name: str) -> int:
        async with (
            self._session() as session,
            session.get("/stats", params={"filter": f"^{name}$", "format": "json"}) as answer,
        ):
            stats = (await answer.json(content_type=None))["stats"]
        return sum(stat["value"] for stat in stats)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(path=str(self._socket))
        return aiohttp.ClientSession("http://envoy", connector=connector, timeout=_TIMEOUT)
