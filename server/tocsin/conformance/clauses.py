"""Defines what a check holds a server to: a clause, with its level and its source."""

import re
from dataclasses import dataclass
from enum import StrEnum

import pytest

from tocsin.conformance.options import OptionError


class Level(StrEnum):
    """How binding a clause is (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY

MARK = "clause"

_ID = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9_]+(-[a-z0-9_]+)*)+")


class ClauseError(OptionError):
    """A clause is not well formed; the text says which one and why."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of a contract that a server keeps or breaks."""

    id: str
    """Stable, such as `triggers.update.mask.leaf-only`; the first word is its profile."""
    level: Level
    sentence: str
    """One sentence with the level in it, in the words of RFC 2119."""
    source: str
    """Where the contract says so: a proto option, an AIP, a section of an RFC, a page."""
    features: tuple[str, ...] = ()
    """The features (`declared/features.py`) without which the clause does not apply."""
    unimplemented: bool = False
    """Whether UNIMPLEMENTED, or 501, is an answer that the clause asks for."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ClauseError(f"{self.id!r}: write it as profile.subject.what-is-asked")
        if not re.search(rf"\b{self.level}\b", self.sentence):
            raise ClauseError(f"{self.id}: its sentence does not have the word {self.level}")
        if not self.source.strip():
            raise ClauseError(f"{self.id}: it has no source")

    @property
    def profile(self) -> str:
        return self.id.partition(".")[0]


def clause(
    id: str,
    level: Level,
    sentence: str,
    *,
    source: str,
    features: tuple[str, ...] = (),
    unimplemented: bool = False,
) -> pytest.MarkDecorator:
    """Returns the mark of a check: the clause that it holds a server to.

    Args:
        id: `profile.subject.what-is-asked`; the profile is the folder of the check.
        level: MUST, SHOULD or MAY.
        sentence: one sentence with the level in it.
        source: where it is written; a MUST can be quoted from there.
        features: names from `declared/features.py`; without one of them, the check is not run.
        unimplemented: whether UNIMPLEMENTED (or HTTP 501) is an answer that the clause asks for.

    Raises:
        ClauseError: the id, the sentence or the source is not as it has to be.
    """
    asked = Clause(id, level, sentence, source, features, unimplemented)
    return pytest.mark.clause(asked)
