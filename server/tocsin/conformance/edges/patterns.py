"""Makes strings inside and outside the language of a pattern, from the pattern alone.

It reads what the contracts use: choices of sequences of characters and classes, each with a
quantifier. Where a candidate belongs is decided by `re`, not by how it was made.
"""

import re
from dataclasses import dataclass

_MOST = 400
"""Stands for "any number" where a pattern has no upper bound."""

_PIECE = re.compile(r"(?P<class>\[(?:\\.|[^\]\\])+\])|(?P<one>\\.|[^\[\](){}*+?|\\])")
_QUANTIFIER = re.compile(r"\{(?P<low>\d+)(?:,(?P<high>\d*))?\}|(?P<sign>[*+?])")
# What people take for a part of a language that it is not: other cases, other scripts, blanks, and
# a line's end, which `$` lets pass.
_STRANGERS = ("A", "0", "-", "_", ".", " ", "я", "\n", "\\", "/")


class PatternError(Exception):
    """A pattern has a form that this module can't read."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Holds the characters of one place in a pattern, and how often they may come."""

    characters: str
    low: int
    high: int


def inside(pattern: str, length: int | None = None) -> list[str]:
    """Returns strings of the language: the shortest, the longest, and one for each class's ends.

    Args:
        pattern: the regular expression; a whole string must match it.
        length: only strings of this length; then at most one for each choice.
    """
    found: list[str] = []
    for sequence in _sequences(pattern):
        shortest, longest = (sum(getattr(p, end) for p in sequence) for end in ("low", "high"))
        if length is not None:
            if shortest <= length <= longest:
                found.append(_text(sequence, length, 0))
            continue
        found += [_text(sequence, shortest, 0), _text(sequence, longest, -1)]
        most = max((len(piece.characters) for piece in sequence), default=0)
        found += [_text(sequence, min(longest, shortest + 3), turn) for turn in range(1, most)]
    return [text for text in dict.fromkeys(found) if re.fullmatch(pattern, text, re.ASCII)]


def outside(pattern: str) -> list[str]:
    """Returns strings near the language that are not in it, none of them empty."""
    near: list[str] = []
    for sequence in _sequences(pattern):
        shortest, longest = (sum(getattr(p, end) for p in sequence) for end in ("low", "high"))
        usual = _text(sequence, min(longest, shortest + 3), 0)
        if shortest > 1:
            near.append(_text(sequence, shortest, 0)[:-1])
        if longest < _MOST:
            near.append(_text(sequence, longest, 0) + usual[-1:])
        for stranger in _STRANGERS:
            middle = len(usual) // 2
            near += [
                f"{stranger}{usual}",
                f"{usual}{stranger}",
                f"{usual[:middle]}{stranger}{usual[middle:]}",
            ]
    return [text for text in dict.fromkeys(near) if not re.fullmatch(pattern, text, re.ASCII)]


def _text(sequence: list[Piece], length: int, turn: int) -> str:
    """Returns a string of that length; `turn` chooses among the characters of each piece."""
    spare = length - sum(piece.low for piece in sequence)
    text = ""
    for piece in sequence:
        more = min(spare, piece.high - piece.low)
        spare -= more
        text += piece.characters[turn % len(piece.characters)] * (piece.low + more)
    return text


def _sequences(pattern: str) -> list[list[Piece]]:
    """Raises PatternError for a form that is not known here."""
    found: list[list[Piece]] = [[]]
    at = 0
    while at < len(pattern):
        if pattern[at] == "|":
            found.append([])
            at += 1
            continue
        piece = _PIECE.match(pattern, at)
        if piece is None:
            raise PatternError(f"{pattern!r}: can't be read from character {at + 1}")
        at = piece.end()
        low = high = 1
        if quantifier := _QUANTIFIER.match(pattern, at):
            at = quantifier.end()
            low, high = _bounds(quantifier)
        found[-1].append(Piece(_characters(piece), low, high))
    return found


def _bounds(quantifier: re.Match[str]) -> tuple[int, int]:
    match quantifier["sign"]:
        case "*":
            return 0, _MOST
        case "+":
            return 1, _MOST
        case "?":
            return 0, 1
    low = int(quantifier["low"])
    if quantifier["high"] is None:
        return low, low
    return low, int(quantifier["high"] or _MOST)


def _characters(piece: re.Match[str]) -> str:
    """Returns the characters of a class: the ends of its ranges, and its single ones."""
    if piece["class"] is None:
        return piece["one"].removeprefix("\\")
    within = re.findall(r"\\.|.", piece["class"][1:-1])
    if within[0] == "^":
        raise PatternError(f"{piece['class']}: classes of all others are not read here")
    plain = [each.removeprefix("\\") for each in within]
    ranges, singles, at = "", "", 0
    while at < len(within):
        if at + 2 < len(within) and within[at + 1] == "-":
            ranges += plain[at] + plain[at + 2]
            at += 3
        else:
            singles += plain[at]
            at += 1
    return ranges + singles
