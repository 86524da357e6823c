"""Serves `grpc.health.v1.Health`.

The servicer of grpcio-health-checking forgets the second watcher of a service when the first one
leaves, and makes a server that stops wait for its watchers.
"""

import asyncio
from collections.abc import Iterable

import grpc
from grpc_health.v1 import health_pb2 as contract
from grpc_health.v1 import health_pb2_grpc

from tocsin.wire.streams import StreamBounds, Streams

Context = grpc.aio.ServicerContext[contract.HealthCheckRequest, contract.HealthCheckResponse]
WHOLE_SERVER = ""

# A client watches once on each of its channels; behind a load balancer many share an address.
WATCHERS = StreamBounds(of_peer=128, of_all=1024)


class Health(health_pb2_grpc.HealthServicer):
    """Reports the health of all services, which is that of the store and the process."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset((WHOLE_SERVER, *services))
        self._serving = True
        self._stopping = False
        self._changed = asyncio.Event()
        self._watchers = Streams(WATCHERS)

    def set(self, *, serving: bool) -> None:
        self._serving = serving
        self._tell()

    def stop(self) -> None:
        """Reports NOT_SERVING to all watchers, and ends their streams."""
        self._stopping = True
        self._tell()

    async def Check(  # noqa: N802
        self, request: contract.HealthCheckRequest, context: Context
    ) -> contract.HealthCheckResponse:
        if request.service not in self._services:
            await context.abort(
                grpc.StatusCode.NOT_FOUND, f"service {request.service[:256]} does not exist"
            )
        return contract.HealthCheckResponse(status=self._status(request.service))

    async def Watch(  # noqa: N802
        self, request: contract.HealthCheckRequest, context: Context
    ) -> None:
        async with self._watchers.counted(context):
            await self._report(request.service, context)

    async def _report(self, service: str, context: Context) -> None:
        reported: int | None = None
        while True:
            changed, status = self._changed, self._status(service)
            if status != reported:
                await context.write(contract.HealthCheckResponse(status=status))
                reported = status
            if self._stopping:
                return
            await changed.wait()

    def _status(self, service: str) -> int:
        if service not in self._services:
            return contract.HealthCheckResponse.SERVICE_UNKNOWN
        if self._serving and not self._stopping:
            return contract.HealthCheckResponse.SERVING
        return contract.HealthCheckResponse.NOT_SERVING

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
