"""Reads S3 event notifications, as AWS, MinIO and Ceph send them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
https://docs.ceph.com/en/latest/radosgw/notifications/#events
"""

from typing import Any
from urllib.parse import unquote_plus

from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import nanos_of_rfc3339
from tocsin.sources.kinds.object_storage import ObjectChange, ObjectEvent
from tocsin.sources.notifications.reading import (
    Json,
    Notification,
    NotificationError,
    identity,
    joined,
    json_object,
    member,
    optional_text,
    read_each,
    text,
)

TEST_EVENT = "s3:TestEvent"
"""The event that AWS sends when notifications are set up."""

# Changes by the prefix of an event's name, without `s3:`.
CHANGES = {
    "ObjectCreated:": ObjectChange.CREATE,
    "ObjectRemoved:": ObjectChange.DELETE,
    "LifecycleExpiration:": ObjectChange.DELETE,
    "ObjectLifecycle:Expiration:": ObjectChange.DELETE,
    "ObjectAcl:": ObjectChange.UPDATE,
}
# Despite their names, no object came or went: the first five are MinIO's, the last is Ceph's.
NO_CHANGES = {
    "ObjectCreated:PutRetention",
    "ObjectCreated:PutLegalHold",
    "ObjectCreated:PutTagging",
    "ObjectCreated:DeleteTagging",
    "ObjectRemoved:NoOP",
    "ObjectLifecycle:Expiration:AbortMultipartUpload",
}
NOT_ESCAPED = "ceph:"
"""Prefix of sources that send keys plain; all others escape them as in a form."""


def object_notification(body: bytes, now: int) -> Notification:
    """Reads the changes of objects from a body.

    Args:
        body: the JSON text.
        now: the instant at which it came, in nanoseconds, for records without a time.

    Raises:
        NotificationError: the body is not a notification.
    """
    content = _unwrapped(json_object(body))
    if content.get("Event") == TEST_EVENT:
        return Notification((), 1)
    changes, unreadable = read_each(
        content, "", "Records", lambda record, path: _incoming(record, path, now), _bucket
    )
    incoming = tuple(change for change in changes if change is not None)
    return Notification(incoming, len(changes) - len(incoming), unreadable)


def _bucket(record: Any) -> str:
    """Returns the bucket of a record that can't be read; empty if it does not say it."""
    try:
        return text(record["s3"]["bucket"], "", "name")
    except (LookupError, TypeError, AttributeError, NotificationError):
        return ""


def _unwrapped(content: Json) -> Json:
    """Returns the content of a message that came through an SNS topic, else the content itself."""
    if content.get("Type") != "Notification":
        return content
    try:
        return json_object(text(content, "", "Message").encode())
    except NotificationError as error:
        raise NotificationError("Message", error.reason) from error


def _incoming(record: Json, path: str, now: int) -> Incoming | None:
    change = _change(text(record, path, "eventName").removeprefix("s3:"))
    if change is None:
        return None
    where, s3 = joined(path, "s3"), member(record, path, "s3")
    bucket = text(member(s3, where, "bucket"), f"{where}.bucket", "name")
    key = text(member(s3, where, "object"), f"{where}.object", "key")
    if not optional_text(record, path, "eventSource").startswith(NOT_ESCAPED):
        key = unquote_plus(key)
    happened_ns = now
    if time := optional_text(record, path, "eventTime"):
        try:
            happened_ns = nanos_of_rfc3339(time)
        except ValueError as error:
            raise NotificationError(joined(path, "eventTime"), str(error)) from error
    # A record holds the id of its request or a sequence number, so no two changes are equal.
    return Incoming(ObjectEvent(change, bucket, key), happened_ns, identity("s3", record))


def _change(name: str) -> ObjectChange | None:
    if name in NO_CHANGES:
        return None
    return next((change for start, change in CHANGES.items() if name.startswith(start)), None)
