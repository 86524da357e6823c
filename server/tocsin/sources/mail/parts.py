"""Parses a mail into its parts, as the standard library does, within bounds.

Anyone who reaches the port can send anything, so mails that would be slow to parse are refused
first. The parser's time grows with the number of lines times the depth of the parts, and with the
square of a content header's length.
"""

import re
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import Compat32, Policy
from typing import Any, cast

from tocsin.sources.mail.charsets import decoded

MOST_LINES = 500_000
# The parser compares each line with the boundary of every part around it.
MOST_LINES_BY_DEPTH = 4_000_000
MOST_HEADER_LINES = 5_000
MOST_PARTS = 500
DEEPEST = 32
LONGEST_CONTENT_HEADER = 4096

# The line ends that the parser knows.
LINE_END = re.compile(rb"\r\n|\r|\n")
# A header that describes content, with its continuation lines.
CONTENT_HEADER = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
TOKEN = re.compile(r"[A-Za-z0-9-]+")
COMMENT = re.compile(r"\([^()]*\)")
KIND = re.compile(r'[\s"]*([^\s;"/,]+)\s*/\s*([^\s;"/,]+)[\s",]*(.*)', re.DOTALL)
# Either a text in quotes, or a comment after a semicolon: names of files have parentheses.
QUOTED_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|;\s*\([^()]*\)')
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]|From ")
# As old programs write it (RFC 5322, 4.5).
SPACE_BEFORE_COLON = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
# A part of this type is not parsed further.
OPAQUE = "application/octet-stream"


class MailRefused(Exception):
    """A mail is refused for good; the message says why, in ASCII."""


class RawHeaders(Compat32):
    """Leaves what stands in a header in 8 bits as it is; the library would take it for unknown."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        if name.lower() == "content-transfer-encoding":
            # Some add a comment, quotes or white space, and the library compares the whole.
            token = TOKEN.search(value)
            return value if token is None else token[0]
        if name.lower() != "content-type":
            return value
        return _content_type(value)


def _content_type(value: str) -> str:
    """Returns a content type without what programs write around it and the library takes for it.

    These are comments, quotes, and white space that is not of ASCII; a semicolon may be missing.
    """
    kind, separator, parameters = value.partition(";")
    kind = COMMENT.sub(" ", kind.encode("ascii", "replace").decode())
    found = KIND.match(kind)
    if found is not None:
        major, minor, rest = found.groups()
        kind = f"{major}/{minor}" + (f"; {rest}" if "=" in rest else "")
    return kind + QUOTED_OR_COMMENT.sub(lambda each: each[1] or ";", separator + parameters)


# The library's types take a policy for that of its own messages.
RAW_HEADERS = cast("Policy[BoundedPart]", RawHeaders())


class BoundedPart(Message):
    """A part of a mail. Mails and reports inside the mail are not parsed, but kept as they stood.

    Its parameters are text; the library would decode them by any codec of Python's.
    """

    lines = 0
    """The lines of the whole mail."""
    depth = 1
    """The parts around this one, and itself."""

    @property
    def kind(self) -> str:
        """The content type, such as `text/plain`."""
        return super().get_content_type()

    def attach(self, payload: Any) -> None:
        """Takes a part into this one.

        Raises:
            MailRefused: it lies too deep.
        """
        payload.depth = depth = self.depth + 1
        if depth > DEEPEST or depth * self.lines > MOST_LINES_BY_DEPTH:
            raise MailRefused(
                f"the mail nests too many parts: {depth} levels in {self.lines} lines"
            )
        super().attach(payload)

    def get_content_type(self) -> str:
        kind = self.kind
        return OPAQUE if kind.startswith("message/") else kind

    def get_param(
        self,
        param: str,
        failobj: Any = None,
        header: str = "content-type",
        unquote: bool = True,
    ) -> Any:
        """Returns a parameter; of both forms, the one with a charset (RFC 2231, RFC 6266)."""
        try:
            params = self.get_params([], header, unquote)
        except TypeError:
            # The same parameter with and without a number (RFC 2231) can't be put in order.
            return failobj
        values = [value for name, value in params if name.lower() == param.lower()]
        for value in values:
            if isinstance(value, tuple):
                charset, _, text = value
                # The library percent-decodes to Latin-1.
                return decoded(eight_bits(text, "latin-1"), charset or "").text
        return values[0] if values else failobj

    def file_name(self) -> str:
        """Returns the name that the mail gives, as it stands there; empty if it gives none."""
        return self.get_filename() or str(self.get_param("name", ""))

    def raw(self) -> bytes:
        """Returns the content as it came, for a part without inner parts."""
        # What is public would decode it by any codec.
        payload: object = vars(self)["_payload"]
        return eight_bits(payload) if isinstance(payload, str) else b""

    def inner(self) -> list["BoundedPart"]:
        """Returns the parts inside this one. Of one without, the library would decode the text."""
        parts = self.get_payload() if self.is_multipart() else []
        return [part for part in parts if isinstance(part, BoundedPart)]


def eight_bits(text: str, encoding: str = "utf-8") -> bytes:
    """Returns the bytes of a header's text, whose 8-bit bytes the library keeps as surrogates."""
    return text.encode(encoding, "surrogateescape")


def parse_parts(content: bytes) -> BoundedPart:
    """Parses a mail; line ends of all kinds count.

    Raises:
        MailRefused: the mail has too many lines, headers or nested parts.
    """
    content = LINE_END.sub(b"\r\n", content)
    lines = _checked_lines(content)
    parts = 0

    def new_part(policy: "Policy[BoundedPart]" = RAW_HEADERS) -> BoundedPart:
        nonlocal parts
        parts += 1
        if parts > MOST_PARTS:
            raise MailRefused(f"the mail has more than {MOST_PARTS} parts")
        part = BoundedPart(policy=policy)
        part.lines = lines
        return part

    parser: BytesFeedParser[BoundedPart] = BytesFeedParser(new_part, policy=RAW_HEADERS)
    parser.feed(_with_readable_headers(content))
    return parser.close()


def _with_readable_headers(content: bytes) -> bytes:
    """Returns a mail without white space before the colons of its headers.

    The library would take the first such line and all after it for text.
    """
    headers, end, rest = content.partition(b"\r\n\r\n")
    if SPACE_BEFORE_COLON.search(headers) is None:
        return content
    if not all(HEADER_LINE.match(line) for line in headers.split(b"\r\n")):
        return content
    return SPACE_BEFORE_COLON.sub(rb"\1:", headers) + end + rest


def _checked_lines(content: bytes) -> int:
    """Counts the lines of a mail, and refuses one that would be slow to parse."""
    lines = content.count(b"\n")
    if lines > MOST_LINES:
        raise MailRefused(f"the mail has more than {MOST_LINES} lines")
    end = content.find(b"\r\n\r\n")
    if content.count(b"\n", 0, end if end >= 0 else None) > MOST_HEADER_LINES:
        raise MailRefused(f"the headers have more than {MOST_HEADER_LINES} lines")
    for header in CONTENT_HEADER.finditer(content):
        if header.end() - header.start() > LONGEST_CONTENT_HEADER:
            raise MailRefused(f"a content header is longer than {LONGEST_CONTENT_HEADER} bytes")
    return lines
