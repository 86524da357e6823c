"""Defines the steps of a plan, shows them, and takes them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import unified_diff
from itertools import groupby

import grpc
import typer

from tocsin.cli.connection import Blame, refused_by, refused_with
from tocsin.cli.terminal.lines import say
from tocsin.documents.changes import Move
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation

WORDS = {Move.CREATE: "create", Move.UPDATE: "change", Move.DELETE: "delete"}
# Writes share commits with those under way beside them, so more at once are faster.
AT_ONCE = 32
INDENT = "    "


class OperationFailed(Exception):
    """An operation ended with an error."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.error.message)
        self.operation = operation


@dataclass(frozen=True)
class Step:
    """Holds one change to one thing.

    Attributes:
        move: what becomes of it.
        kind: what it is, such as `trigger`.
        name: what people call it.
        lines: what changes, a line of text each.
        take: makes the change; raises grpc.RpcError or OperationFailed.
        blame: returns where a field stands in its file.
        warning: what people should know, or empty.
        order: steps of a lower order are taken before this one begins.
    """

    move: Move
    kind: str
    name: str
    lines: Sequence[str]
    take: Callable[[], None]
    blame: Blame = lambda _: ""
    warning: str = ""
    order: int = 0


def show(steps: Sequence[Step]) -> None:
    """Prints what will be done, as a diff, with a summary as the last line."""
    for step in steps:
        if step.move is not Move.KEEP:
            say(f"{step.move} {step.kind} {step.name}")
            for line in step.lines:
                say(INDENT + line)
        if step.warning:
            say(f"! {step.kind} {step.name} {step.warning}")
    counts = [
        f"{sum(step.move is move for step in steps)} to {word}" for move, word in WORDS.items()
    ]
    same = sum(step.move is Move.KEEP for step in steps)
    say(f"Plan: {', '.join(counts)}, {same} unchanged.")


def take(steps: Iterable[Step], server: str) -> int:
    """Takes the steps, those of one order at once; returns how many failed.

    Each failure is printed. The steps after a failure are taken all the same: they are about other
    things, and the next run makes up for what failed.
    """
    failed = 0
    ordered = sorted(steps, key=lambda step: step.order)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _, group in groupby(ordered, lambda step: step.order):
            together = list(group)
            for step, error in zip(together, threads.map(_taken, together), strict=True):
                if error is not None:
                    failed += 1
                    _tell(step, error, server)
    return failed


def _taken(step: Step) -> Exception | None:
    try:
        step.take()
    except (grpc.RpcError, OperationFailed) as error:
        return error
    return None


def _tell(step: Step, error: Exception, server: str) -> typer.Exit:
    def blame(field: str) -> str:
        return f"{step.kind} {step.name}: {step.blame(field)}"

    if isinstance(error, OperationFailed):
        return refused_with(error.operation.error, blame)
    return refused_by(server, error, blame)


def diff(before: str, after: str) -> list[str]:
    """Returns the lines that differ between two documents, with a line around them."""
    lines = unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))][1:]
