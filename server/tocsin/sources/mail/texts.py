"""Divides a mail into what its reader is shown as its text, and what is attached.

Nothing is dropped but a plain text whose words are all in the HTML that stands beside it.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tocsin.sources.mail.contents import Text, content_of, text_of
from tocsin.sources.mail.names import name_of
from tocsin.sources.mail.parts import BoundedPart, eight_bits

CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
ANY_CONTENT = "application/octet-stream"
PLAIN, HTML = "text/plain", "text/html"
# Texts that a reader is shown, not files.
TEXTS = frozenset({PLAIN, HTML, "text/enriched", "text/richtext", "text/markdown"})

TAG = re.compile(r"<[^<>]*>")
# Punctuation of ASCII is what programs draw in plain text where HTML has tags.
WORD = re.compile(r"[^\W_]+|[^\x00-\x7f\s]")
# Programs say around the parts that these are for readers of MIME.
SAYS_MIME = re.compile(rb"\bMIME\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attached:
    """Holds one attachment; its name has no `/`, and is empty if the mail gives none."""

    name: str
    content_type: str
    content: bytes


class Use(Enum):
    """Says what becomes of a part."""

    SHOWN = "shown"
    DOUBLE = "double"
    """A form of what is shown; attached if it says more."""
    ATTACHED = "attached"


@dataclass(frozen=True, slots=True)
class Piece:
    """Holds a part without inner parts, or text from between the parts, and its use."""

    use: Use
    part: BoundedPart | bytes

    @property
    def is_shown_html(self) -> bool:
        part = self.part
        return self.use is Use.SHOWN and isinstance(part, BoundedPart) and part.kind == HTML


def divided(mail: BoundedPart) -> tuple[str, tuple[Attached, ...]]:
    """Returns the text of a mail and its attachments.

    The text is made of all texts that are not attached, one after another; of alternatives, of
    those in HTML.
    """
    pieces = list(_pieces(mail))
    texts = {id(each.part): _text(each) for each in pieces if each.use is not Use.ATTACHED}
    shown = _joined(texts[id(each.part)].text for each in pieces if each.use is Use.SHOWN)
    known = _known_words(shown) if any(each.use is Use.DOUBLE for each in pieces) else set()
    charset = _charset(pieces)
    attached: list[Attached] = []
    for piece in pieces:
        text = texts.get(id(piece.part))
        if text is None or (piece.use is Use.DOUBLE and not _words(text.text) <= known):
            attached.extend(_attached(piece.part, charset))
        elif text.undecoded is not None:
            attached.append(Attached("", _content_type(piece.part), text.undecoded))
    return shown, tuple(attached)


def _pieces(part: BoundedPart) -> Iterator[Piece]:
    """Yields the parts without inner parts, in their order."""
    if not part.is_multipart():
        yield Piece(Use.SHOWN if _is_text(part) else Use.ATTACHED, part)
        return
    forms = [list(_pieces(each)) for each in part.inner()]
    if part.get_content_subtype() == "alternative":
        forms = _alternatives(forms)
    yield from _around(part.preamble)
    for form in forms:
        yield from form
    yield from _around(part.epilogue)


def _alternatives(forms: Sequence[list[Piece]]) -> list[list[Piece]]:
    """Shows the forms that have HTML; without any, the first that has text."""
    chosen = [at for at, form in enumerate(forms) if any(each.is_shown_html for each in form)]
    if not chosen:
        shown = [at for at, form in enumerate(forms) if any(each.use is Use.SHOWN for each in form)]
        chosen = shown[:1]
    return [
        form if at in chosen else [_as_double(piece) for piece in form]
        for at, form in enumerate(forms)
    ]


def _as_double(piece: Piece) -> Piece:
    return Piece(Use.DOUBLE, piece.part) if piece.use is Use.SHOWN else piece


def _around(text: str | None) -> Iterator[Piece]:
    """Yields the text before the first or after the last part, if a person wrote it."""
    raw = eight_bits(text or "")
    if raw.strip() and SAYS_MIME.search(raw) is None:
        yield Piece(Use.ATTACHED, raw)


def _is_text(part: BoundedPart) -> bool:
    if part.get_content_maintype() == "multipart":
        # Its boundary is missing, so what stands there is shown as it came.
        return True
    if part.get_content_disposition() == "attachment":
        return False
    if part.depth == 1:
        # There is nothing else, so that a text of any kind is shown, whatever its name.
        return part.get_content_maintype() == "text"
    # A name makes a file of a text.
    return part.kind in TEXTS and not part.file_name()


def _text(piece: Piece) -> Text:
    assert isinstance(piece.part, BoundedPart), "what stands around parts is attached"
    return text_of(piece.part)


def _joined(texts: Iterable[str]) -> str:
    """Returns texts one after another, each on lines of its own."""
    *others, last = [text for text in texts if text] or [""]
    return "".join(text if text.endswith("\n") else f"{text}\r\n" for text in others) + last


def _known_words(shown: str) -> set[str]:
    """Returns the words of a text, with and without its tags: a tag may stand within a word."""
    return _words(html.unescape(shown)) | _words(html.unescape(TAG.sub("", shown)))


def _words(text: str) -> set[str]:
    return set(WORD.findall(text))


def _charset(pieces: Sequence[Piece]) -> str:
    """Returns the charset of the first text, which the names in a mail have too."""
    parts = (each.part for each in pieces if each.use is not Use.ATTACHED)
    first = next((part for part in parts if isinstance(part, BoundedPart)), None)
    return "" if first is None else str(first.get_param("charset", ""))


def _attached(part: BoundedPart | bytes, charset: str) -> Iterator[Attached]:
    """Yields a part as an attachment, and its bytes as they came if they say more."""
    if isinstance(part, bytes):
        yield Attached("", PLAIN, part)
        return
    name = name_of(part, charset)
    data, undecoded = content_of(part)
    yield Attached(name, _content_type(part), data)
    if undecoded is not None:
        yield Attached(name, ANY_CONTENT, undecoded)


def _content_type(part: BoundedPart | bytes) -> str:
    kind = part.kind if isinstance(part, BoundedPart) else PLAIN
    return kind if CONTENT_TYPE.fullmatch(kind) else ANY_CONTENT
