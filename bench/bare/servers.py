"""What takes as Tocsin does, by the plain library, and keeps nothing: a server of one protocol.

`servers.py grpc|http|smtp` prints the port at which it listens.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import grpc
import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_ingestion_service_pb2

# Where it listens, and what must not be forgotten meanwhile.
Running: TypeAlias = tuple[int, object]

LARGEST_MAIL = 10_000_000
METHODS: Mapping[str, tuple[str, type[Any], type[Any]]] = {
    "yandex.cloud.logging.v1.LogIngestionService": (
        "Write",
        log_ingestion_service_pb2.WriteRequest,
        log_ingestion_service_pb2.WriteResponse,
    ),
    "opentelemetry.proto.collector.logs.v1.LogsService": (
        "Export",
        logs_service_pb2.ExportLogsServiceRequest,
        logs_service_pb2.ExportLogsServiceResponse,
    ),
    "tocsin.v1.EventService": (
        "Publish",
        event_service_pb2.EventServicePublishRequest,
        event_service_pb2.EventServicePublishResponse,
    ),
}


async def serve_grpc() -> Running:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    for service, (method, request, response) in METHODS.items():

        async def take(_request: Any, _context: Any, answer: Any = response) -> Any:
            return answer()

        handler = grpc.unary_unary_rpc_method_handler(
            take,
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(service, {method: handler})]
        )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return port, server


async def serve_http() -> Running:
    async def take(request: web.Request) -> web.Response:
        await request.json()
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner.addresses[0][1], runner


class Taking:
    """Knows every address, and keeps nothing."""

    async def handle_DATA(self, _smtp: SMTP, _session: object, _envelope: object) -> str:  # noqa: N802
        return "250 taken"


async def serve_smtp() -> Running:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            Taking(),
            hostname="localhost",
            loop=loop,
            data_size_limit=LARGEST_MAIL,
            command_call_limit={"*": 100_000},
        ),
        "127.0.0.1",
        0,
    )
    return server.sockets[0].getsockname()[1], server


SERVERS: Mapping[str, Callable[[], Awaitable[Running]]] = {
    "grpc": serve_grpc,
    "http": serve_http,
    "smtp": serve_smtp,
}


async def main(name: str) -> None:
    port, _server = await SERVERS[name]()
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
