"""Refuses calls of methods that no service has, with details; gRPC's own refusal has none."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_status import rpc_status

from tocsin.wire import errors
from tocsin.wire.calls import REQUEST_ID, Arrival, Context
from tocsin.wire.statuses import to_status


class UnknownMethods(grpc.GenericRpcHandler):
    """Handles every method; it must be asked after all other handlers."""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        method = handler_call_details.method.lstrip("/")

        async def refuse(_: object, context: Context) -> AsyncIterator[bytes]:
            request_id = Arrival(context).request_id
            error = errors.method_unknown(method)
            status = rpc_status.to_status(to_status(error, request_id))
            trailers = (*status.trailing_metadata, (REQUEST_ID, request_id))
            await context.abort(status.code, status.details, trailers)
            yield b""  # makes this a stream, whose requests nobody reads

        return grpc.stream_stream_rpc_method_handler(refuse)
