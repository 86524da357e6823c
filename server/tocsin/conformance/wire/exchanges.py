"""Keeps what went over the wire, in words, without secrets."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import Message

from tocsin.conformance.wire.redaction import Redactor

# A body of this many characters is shown; more says its length.
MOST_SHOWN = 16_384
# Exchanges of one check that are kept; a race makes many that say the same.
MOST_KEPT = 100

Headers = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as a person reads them."""

    protocol: str
    """`gRPC` or `HTTP`."""
    request_line: str
    """A method's full name, or `POST /triggers/v1/triggers`."""
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    status: str
    """`INVALID_ARGUMENT (3): message`, `400 Bad Request`, or why there was no answer."""
    answer_headers: tuple[tuple[str, str], ...]
    answer_body: str
    milliseconds: float

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON and YAML."""
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Exchange":
        """Reads what `to_dict` returned, also after JSON made its tuples lists."""
        headers = {
            name: tuple((key, value) for key, value in values[name])
            for name in ("request_headers", "answer_headers")
        }
        return Exchange(**{**values, **headers})

    def lines(self) -> Iterator[str]:
        """Yields it as a trace: the request behind `>`, the answer behind `<`."""
        yield f"> {self.protocol} {self.request_line}"
        yield from _marked(">", self.request_headers, self.request_body)
        yield f"< {self.status}  ({self.milliseconds:.0f} ms)"
        yield from _marked("<", self.answer_headers, self.answer_body)


def _marked(mark: str, headers: Iterable[tuple[str, str]], body: str) -> Iterator[str]:
    for name, value in headers:
        yield f"{mark} {name}: {value}"
    if body:
        yield mark
        for line in body.splitlines():
            yield f"{mark} {line}"


class Recorder:
    """Collects the exchanges of the check that runs."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._exchanges: list[Exchange] = []
        self.unimplemented = False
        """Whether an answer since `clear` was UNIMPLEMENTED or 501."""

    def clear(self) -> None:
        """Forgets what was recorded: another check begins."""
        self._exchanges = []
        self.unimplemented = False

    @property
    def exchanges(self) -> list[Exchange]:
        """The last exchanges, in the order in which they ended."""
        return self._exchanges[-MOST_KEPT:]

    def redacted(self, text: str) -> str:
        """Returns a text without the secrets that are in it."""
        return self._redactor.text(text)

    def add(
        self,
        protocol: str,
        request_line: str,
        request_headers: Headers,
        request_body: str,
        status: str,
        answer_headers: Headers,
        answer_body: str,
        seconds: float,
    ) -> None:
        """Records an exchange, with its secrets hidden and its bodies cut."""
        hide = self._redactor.text
        self._exchanges.append(
            Exchange(
                protocol,
                hide(request_line),
                self._headers(request_headers),
                hide(_cut(request_body)),
                hide(status),
                self._headers(answer_headers),
                hide(_cut(answer_body)),
                round(seconds * 1000, 1),
            )
        )

    def _headers(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._redactor.header(name, _shown(value))) for name, value in headers)


def shown_message(message: Message | bytes | None) -> str:
    """Returns a message in protobuf's text format, behind its type; bytes in hexadecimal."""
    if message is None:
        return ""
    if isinstance(message, bytes):
        return f"{len(message)} bytes: {message[:512].hex(' ')}{' …' if len(message) > 512 else ''}"
    text = text_format.MessageToString(message, as_utf8=True, print_unknown_fields=True)
    name = message.DESCRIPTOR.full_name
    return f"{name} {{\n{_indented(text)}}}" if text else f"{name} {{}}"


def shown_bytes(body: bytes) -> str:
    """Returns a body as text, or in hexadecimal if it is none."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return shown_message(body)


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def _shown(value: str | bytes) -> str:
    return value if isinstance(value, str) else f"{len(value)} bytes"


def _cut(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n… and {len(text) - MOST_SHOWN} more characters"
