"""Decodes the content of one part of a mail, and says whether all of it could be decoded."""

import re
from typing import NamedTuple

from tocsin.sources.mail.charsets import decoded
from tocsin.sources.mail.parts import BoundedPart

WHITE = re.compile(rb"\s+")
BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")


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
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    raw = part.raw()
    if encoding == "base64" and not BASE64.fullmatch(WHITE.sub(b"", raw)):
        return Content(data, raw)
    return Content(data)


def text_of(part: BoundedPart) -> Text:
    """Decodes the text of a part by its charset."""
    content = content_of(part)
    text, whole = decoded(content.data, str(part.get_param("charset", "")))
    return Text(text, content.undecoded or (None if whole else content.data))
