"""Hides secrets in what is shown of a request or an answer."""

import re
from collections.abc import Iterable

HIDDEN = "[hidden]"

_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "x-goog-api-key",
        "x-yacloud-subjecttoken",
        "x-amz-security-token",
        "cookie",
        "set-cookie",
    }
)
_SECRET_HEADER = re.compile(r"(?i)secret|password|credential|api-?key|(?<!page)-?token$|signature")

# A name that ends so holds a secret; page tokens are none.
_NAME = (
    r"(?:(?!(?:next_?|next)?page_?token)[\w-]{0,40}?)"
    r"(?:password|passwd|secret(?:_?(?:key|value))?|private_?key|api_?key|access_?token"
    r"|refresh_?token|id_?token|iam_?token|jwt|(?<!page_)(?<!page)token|assertion)"
)
_PATTERNS = (
    # JSON, and the text format of protobuf: `"name": "value"`, `name: "value"`.
    re.compile(rf'(?i)(?P<keep>"?\b{_NAME}"?\s*:\s*")(?P<secret>(?:[^"\\]|\\.)+)(?=")'),
    # A query or a form: `name=value`.
    re.compile(rf"(?i)(?P<keep>(?:^|[?&\s])(?:{_NAME}|key)=)(?P<secret>[^&\s]+)"),
    re.compile(r"(?i)(?P<keep>\b(?:Bearer|Api-Key|Basic)\s+)(?P<secret>[\w.~+/=-]{6,})"),
    # A JWT, an IAM token, a key in PEM, wherever they stand.
    re.compile(r"(?P<keep>)(?P<secret>\beyJ[\w-]{5,4000}\.[\w-]{5,4000}\.[\w-]*)"),
    re.compile(r"(?P<keep>)(?P<secret>\bt1\.[\w-]{20,}\.?[\w-]*)"),
    re.compile(
        r"(?P<keep>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<secret>.*?)(?=-----END|\Z)", re.DOTALL
    ),
)


class Redactor:
    """Hides the secrets of a run, which it knows, and what looks like one."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        # The longest first: one may begin with another.
        self._known = sorted({secret for secret in known if len(secret) > 3}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Returns a body, a URL or a message with its secrets hidden."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern in _PATTERNS:
            text = pattern.sub(lambda found: found["keep"] + HIDDEN, text)
        return text

    def header(self, name: str, value: str) -> str:
        """Returns the value of a header, or that it is hidden; a scheme such as Bearer stays."""
        if name.lower() in _HEADERS or _SECRET_HEADER.search(name):
            scheme, space, _ = value.partition(" ")
            return f"{scheme} {HIDDEN}" if space and scheme.isascii() else HIDDEN
        return self.text(value)
