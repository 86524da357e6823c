"""Defers the import of commands until one of them is used."""

from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from tocsin.cli.repeats import refuse_repeats


class DeferredGroup(TyperGroup):
    """Takes its commands from the `app` of a module, which it imports when it needs them.

    gRPC, the stubs and the library for tables take a tenth of a second to import; `tocsin --help`
    and `tocsin cron next` do without them.
    """

    module: str

    def list_commands(self, ctx: Any) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        if not self.commands:
            app = import_module(self.module).app
            refuse_repeats(app)
            group: Any = get_group(app)  # also of an app with one command
            self.commands = group.commands


def deferred(module: str, summary: str) -> typer.Typer:
    """Returns a group whose commands are those of the module's `app`."""
    group = type("Deferred", (DeferredGroup,), {"module": module})
    return typer.Typer(cls=group, no_args_is_help=True, help=summary)


class DeferredCommand(TyperCommand):
    """Stands for the only command of a module's `app`, which it imports when it is used."""

    module: str

    @cached_property
    def _command(self) -> Any:
        # Alone, an app would offer to complete its command, as if that were a program.
        app = typer.Typer(rich_markup_mode="markdown", add_completion=False)
        app.registered_commands = import_module(self.module).app.registered_commands
        refuse_repeats(app)
        return get_command(app)

    @property
    def params(self) -> Any:
        return self._command.params

    @params.setter
    def params(self, _of_stand_in: Any) -> None:
        """Ignores those of the function that stands in: it has none."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        return self._command.make_context(*arguments, **extra)


def defer_command(app: typer.Typer, name: str, module: str, summary: str) -> None:
    """Adds to an app the only command of a module's `app`, under its name."""
    command = type("Deferred", (DeferredCommand,), {"module": module})
    app.command(name, cls=command, help=summary)(lambda: None)
