"""Shows the checks of firing what a wrong server would have delivered.

Timers tick on the minute, so no wrong server of this profile is run on its own: one honest server
fires once, and the checks then look at its deliveries as each wrong server would have made them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tocsin.conformance.targets import Letter, Matches, Received, Targets

WrongDeliveries = Callable[[list[Received]], list[Received]]
WrongLetters = Callable[[list[Letter], list[Received]], list[Letter]]


@dataclass(frozen=True, slots=True)
class WrongTarget:
    """What a wrong server delivers, made of what an honest one did."""

    calls: WrongDeliveries = list
    letters: WrongLetters = lambda letters, _: letters


@dataclass(slots=True)
class Replay:
    """Takes the place of what the targets remember while `wrong` is set."""

    wrong: WrongTarget | None = None

    def calls(self, targets: Any, matches: Matches) -> list[Received]:
        assert self.wrong is not None
        with targets._came:
            received = list(targets._received)
        return [each for each in self.wrong.calls(received) if matches(each)]

    def letters(self, targets: Any, token: str) -> list[Letter]:
        assert self.wrong is not None
        with targets._came:
            letters, received = list(targets._letters), list(targets._received)
        return [each for each in self.wrong.letters(letters, received) if token in each.body]


@contextmanager
def replay() -> Iterator[Replay]:
    """Lets a Replay stand before all targets of this process."""
    own = Replay()
    honest = {
        name: getattr(Targets, name)
        for name in ("calls", "wait_for", "letters", "wait_for_letters")
    }

    def calls(self: Targets, matches: Matches) -> Any:
        return own.calls(self, matches) if own.wrong else honest["calls"](self, matches)

    def wait_for(self: Targets, matches: Matches, count: int, until: float) -> Any:
        return (
            own.calls(self, matches)
            if own.wrong
            else honest["wait_for"](self, matches, count, until)
        )

    def letters(self: Targets, token: str) -> Any:
        return own.letters(self, token) if own.wrong else honest["letters"](self, token)

    def wait_for_letters(self: Targets, token: str, count: int, until: float) -> Any:
        return (
            own.letters(self, token)
            if own.wrong
            else honest["wait_for_letters"](self, token, count, until)
        )

    for each in (calls, wait_for, letters, wait_for_letters):
        setattr(Targets, each.__name__, each)
    try:
        yield own
    finally:
        for name, method in honest.items():
            setattr(Targets, name, method)


def but(call: Received, **fields: Any) -> Received:
    """Returns a delivery with other fields."""
    return replace(call, **fields)
