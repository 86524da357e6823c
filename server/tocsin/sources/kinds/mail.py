"""mail: a mail to the address of a trigger."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.sources.instants import NANOS, go_time
from tocsin.sources.kinds.definition import (
    Kind,
    Metadata,
    Mismatches,
    any_of,
    dumps,
    messages_frame,
)


@dataclass(frozen=True, slots=True)
class AttachmentsBucket:
    """Names the bucket into which the attachments of mails are put."""

    bucket_id: str
    service_account_id: str


@dataclass(frozen=True, slots=True)
class MailSource:
    """Matches mail to a trigger's own address. Without a bucket, attachments are dropped."""

    email: str
    attachments_bucket: AttachmentsBucket | None = None


@dataclass(frozen=True, slots=True)
class Attachments:
    """Names the objects into which the attachments of a mail were put."""

    bucket_id: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailEvent:
    """Holds a mail; the event's instant is when it came.

    `headers` are in their order, with repeated names. `uptime` is how long the receiving process
    had run, in nanoseconds.
    """

    recipient: str
    headers: tuple[tuple[str, str], ...]
    message: str
    attachments: Attachments | None = None
    uptime: int = 0


def mismatches(source: MailSource, event: MailEvent) -> Mismatches:
    return any_of("email", (source.email.lower(),), event.recipient.lower())


def element(event: MailEvent, metadata: Metadata) -> str:
    """Returns the mail alone: mails have no metadata around it."""
    seconds, nanos = divmod(event.uptime, NANOS)
    mail: dict[str, object] = {
        "received_at": f"{go_time(metadata.at)} m=+{seconds}.{nanos:09}",
        "headers": [
            {"name": name, "values": values} for name, values in grouped(event.headers).items()
        ],
    }
    if event.attachments is not None:
        mail["attachments"] = {
            "bucket_id": event.attachments.bucket_id,
            "keys": list(event.attachments.keys),
        }
    return dumps(mail | {"message": event.message})


def grouped(headers: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Returns the values of each header, in the order of the names' first appearance."""
    by_name: dict[str, list[str]] = {}
    for name, value in headers:
        by_name.setdefault(canonical(name), []).append(value)
    return by_name


def canonical(name: str) -> str:
    """Returns a header's name as Go writes it: `mime-VERSION` becomes `Mime-Version`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


KIND = Kind(
    name="mail",
    source=MailSource,
    event=MailEvent,
    keys_of_source=lambda source: (source.email.lower(),),
    keys_of_event=lambda event: (event.recipient.lower(),),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
)
