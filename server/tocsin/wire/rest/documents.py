"""Sends documents over REST as they are, with what caches and browsers need to know."""

import gzip
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody

from tocsin.wire.calls import Call

_NOT_AT_ALL = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*")


@dataclass(frozen=True, slots=True)
class Document:
    """Holds a document, and its compressed form if that is smaller; `tag` is a hash of it."""

    media_type: str
    plain: bytes
    compressed: bytes | None
    tag: str

    async def send(self, call: Call, headers: Iterable[tuple[str, str]]) -> HttpBody:
        """Sends the headers of the answer, with these; returns its body.

        Over gRPC nobody would inflate it, so it is compressed over REST alone.
        """
        data, told = self.plain, [("vary", "Accept-Encoding"), *headers]
        # One form of a document must not be taken for the other (RFC 9110, section 8.8.3.3).
        tag = self.tag
        if self.compressed is not None and call.by_envoy and _inflates(call):
            data, tag = self.compressed, f"{tag}-gzip"
            told.append(("content-encoding", "gzip"))
        await call.send_metadata([("etag", f'"{tag}"'), *told])
        return HttpBody(content_type=self.media_type, data=data)


def document_of(media_type: str, plain: bytes) -> Document:
    """Makes a document, and compresses it: that takes milliseconds, for a large one in a thread."""
    compressed = gzip.compress(plain, mtime=0)
    smaller = compressed if len(compressed) < len(plain) else None
    return Document(media_type, plain, smaller, hashlib.sha256(plain).hexdigest()[:32])


def _inflates(call: Call) -> bool:
    return accepts_gzip(call.metadata_value("accept-encoding") or "")


def accepts_gzip(header: str) -> bool:
    """Returns whether an `Accept-Encoding` names gzip, and does not weigh it with 0."""
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return _NOT_AT_ALL.fullmatch(weight) is None
    return False
