"""Writes notices as mails: plain text, in which nobody's words become a header."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from tocsin.printable import printable

LONGEST_SUBJECT_NAME = 80
WIDTH = 12
# The last part of a notice's type, as the subject says it.
STATES = {"failed": "failed", "silent": "is silent", "recovered": "recovered"}
INSTANTS = ("scheduledAt", "tick", "noticedAt")
# What a mail shows of a notice's data, in this order.
ROWS = {
    "triggerId": "Trigger",
    "schedule": "Schedule",
    "integration": "Integration",
    "folderId": "Folder",
    "target": "Target",
    "scheduledAt": "Scheduled",
    "tick": "Due",
    "attempts": "Calls",
    "failuresInARow": "In a row",
    "goesToDeadLetterQueue": "Dead letter",
    "overdueSeconds": "Late by",
    "from": "After",
    "noticedAt": "Told at",
}


def mail_of(
    notice: bytes,
    *,
    receiver: str,
    sender: str,
    recipients: Sequence[str],
    message_id: str,
    now: datetime,
) -> EmailMessage:
    """Returns the mail that tells people of a notice.

    Args:
        notice: the notice's body, as a webhook gets it.
        receiver: its name in the settings.
        sender: the address that the mail is from.
        recipients: the addresses that it is to.
        message_id: the notice's id; each try of it makes a mail with the same `Message-ID`.
        now: the instant of this try.
    """
    told = json.loads(notice)
    data: Mapping[str, Any] = told["data"]
    name, state = _name(data), STATES.get(str(told["type"]).rpartition(".")[2], "has news")
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = _plain(f"Tocsin: {name[:LONGEST_SUBJECT_NAME]} {state}")
    mail["From"] = f"Tocsin <{sender}>"
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    # RFC 3834: no vacation notes, please.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(_lines(data, name, state, receiver)), cte="quoted-printable")
    return mail


def _plain(text: str) -> str:
    """Returns a header's text without encoded words (RFC 2047), which the library would decode."""
    return text.replace("=?", "= ?")


def _lines(data: Mapping[str, Any], name: str, state: str, receiver: str) -> Iterator[str]:
    yield f"{name} {state}."
    yield ""
    for key, label in ROWS.items():
        if data.get(key) not in (None, "", False):
            yield f"{label + ':':{WIDTH}} {_shown(key, data)}"
    if error := data.get("lastError"):
        yield from ("", "The last error:", "", *_quoted(str(error)))
    elif "lastError" not in data:
        yield from ("", *_quoted(str(data.get("text", ""))))
    if command := data.get("command"):
        yield from ("", "Look at it with:", "", f"    {printable(str(command))}")
    yield ""
    yield f"You are told as receiver {receiver} of Tocsin, at most once an hour of one cause."


def _name(data: Mapping[str, Any]) -> str:
    """Returns the name of what a notice is about: that of the trigger, or the last of its path."""
    path = str(data.get("schedule") or data.get("integration") or "")
    name = data.get("triggerName") or data.get("triggerId") or path.rpartition("/")[2]
    return printable(str(name))


def _shown(key: str, data: Mapping[str, Any]) -> str:
    value = data[key]
    if key in INSTANTS:
        return printable(str(value)).replace("T", " ").removesuffix("Z") + " UTC"
    if key == "overdueSeconds":
        return f"{value} seconds"
    if key == "failuresInARow" and data.get("failuresInARowAtLeast"):
        return f"at least {value}"
    return "yes" if value is True else printable(str(value))


def _quoted(text: str) -> list[str]:
    """Returns strangers' text line by line, so marked that it can't pass for the mail's own."""
    return [f"> {line}" for line in printable(text, newlines=True).splitlines()]
