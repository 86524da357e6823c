"""Declares wrong servers: each is the real one with one change, and breaks one clause."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

Where = Literal["calls", "requests", "files", "target"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A server with one change."""

    breaks: str
    """The id of the clause that it breaks."""
    does: str
    """What it does wrong, for the table: a half sentence."""
    where: Where
    """What the change sees: calls of gRPC, requests of REST, files of reflection, deliveries."""
    wrong: Callable[..., Any]
    family: str = ""
    """A pattern for the clauses that are generated from the same rule as this one."""
    number: int = 1
    """Tells apart the mutants that break one clause."""

    @property
    def id(self) -> str:
        return f"{self.breaks}-{self.number}" if self.number > 1 else self.breaks

    @property
    def profile(self) -> str:
        return self.breaks.partition(".")[0]


def mutant(
    breaks: str, *, where: Where = "calls", at: str = "", family: str = "", number: int = 1
) -> Callable[[Callable[..., Any]], Mutant]:
    """Declares a wrong server; the docstring of the function says what it does wrong.

    Args:
        breaks: the id of the clause.
        where: what the function changes.
        at: the only method, `TriggerService/Get`, or the beginning of `VERB /path` of the only
            requests, that it changes; all others go on as they are.
        family: a pattern of ids, for whose clauses this mutant stands.
        number: 2 and more for further mutants of one clause.
    """

    def declare(wrong: Callable[..., Any]) -> Mutant:
        does = " ".join((wrong.__doc__ or "").split())
        assert does, f"{breaks} does not say what is wrong"
        return Mutant(breaks, does.rstrip("."), where, limited(wrong, where, at), family, number)

    return declare


def limited(wrong: Callable[..., Any], where: Where, at: str) -> Callable[..., Any]:
    """Returns what changes only what is asked for at one place."""
    if not at:
        return wrong

    def only_there(asked: Any, forward: Callable[[Any], Any]) -> Any:
        if where == "calls":
            return wrong(asked, forward) if asked.method == at else forward(asked.request)
        there = f"{asked.verb} {asked.target}".startswith(at)
        return wrong(asked, forward) if there else forward(asked)

    return only_there


def declared_in(modules: Iterable[ModuleType]) -> Iterator[Mutant]:
    """Yields the mutants of modules: what stands there by a name, alone or in a list."""
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Mutant):
                yield value
            elif isinstance(value, list):
                yield from (each for each in value if isinstance(each, Mutant))
