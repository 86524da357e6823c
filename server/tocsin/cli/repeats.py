"""Refuses an option that is given twice, where the parser would let the last one win, or empty."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import typer
from typer.core import TyperCommand

# Of values that may be empty; `''` stands in metavars of options for which it means something.
MAY_BE_EMPTY = {"TEXT", "FILTER", "''"}


class SingleOptions(TyperCommand):
    """A command that takes each option once, except lists and options without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        values, _, given = self.make_parser(ctx).parse_args(list(args))
        refuse_empty(ctx, self.params, values)
        for option, times in Counter(given).items():
            once: Any = option
            if times > 1 and once.param_type_name == "option" and not _may_repeat(once):
                names = " or ".join(once.opts)
                ctx.fail(f"{names} is given {times} times: give it once")
        return super().parse_args(ctx, args)


def refuse_empty(ctx: Any, parameters: Iterable[Any], values: Mapping[str, Any]) -> None:
    """Ends the program if an option or an argument has an empty value that it can't have.

    A script whose variable is not set gives one: taken as a path it would be the current directory,
    and taken as a name that of nothing, or of everything.
    """
    for each in parameters:
        given = values.get(each.name)
        if "" in (given if isinstance(given, list | tuple) else [given]) and not _may_be_empty(
            each
        ):
            name = " or ".join(each.opts) if each.param_type_name == "option" else each.metavar
            ctx.fail(f"{name} must not be empty")


def _may_be_empty(parameter: Any) -> bool:
    return not MAY_BE_EMPTY.isdisjoint((parameter.metavar or "").split("|"))


def _may_repeat(option: Any) -> bool:
    return bool(option.multiple or option.is_flag or option.count)


def refuse_repeats(app: typer.Typer) -> None:
    """Makes all commands of an app, and of the groups in it, refuse repeated options."""
    for command in app.registered_commands:
        if command.cls is TyperCommand:
            command.cls = SingleOptions
    for group in app.registered_groups:
        if group.typer_instance is not None:
            refuse_repeats(group.typer_instance)
