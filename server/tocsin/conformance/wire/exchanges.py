"""Keeps what went over the wire, in words, without secrets."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import Message

from tocsin.conformance.wire.redaction import Redactor

# A body of this many characters is shown whole; a longer one is cut, and its length told.
MOST_SHOWN = 16_384
# What of a body is looked through for secrets, more than is shown; what ends it may be half of one.
_MOST_READ = 4 * MOST_SHOWN
_LONGEST_SECRET = 8192
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
        self._exchanges: list[Callable[[], Exchange]] = []
        self.unimplemented = False
        """Whether an answer since `clear` was UNIMPLEMENTED or 501."""

    def clear(self) -> None:
        """Forgets what was recorded: another check begins."""
        self._exchanges = []
        self.unimplemented = False

    @property
    def exchanges(self) -> list[Exchange]:
        """The last exchanges, in the order in which they ended, with their secrets hidden."""
        return [exchange() for exchange in self._exchanges[-MOST_KEPT:]]

    def redacted(self, text: str) -> str:
        """Returns a text without the secrets that are in it."""
        return self._redactor.text(text)

    def add(
        self,
        protocol: str,
        request_line: str,
        request_headers: Headers,
        request_body: Callable[[], str],
        status: str,
        answer_headers: Headers,
        answer_body: Callable[[], str],
        seconds: float,
    ) -> None:
        """Records an exchange; it is put into words only if the check fails."""
        hide = self._redactor.text
        self._exchanges.append(
            lambda: Exchange(
                protocol,
                hide(request_line),
                self._headers(request_headers),
                self._body(request_body()),
                hide(status),
                self._headers(answer_headers),
                self._body(answer_body()),
                round(seconds * 1000, 1),
            )
        )

    def _body(self, text: str) -> str:
        """Hides secrets before the text is cut, so that no half of one is left at its end."""
        shown = self._redactor.text(text[:_MOST_READ])
        if len(text) > _MOST_READ:
            shown = shown[:-_LONGEST_SECRET]
        if len(text) <= _MOST_READ and len(shown) <= MOST_SHOWN:
            return shown
        return f"{shown[:MOST_SHOWN]}\n… of {len(text)} characters"

    def _headers(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._redactor.header(name, _shown(value))) for name, value in headers)


def shown_messages(messages: Iterable[Message | bytes]) -> Callable[[], str]:
    """Returns what shows messages as they are now, whatever becomes of them."""
    kept = [_copied(message) for message in messages]
    return lambda: "\n".join(shown_message(message) for message in kept)


def _copied(message: Message | bytes) -> Message | bytes:
    if isinstance(message, bytes):
        return message
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def shown_message(message: Message | bytes) -> str:
    """Returns a message in protobuf's text format, behind its type; bytes in hexadecimal."""
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
