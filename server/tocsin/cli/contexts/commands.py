"""Defines `tocsin context`: servers that have a name."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.contexts.stored import (
    Contexts,
    StoredContext,
    checked_server,
    context_named,
    read_contexts,
    write_contexts,
)
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import note, say

app = typer.Typer(no_args_is_help=True, help="Name servers, and choose one of them.")

API_KEY = "TOCSIN_API_KEY"


def _known(incomplete: str) -> list[str]:
    return [name for name in sorted(read_contexts().named) if name.startswith(incomplete)]


NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The context's name.", autocompletion=_known)
]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The context's name.")],
    server: Annotated[
        str, typer.Option("--server", metavar="HOST:PORT", help="The server's gRPC address.")
    ],
    ca: Annotated[
        Path | None,
        typer.Option("--ca", metavar="FILE", help="Use TLS, and trust the authorities in it."),
    ] = None,
    folder: Annotated[
        str | None, typer.Option("--folder", metavar="ID", help="The folder of its commands.")
    ] = None,
    with_api_key: Annotated[
        bool, typer.Option("--with-api-key", help="Keep the API key of TOCSIN_API_KEY in it, too.")
    ] = False,
) -> None:
    """Add a context, or replace the one of this name. The first one is in use at once.

    The file is ~/.config/tocsin/contexts.json, which only you can read; TOCSIN_CONTEXTS names
    another one.
    """
    if ca is not None and not ca.is_file():
        raise refusal(f"--ca {ca}: there is no such file", status=USAGE)
    key = os.environ.get(API_KEY)
    if with_api_key and not key:
        raise refusal(f"--with-api-key: {API_KEY} is not set", status=USAGE)
    context = StoredContext(
        checked_server(server),
        str(ca.resolve()) if ca else None,
        folder,
        key if with_api_key else None,
    )
    before = read_contexts()
    current = before.current or name
    write_contexts(Contexts(current, before.named | {name: context}))
    say(f"{name}: {context.told()}")
    if current != name:
        note(f"{current} stays in use; `tocsin context use {name}` changes to this one")


@app.command("use")
def use(name: NameArgument) -> None:
    """Use a context in all commands that name no server."""
    contexts = read_contexts()
    context = context_named(contexts, name)
    write_contexts(Contexts(name, contexts.named))
    say(f"{name}: {context.told()}")


@app.command("list")
def list_contexts() -> None:
    """List the contexts; a star marks the one in use. Keys are not shown."""
    contexts = read_contexts()
    for name, context in sorted(contexts.named.items()):
        say(f"{'*' if name == contexts.current else ' '} {name}: {context.told()}")
    if not contexts.named:
        note("There are no contexts. Add one with `tocsin context add NAME --server HOST:PORT`.")


@app.command("remove")
def remove(name: NameArgument) -> None:
    """Remove a context with its key."""
    contexts = read_contexts()
    context_named(contexts, name)
    kept = {each: context for each, context in contexts.named.items() if each != name}
    write_contexts(Contexts(None if contexts.current == name else contexts.current, kept))
    say(f"{name} removed")
    if contexts.current == name:
        note("no context is in use any more; `tocsin context use NAME` chooses one")
