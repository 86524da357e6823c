"""Reads the names of attachments, however a program wrote them."""

import re
from email.errors import HeaderParseError
from email.header import decode_header

from tocsin.sources.mail.charsets import decoded
from tocsin.sources.mail.parts import BoundedPart

LONGEST_NAME = 150
# A line break of the header, which is not the name's.
FOLD = re.compile(r"\r\n(?=[ \t])")
# Characters that an object's name must not have, or that would make folders.
UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")


def name_of(part: BoundedPart, charset: str = "") -> str:
    """Returns a name without folders, or an empty one if the mail gives none.

    Args:
        part: the attachment.
        charset: the charset of a name in 8 bits that is not UTF-8.
    """
    text = part.file_name()
    if not text.isascii():
        raw = text.encode("utf-8", "surrogateescape")
        text = decoded(raw, "" if _is_utf8(raw) else charset).text
    # RFC 2047 forbids encoded words here, but most programs write them.
    name = _words(FOLD.sub("", text))
    whole = name.encode("utf-8", "replace").decode()
    return UNSAFE.sub("_", whole).strip(" .")[-LONGEST_NAME:]


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _words(text: str) -> str:
    """Decodes encoded words (RFC 2047)."""
    try:
        chunks = decode_header(text)
    except HeaderParseError:
        return text
    if all(isinstance(chunk, str) for chunk, _ in chunks):
        return text
    return "".join(
        # What stands between encoded words comes in an encoding of the library's own.
        chunk.decode("raw-unicode-escape", "replace")
        if charset is None
        else decoded(chunk, charset).text
        for chunk, charset in chunks
    )
