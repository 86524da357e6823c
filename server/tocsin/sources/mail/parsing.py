"""Parses a mail into its headers, its text and its attachments."""

from dataclasses import dataclass

from tocsin.sources.mail.charsets import decoded
from tocsin.sources.mail.parts import eight_bits, parse_parts
from tocsin.sources.mail.texts import Attached, divided


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """Holds a mail.

    `headers` are in their order, with each value on one line. `message` are the texts that a reader
    is shown; of alternatives, those in HTML. All other parts are attachments.
    """

    headers: tuple[tuple[str, str], ...]
    message: str
    attached: tuple[Attached, ...]


def parse_mail(content: bytes) -> ParsedMail:
    """Parses a mail; malformed lines are not an error, as usual with mail.

    Raises:
        MailRefused: the mail would be too slow to parse.
    """
    mail = parse_parts(content)
    headers = tuple((name, _on_one_line(str(value))) for name, value in mail.raw_items())
    message, attached = divided(mail)
    return ParsedMail(headers, message, attached)


def _on_one_line(value: str) -> str:
    """Returns a header's value: a line break with the white space around it becomes a space."""
    text = value if value.isascii() else decoded(eight_bits(value), "").text
    return " ".join(line.strip(" \t") for line in text.split("\r\n")).strip(" \t")
