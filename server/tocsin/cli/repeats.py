"""Refuses an option that is given twice, where the parser would let the last one win."""

from collections import Counter
from typing import Any

import typer
from typer.core import TyperCommand


class SingleOptions(TyperCommand):
    """A command that takes each option once, except lists and options without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = Counter(self.make_parser(ctx).parse_args(list(args))[2])
        for option, times in given.items():
            once: Any = option
            if times > 1 and once.param_type_name == "option" and not _may_repeat(once):
                names = " or ".join(once.opts)
                ctx.fail(f"{names} is given {times} times: give it once")
        return super().parse_args(ctx, args)


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
