"""Parses a mail into its headers, its text and its attachments.

Anyone who reaches the port can send anything, so mails that would be slow to parse are refused
first. The parser's time grows with the number of lines times the depth of the parts, and with the
square of a content header's length.
"""

import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import Compat32, Policy, compat32
from typing import Any, NamedTuple, TypeAlias

from tocsin.sources.mail.charsets import decoded

MOST_LINES = 500_000
# The parser compares each line with the boundary of every part around it.
MOST_LINES_BY_DEPTH = 4_000_000
MOST_HEADER_LINES = 5_000
MOST_PARTS = 500
DEEPEST = 32
LONGEST_CONTENT_HEADER = 4096
LONGEST_NAME = 150

# The line ends that the parser knows.
LINE_END = re.compile(rb"\r\n|\r|\n")
# A header that describes content, with its continuation lines.
CONTENT_HEADER = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
# The content types of parts that hold parts.
COMPOSITE = re.compile(rb"^content-type[ \t]*:[\s\x1c-\x1f]*(?:multipart|message)/", re.IGNORECASE)
CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
ANY_CONTENT = "application/octet-stream"
# Characters that an object's name must not have, or that would make folders.
UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")
# RFC 5322, section 2.1: the line end in transit.
REWRITTEN = compat32.clone(linesep="\r\n", max_line_length=0)

Part: TypeAlias = "Message[str, str]"


class RawHeaders(Compat32):
    """Reads what stands in a header in 8 bits as UTF-8, as programs write names."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        text = _eight_bits(value)
        if name.lower() != "content-type":
            return text
        # `check` has looked for parts that hold parts, and knows ASCII's white space alone.
        kind, separator, parameters = text.partition(";")
        return kind.encode("ascii", "replace").decode() + separator + parameters


class BoundedPart(Message):
    """A part whose parameters are text; the library would decode them by any codec of Python's."""

    def get_param(
        self,
        param: str,
        failobj: Any = None,
        header: str = "content-type",
        unquote: bool = True,
    ) -> Any:
        try:
            value: Any = super().get_param(param, failobj, header, unquote)
        except TypeError:
            # The same parameter with and without a number (RFC 2231) can't be put in order.
            return failobj
        if not isinstance(value, tuple):
            return value
        charset, _, text = value
        return decoded(text.encode("latin-1", "replace"), charset or "")


class MailRefused(Exception):
    """A mail is refused for good; the message says why, in ASCII."""


@dataclass(frozen=True, slots=True)
class Attached:
    """Holds one attachment; its name has no `/`, and is empty if the mail gives none."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """Holds a mail.

    `headers` are in their order, with each value on one line. `message` is the first text; of
    alternatives, the one in HTML. All other parts are attachments.
    """

    headers: tuple[tuple[str, str], ...]
    message: str
    attached: tuple[Attached, ...]


def parse_mail(content: bytes) -> ParsedMail:
    """Parses a mail; malformed lines are not an error, as usual with mail.

    Raises:
        MailRefused: the mail would be too slow to parse.
    """
    content = LINE_END.sub(b"\r\n", content)
    check(content)
    mail = _parsed(content)
    headers = tuple((name, _unfolded(str(value))) for name, value in mail.raw_items())
    message, attached = _divided(_leaves(mail, alternative=False))
    return ParsedMail(headers, message, attached)


def check(content: bytes) -> None:
    """Refuses a mail that would be slow to parse, in one pass over it. Lines end with CR LF.

    Raises:
        MailRefused: the mail has too many lines, headers or nested parts.
    """
    lines = content.count(b"\n")
    if lines > MOST_LINES:
        raise MailRefused(f"the mail has more than {MOST_LINES} lines")
    end = content.find(b"\r\n\r\n")
    if content.count(b"\n", 0, end if end >= 0 else None) > MOST_HEADER_LINES:
        raise MailRefused(f"the headers have more than {MOST_HEADER_LINES} lines")
    depth = 0
    for header in CONTENT_HEADER.finditer(content):
        if header.end() - header.start() > LONGEST_CONTENT_HEADER:
            raise MailRefused(f"a content header is longer than {LONGEST_CONTENT_HEADER} bytes")
        depth += COMPOSITE.match(header[0]) is not None
        if depth > DEEPEST or depth * lines > MOST_LINES_BY_DEPTH:
            raise MailRefused(f"the mail nests too many parts: {depth} levels in {lines} lines")


def _parsed(content: bytes) -> Part:
    parts = 0

    def new_part(policy: "Policy[Part]" = compat32) -> Part:
        nonlocal parts
        parts += 1
        if parts > MOST_PARTS:
            raise MailRefused(f"the mail has more than {MOST_PARTS} parts")
        return BoundedPart(policy=policy)

    parser: BytesFeedParser[Part] = BytesFeedParser(new_part, policy=RawHeaders())
    parser.feed(content)
    return parser.close()


class Leaf(NamedTuple):
    """Holds a part without inner parts, and whether it is an alternative form of others."""

    part: Part
    alternative: bool


def _leaves(part: Part, *, alternative: bool) -> list[Leaf]:
    """Lists the leaves of a part in order; a mail inside the mail is one leaf."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        return [Leaf(part, alternative)]
    within = alternative or part.get_content_subtype() == "alternative"
    return [leaf for inner in _inner(part) for leaf in _leaves(inner, alternative=within)]


def _inner(part: Part) -> list[Part]:
    """Lists the parts inside a part. Of one without, the library would decode the text."""
    inner = part.get_payload() if part.is_multipart() else []
    return [each for each in inner if isinstance(each, Message)]


def _divided(leaves: list[Leaf]) -> tuple[str, tuple[Attached, ...]]:
    """Returns the text and the attachments; other alternatives of the text are dropped."""
    texts = [leaf for leaf in leaves if _is_text(leaf.part)]
    if not texts:
        return "", tuple(_attached(leaf.part) for leaf in leaves)
    chosen, dropped = texts[0], [texts[0]]
    if chosen.alternative:
        dropped = [leaf for leaf in texts if leaf.alternative]
        html = (leaf for leaf in dropped if leaf.part.get_content_type() == "text/html")
        chosen = next(html, chosen)
    attached = tuple(_attached(leaf.part) for leaf in leaves if leaf not in dropped)
    return _text(chosen.part), attached


def _is_text(part: Part) -> bool:
    return (
        part.get_content_type() in ("text/plain", "text/html")
        and part.get_content_disposition() != "attachment"
        and not part.get_filename()
    )


def _text(part: Part) -> str:
    return decoded(_content(part), str(part.get_param("charset", "")))


def _attached(part: Part) -> Attached:
    content_type = part.get_content_type()
    if CONTENT_TYPE.fullmatch(content_type) is None:
        content_type = ANY_CONTENT
    return Attached(_name(part), content_type, _content(part))


def _content(part: Part) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    # A mail inside the mail.
    return b"".join(mail.as_bytes(policy=REWRITTEN) for mail in _inner(part))


def _name(part: Part) -> str:
    # RFC 2047 forbids encoded words here, but most programs write them.
    name = _words(part.get_filename() or "")
    whole = name.encode("utf-8", "replace").decode()
    return UNSAFE.sub("_", whole).strip(" .")[-LONGEST_NAME:]


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
        else decoded(chunk, charset)
        for chunk, charset in chunks
    )


def _eight_bits(value: str) -> str:
    return value.encode("ascii", "surrogateescape").decode("utf-8", "replace")


def _unfolded(value: str) -> str:
    """Returns a value on one line: a line break with the white space around it becomes a space."""
    return " ".join(line.strip(" \t") for line in _eight_bits(value).split("\r\n")).strip()
