"""The bare gRPC echo server that benchmarks are held against: grpc.aio on uvloop, nothing else."""

import asyncio
import sys

import grpc
import uvloop


async def echo(request: bytes, _: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
    return request


async def main(*listen: str) -> None:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handler = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler})]
    )
    ports = [server.add_insecure_port(address) for address in listen]
    await server.start()
    print(*ports, flush=True)
    await asyncio.Event().wait()


uvloop.run(main(*sys.argv[1:]))
