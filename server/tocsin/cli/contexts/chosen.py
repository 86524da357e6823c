"""Puts a context in force: its server, authorities, folder and key, all of them or none.

A key must never reach another server than its own, so what a command line or a variable says of the
server leaves the whole context out.
"""

import os
from typing import Any

from tocsin.cli.contexts.stored import context_named, read_contexts
from tocsin.cli.refusal import USAGE, refusal

CONTEXT = "TOCSIN_CONTEXT"
SERVER = "TOCSIN_SERVER"
CREDENTIALS = ("TOCSIN_API_KEY", "TOCSIN_IAM_TOKEN")
_FROM_CONTEXT = "tocsin.context"
_TYPED = "tocsin.context.typed"
# What an option of the start says is said by the context: they would contradict each other.
REPLACED = ("TOCSIN_SERVER", "TOCSIN_CA", "TOCSIN_FOLDER", *CREDENTIALS)


def choose_for(root: Any) -> None:
    """Chooses the context that the options before a command name, or the current one.

    Args:
        root: the context of the whole command line.
    """
    source = root.get_parameter_source("context")
    typed = source is not None and source.name == "COMMANDLINE"
    choose(root.meta, root.params["context"], typed=typed)


def choose(meta: dict[str, Any], name: str | None, *, typed: bool) -> None:
    """Sets the variables that a context stands for; ends the program if it does not exist.

    Args:
        meta: remembers for `leave` what was set.
        name: the context; None means the current one, if there is one.
        typed: whether its name stands on the command line, so that it is stronger than variables.
    """
    if not typed and os.environ.get(SERVER):
        return
    contexts = read_contexts()
    name = name or contexts.current
    if name is None:
        return
    added = context_named(contexts, name).variables()
    if typed:
        for variable in REPLACED:
            if variable not in CREDENTIALS or "TOCSIN_API_KEY" in added:
                os.environ.pop(variable, None)
    elif any(os.environ.get(each) for each in CREDENTIALS):
        added.pop("TOCSIN_API_KEY", None)
    meta[_TYPED] = typed
    meta[_FROM_CONTEXT] = [each for each in added if not os.environ.get(each)]
    for variable in meta[_FROM_CONTEXT]:
        os.environ[variable] = added[variable]


def leave(meta: dict[str, Any]) -> None:
    """Takes a context back, because the command line names a server of its own.

    Ends the program if the command line names both.
    """
    if meta.get(_TYPED):
        raise refusal("--context and --server name two servers: give one of them", status=USAGE)
    for variable in meta.pop(_FROM_CONTEXT, []):
        os.environ.pop(variable, None)
