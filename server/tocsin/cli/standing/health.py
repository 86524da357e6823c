"""Defines `tocsin health`, for scripts, containers and units."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, channel_to
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.instants import read_length
from tocsin.cli.terminal.lines import say
from tocsin.printable import printable
from tocsin.schedule import SystemClock

app = typer.Typer()

CALL_SECONDS = 5.0
POLL_SECONDS = 0.2
SERVING = health_pb2.HealthCheckResponse.SERVING


@app.command()
def health(
    wait: Annotated[
        str | None,
        typer.Option(
            "--wait", metavar="TIME", help="Ask again until it serves, for at most 30s, 5m or 1h."
        ),
    ] = None,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Ask the server whether it serves: status 0 if it does, 1 if not or if nobody answers.

    It asks gRPC's health service, which needs no credential and no REST.
    """
    seconds = 0.0 if wait is None else read_length("--wait", wait).total_seconds()
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    answer = _ask(server, ca)
    while answer != "SERVING" and clock.monotonic() < deadline:
        asyncio.run(clock.sleep(POLL_SECONDS))
        answer = _ask(server, ca)
    if answer != "SERVING":
        raise refusal(f"{server}: {answer}" + (f" after {wait}" if wait else ""))
    say(answer)


def _ask(server: str, ca: Path | None) -> str:
    """Returns the health of the whole server, or why nobody told it."""
    with channel_to(server, ca, CALL_SECONDS) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            status: int = stub.Check(health_pb2.HealthCheckRequest()).status
        except grpc.RpcError as error:
            why = printable(error.details() or "no reason given")
            return f"{error.code().name}: {why}"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(status))
