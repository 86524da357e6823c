"""Serves `grpc.reflection.v1alpha.ServerReflection` with limits, as its answers are large."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpc_reflection.v1alpha import reflection_pb2 as contract
from grpc_reflection.v1alpha.reflection import aio

from tocsin.access.buckets import Buckets, Rate
from tocsin.schedule import Clock
from tocsin.wire.bounds.messages import Messages, parsed
from tocsin.wire.bounds.streams import StreamBounds, Streams
from tocsin.wire.calls import Arrival

# A tool opens one stream at a time.
STREAMS = StreamBounds(of_peer=16, of_all=128)
# Limits each address. A tool that walks through all files asks a hundred times at once.
REQUESTS = Rate(per_second=50, burst=1000)

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE = contract.DESCRIPTOR.services_by_name["ServerReflection"]


class Reflection:
    """Answers as grpcio's own servicer does, up to a number of streams and requests."""

    def __init__(self, services: Iterable[str], messages: Messages, machine_clock: Clock) -> None:
        pool = cast("descriptor_pool.DescriptorPool", _PoolWithMethods())
        self._answering: Any = aio.ReflectionServicer(services, pool)
        self._messages = messages
        self._streams = Streams(STREAMS)
        self._requests = Buckets(REQUESTS, machine_clock)

    def handler(self) -> grpc.GenericRpcHandler:
        serializer = contract.ServerReflectionResponse.SerializeToString
        answering: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
            self._answer, response_serializer=serializer
        )
        return grpc.method_handlers_generic_handler(
            SERVICE.full_name, {"ServerReflectionInfo": answering}
        )

    async def _answer(
        self, _: object, context: Context
    ) -> AsyncIterator[contract.ServerReflectionResponse]:
        async with self._streams.counted(context):
            counted = self._counted(context)
            async for response in self._answering.ServerReflectionInfo(counted, context):
                yield response

    async def _counted(self, context: Context) -> AsyncIterator[contract.ServerReflectionRequest]:
        arrival = Arrival(context)
        peer = arrival.peer
        while request := await parsed(_request, self._messages.read_next(arrival), context):
            if self._requests.take(peer):
                await context.abort(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"too many requests: reflection answers {REQUESTS.per_second:g} a second to "
                    "an address; retry later",
                )
            yield request


def _request(received: bytes | None) -> contract.ServerReflectionRequest | None:
    return None if received is None else contract.ServerReflectionRequest.FromString(received)


class _PoolWithMethods:
    """Finds methods too, which protobuf's pool does not.

    `grpcurl describe package.Service.Method` asks for them, as the protocol allows
    (grpc/reflection/v1alpha/reflection.proto: `file_containing_symbol`).
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 (the pool's)
        """Raises KeyError if the symbol does not exist."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            service, _, method = symbol.rpartition(".")
            descriptor = self._pool.FindServiceByName(service).methods_by_name[method]
            return descriptor.containing_service.file
