"""Serves `grpc.health.v1.Health`.

The servicer of grpcio-health-checking forgets the second watcher of a service when the first one
leaves, and makes a server that stops wait for its watchers.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2 as contract

from tocsin.wire.bounds.messages import Messages, parsed
from tocsin.wire.bounds.streams import StreamBounds, Streams
from tocsin.wire.calls import Arrival

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE = contract.DESCRIPTOR.services_by_name["Health"]
WHOLE_SERVER = ""
# Not a service: NOT_SERVING while the store is on hold, though calls are answered.
FIRING = "tocsin.v1.firing"

# A client watches once on each of its channels; behind a load balancer many share an address.
WATCHERS = StreamBounds(of_peer=128, of_all=1024)

# No service has a longer name.
LONGEST_NAME = 256


class Health:
    """Reports the health of all services, which is that of the store and the process."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset((WHOLE_SERVER, FIRING, *services))
        self._serving = True
        self._firing = True
        self._stopping = False
        self._changed = asyncio.Event()
        self._watchers = Streams(WATCHERS)

    def set(self, *, serving: bool) -> None:
        self._serving = serving
        self._tell()

    def set_firing(self, *, firing: bool) -> None:
        """Reports by FIRING whether timers tick and invocations are delivered."""
        self._firing = firing
        self._tell()

    def stop(self) -> None:
        """Reports NOT_SERVING to all watchers, and ends their streams."""
        self._stopping = True
        self._tell()

    def handler(self, messages: Messages) -> grpc.GenericRpcHandler:
        """Returns the service for a server that reads its calls' messages so."""

        async def check(_: object, context: Context) -> contract.HealthCheckResponse:
            service = await _service_of(context, messages)
            if service not in self._services:
                await context.abort(grpc.StatusCode.NOT_FOUND, f"service {service} does not exist")
            return contract.HealthCheckResponse(status=self._status(service))

        async def watch(_: object, context: Context) -> None:
            async with self._watchers.counted(context):
                await self._report(await _service_of(context, messages), context)

        serializer = contract.HealthCheckResponse.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE.full_name,
            {
                "Check": grpc.stream_unary_rpc_method_handler(
                    check, response_serializer=serializer
                ),
                "Watch": grpc.stream_stream_rpc_method_handler(
                    watch, response_serializer=serializer
                ),
            },
        )

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
        if self._serving and not self._stopping and (self._firing or service != FIRING):
            return contract.HealthCheckResponse.SERVING
        return contract.HealthCheckResponse.NOT_SERVING

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def _service_of(context: Context, messages: Messages) -> str:
    """Returns the service that a call asks about; a call without a valid message is refused.

    A stream keeps the name as long as it is open, so only as much is returned as is told.
    """
    reading = messages.read(Arrival(context))
    request = await parsed(contract.HealthCheckRequest.FromString, reading, context)
    return request.service[:LONGEST_NAME]
