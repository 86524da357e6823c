"""Makes strangers' text safe to show, on a person's screen and in a line of a log.

A control character can rewrite a terminal's screen or title, a format character can hide text or
turn its direction, and a line separator can forge a line. Each of them is shown as its escape.
"""

import re
import unicodedata

# Controls, formats (which the bidirectional ones are), lone surrogates, separators of lines.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_NOT_ASCII = re.compile(r"[^ -~]")
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_VIRAMA = 9  # its combining class: a joiner behind it picks the form of the letters
_EMOJI_STYLE = "\ufe0f"
_FIRST_SYMBOL = "\u2190"


def printable(text: str, *, newlines: bool = False) -> str:
    r"""Returns a text with each character that must not reach a screen as an escape, as `\x1b`.

    Joiners stay where a script or an emoji needs them.

    Args:
        text: any text.
        newlines: whether line breaks stay, for a text of several lines.
    """
    if text.isprintable():
        return text

    def shown(match: "re.Match[str]") -> str:
        character = match[0]
        if not _is_escaped(match) or (newlines and character == "\n"):
            return character
        return _NAMED.get(character) or _escape(ord(character))

    return _NOT_ASCII.sub(shown, text)


def printable_json(text: str) -> str:
    """Returns JSON with the same value and no such character in its strings."""
    if text.isprintable():
        return text

    def shown(match: "re.Match[str]") -> str:
        # Line breaks and tabs stand between JSON's tokens; in strings they are escaped already.
        if match[0] in "\n\r\t" or not _is_escaped(match):
            return match[0]
        units = match[0].encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

    return _NOT_ASCII.sub(shown, text)


def _escape(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _is_escaped(match: "re.Match[str]") -> bool:
    if unicodedata.category(match[0]) not in UNPRINTABLE:
        return False
    if match[0] not in (_NON_JOINER, _JOINER):
        return True
    start, end = match.span()
    last, first = match.string[max(start - 1, 0) : start], match.string[end : end + 1]
    return not joins(match[0], last, first)


def joins(joiner: str, last: str, first: str) -> bool:
    """Returns whether a joiner has work between two characters, and so is not there to hide."""
    if not last or not first:
        return False
    if unicodedata.combining(last) == _VIRAMA:
        return True
    if unicodedata.bidirectional(last) == unicodedata.bidirectional(first) == "AL":
        return True
    return joiner == _JOINER and _is_emoji(last) and _is_emoji(first)


def _is_emoji(character: str) -> bool:
    """Returns whether it can be beside the joiner of an emoji: a symbol, a skin tone, a style."""
    symbol = unicodedata.category(character) in ("So", "Sk", "Sm") and character >= _FIRST_SYMBOL
    return symbol or character == _EMOJI_STYLE
