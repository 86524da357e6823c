"""Serves reflection, as v1 and as v1alpha, with limits, as its answers are large."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
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
# Messages of v1 have other names and the same bytes. grpcio-reflection has stubs of v1alpha only.
V1ALPHA, V1 = "grpc.reflection.v1alpha", "grpc.reflection.v1"
SERVICE_NAMES = tuple(f"{package}.{SERVICE.name}" for package in (V1, V1ALPHA))


class Reflection:
    """Answers as grpcio's own servicer does, up to a number of streams and requests.

    It describes the `services`, and itself. The limits hold for v1 and v1alpha together.
    """

    def __init__(self, services: Iterable[str], messages: Messages, machine_clock: Clock) -> None:
        pool = cast("descriptor_pool.DescriptorPool", _PoolWithMethods())
        self._answering: Any = aio.ReflectionServicer([*services, *SERVICE_NAMES], pool)
        self._messages = messages
        self._streams = Streams(STREAMS)
        self._requests = Buckets(REQUESTS, machine_clock)

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        serializer = contract.ServerReflectionResponse.SerializeToString
        answering: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
            self._answer, response_serializer=serializer
        )
        return [
            grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": answering})
            for name in SERVICE_NAMES
        ]

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


def _file_of_v1() -> FileDescriptorProto:
    """Returns v1's file: v1alpha's, in another package (grpc/reflection/v1/reflection.proto)."""
    file = FileDescriptorProto()
    contract.DESCRIPTOR.CopyToProto(file)
    file.name, file.package = file.name.replace("v1alpha", "v1"), V1
    services = (method for service in file.service for method in service.method)
    for method in services:
        method.input_type = method.input_type.replace(V1ALPHA, V1)
        method.output_type = method.output_type.replace(V1ALPHA, V1)
    for message in file.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(V1ALPHA, V1)
    return file


class _PoolWithMethods:
    """Finds methods too, which protobuf's pool does not, and v1 of reflection.

    `grpcurl describe package.Service.Method` asks for them, as the protocol allows
    (grpc/reflection/v1alpha/reflection.proto: `file_containing_symbol`).
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()
        self._v1 = descriptor_pool.DescriptorPool()
        self._v1.Add(_file_of_v1())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 (the pool's)
        """Raises KeyError if the symbol does not exist."""
        pool = self._v1 if symbol.startswith(f"{V1}.") else self._pool
        try:
            return pool.FindFileContainingSymbol(symbol)
        except KeyError:
            service, _, method = symbol.rpartition(".")
            descriptor = pool.FindServiceByName(service).methods_by_name[method]
            return descriptor.containing_service.file

    def FindFileByName(self, name: str) -> FileDescriptor:  # noqa: N802 (the pool's)
        """Raises KeyError if the file does not exist."""
        try:
            return self._pool.FindFileByName(name)
        except KeyError:
            return self._v1.FindFileByName(name)

    def FindMessageTypeByName(self, name: str) -> Descriptor:  # noqa: N802 (the pool's)
        """Raises KeyError if the message does not exist."""
        pool = self._v1 if name.startswith(f"{V1}.") else self._pool
        return pool.FindMessageTypeByName(name)
