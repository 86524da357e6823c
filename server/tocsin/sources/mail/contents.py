"""Decodes the content of one part of a mail, and says whether all of it could be decoded."""

import re
from email.errors import FirstHeaderLineIsContinuationDefect as IndentedFirst
from typing import NamedTuple

from tocsin.sources.mail.charsets import decoded, is_known_charset
from tocsin.sources.mail.parts import BoundedPart, eight_bits

WHITE = re.compile(rb"\s+")
ENCODING = "content-transfer-encoding"
# The names that the library decodes.
UUENCODE = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
HTML = "text/html"
# Where browsers look for the charset that a page names itself.
HEAD_BYTES = 1024
META = re.compile(
    rb"<meta\s[^>]{0,200}?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)


class Content(NamedTuple):
    """Holds the bytes of a part, and those that came if they say more than these bytes."""

    data: bytes
    undecoded: bytes | None = None


class Text(NamedTuple):
    """Holds the text of a part, and the bytes that came if they say more than the text."""

    text: str
    undecoded: bytes | None


def content_of(part: BoundedPart) -> Content:
    """Decodes the transfer encoding of a part without inner parts."""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes), "a part without inner parts is text to the library"
    raw = part.raw()
    return Content(data, None if _is_whole(raw, str(part.get(ENCODING, "")).lower()) else raw)


def _is_whole(raw: bytes, encoding: str) -> bool:
    """Returns whether content is nothing but what its transfer encoding decodes."""
    if encoding == "base64":
        return BASE64.fullmatch(WHITE.sub(b"", raw)) is not None
    if encoding in UUENCODE:
        # Programs add lines after the file.
        begin = raw.lstrip().startswith(b"begin ")
        return not begin or raw.rstrip().endswith((b"\nend", b"\nEND"))
    return True


def text_of(part: BoundedPart) -> Text:
    """Decodes the text of a part by its charset."""
    content = content_of(part)
    charset = str(part.get_param("charset", ""))
    if part.kind == HTML and not is_known_charset(charset):
        charset = _charset_of_html(content.data) or charset
    text, whole = decoded(content.data, charset)
    # The library takes indented lines for a header's, if the line before them is missing.
    defects = (each for each in part.defects if isinstance(each, IndentedFirst))
    first = [str(vars(each)["line"]) for each in defects]
    above = decoded(eight_bits("".join(first)), charset).text
    return Text(above + text, content.undecoded or (None if whole else content.data))


def _charset_of_html(page: bytes) -> str:
    """Returns the charset that a page names, if it is not UTF-8 already; empty if it names none.

    A page of which ASCII can be read is not of UTF-16, whatever it says, as browsers have it.
    """
    try:
        page.decode()
    except UnicodeDecodeError:
        named = META.search(page[:HEAD_BYTES])
        charset = "" if named is None else named[1].decode()
        return charset if is_known_charset(charset) and "16" not in charset else ""
    return ""
