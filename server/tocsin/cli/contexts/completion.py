"""Completes names of triggers and integrations: a question to the server, short and bounded."""

import os
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from io import StringIO
from typing import Any

import typer

SECONDS = 3.0
MOST = 100


def completing(ask: Callable[[Any, dict[str, Any], int], list[str]]) -> Any:
    """Returns what the shell asks for completions.

    It answers with nothing if the server is away, slow, or refuses: a shell must not print errors
    into a command line that somebody is typing.

    Args:
        ask: returns names, given a connection, the options so far, and the most names to return.
    """

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        with suppress(Exception, typer.Exit), redirect_stderr(StringIO()):
            return [name for name in _asked(ctx, ask) if name.startswith(incomplete)]
        return []

    return complete


def _asked(ctx: typer.Context, ask: Callable[[Any, dict[str, Any], int], list[str]]) -> list[str]:
    # gRPC is slow to import, and `--help` does without it.
    import grpc

    from tocsin.cli.connection import USUAL_SERVER, Connection, channel_to
    from tocsin.cli.contexts.chosen import CONTEXT, choose
    from tocsin.cli.credentials import with_credentials

    typed = ctx.params.get("server") not in (None, USUAL_SERVER, os.environ.get("TOCSIN_SERVER"))
    if not typed:
        choose({}, os.environ.get(CONTEXT), typed=False)
    server = ctx.params["server"] if typed else os.environ.get("TOCSIN_SERVER", USUAL_SERVER)
    named = ctx.params.get("ca") or (None if typed else os.environ.get("TOCSIN_CA"))
    given = {**ctx.params, "folder": ctx.params.get("folder") or os.environ.get("TOCSIN_FOLDER")}
    with channel_to(server, named, SECONDS) as channel:
        grpc.channel_ready_future(channel).result(SECONDS)
        return ask(Connection(with_credentials(channel, server, tls=bool(named))), given, MOST)
