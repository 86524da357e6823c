"""A gRPC server that serves the contracts' methods, remembers each call and answers as told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.longrunning import operations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2

from tocsin.wire.calls import Arrival
from tocsin.wire.errors import ApiError
from tocsin.wire.rest.requests import Bodies, Requests
from tocsin.wire.statuses import to_status
from tocsin_protos.google.cloud.integrations.v1alpha import (
    executions_pb2,
    integration_versions_pb2,
    integrations_pb2,
)
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

SERVICES: Sequence[ServiceDescriptor] = (
    trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"],
    operation_service_pb2.DESCRIPTOR.services_by_name["OperationService"],
    executions_pb2.DESCRIPTOR.services_by_name["Executions"],
    integrations_pb2.DESCRIPTOR.services_by_name["Integrations"],
    integration_versions_pb2.DESCRIPTOR.services_by_name["IntegrationVersions"],
    operations_pb2.DESCRIPTOR.services_by_name["Operations"],
)

Answer = Message | status_pb2.Status | Callable[[], Awaitable[Message]]


@dataclass(frozen=True)
class Call:
    method: str
    request: Any
    metadata: dict[str, str | bytes]


@dataclass
class FakeUpstream(grpc.GenericRpcHandler):
    """Answers an empty message, or what `answer` says; a Status there is an error."""

    calls: list[Call] = field(default_factory=list)
    answer: Answer | None = None

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        service_name, method_name = details.method.strip("/").split("/")
        for service in SERVICES:
            if service.full_name == service_name:
                return self._handler(service.methods_by_name[method_name])
        return None

    def _handler(self, method: MethodDescriptor) -> grpc.RpcMethodHandler:
        requests = Requests(method, Bodies(4 * 1024 * 1024, strict=False))

        async def respond(received: bytes, context: grpc.aio.ServicerContext) -> Message:
            metadata = dict(context.invocation_metadata() or ())
            try:
                request, _, _ = await requests.read(received, Arrival(context))
            except ApiError as error:
                await abort(context, to_status(error, "r1"))
            self.calls.append(Call(method.full_name, request, metadata))
            if callable(self.answer):
                return await self.answer()
            if isinstance(self.answer, status_pb2.Status):
                await abort(context, self.answer)
            return self.answer or GetMessageClass(method.output_type)()

        return grpc.unary_unary_rpc_method_handler(
            respond,
            response_serializer=lambda message: message.SerializeToString(),
        )


async def abort(context: grpc.aio.ServicerContext, status: status_pb2.Status) -> None:
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    details = [("grpc-status-details-bin", status.SerializeToString())] if status.details else []
    await context.abort(code, status.message, tuple(details))


async def serve(upstream: FakeUpstream, socket: Path) -> grpc.aio.Server:
    options = [
        ("grpc.max_receive_message_length", -1),
        # As the server has it: a header that could not be read must not spoil those after it.
        ("grpc.http2.hpack_table_size.decoder", 0),
    ]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((upstream,))
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    return server
