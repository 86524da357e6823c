"""S3 event notifications: what AWS, MinIO and Ceph tell of their objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
https://docs.ceph.com/en/latest/radosgw/notifications/#events
"""

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
    members,
    optional_text,
    text,
)

TEST_EVENT = "s3:TestEvent"
"""What AWS sends when notifications are set up."""

# By how the name of an event begins, without `s3:`.
CHANGES = {
    "ObjectCreated:": ObjectChange.CREATE,
    "ObjectRemoved:": ObjectChange.DELETE,
    "LifecycleExpiration:": ObjectChange.DELETE,
    "ObjectLifecycle:Expiration:": ObjectChange.DELETE,
    "ObjectAcl:": ObjectChange.UPDATE,
}
# Their names say so, but no object came or went: the first five are MinIO's, the last is Ceph's.
NO_CHANGES = {
    "ObjectCreated:PutRetention",
    "ObjectCreated:PutLegalHold",
    "ObjectCreated:PutTagging",
    "ObjectCreated:DeleteTagging",
    "ObjectRemoved:NoOP",
    "ObjectLifecycle:Expiration:AbortMultipartUpload",
}
NOT_ESCAPED = "ceph:"
"""Sources that tell keys as they are begin so; all others escape them as a form does."""


def object_notification(body: bytes, now: int) -> Notification:
    """Returns the changes of objects that a body tells of; `now` is when it came.

    Raises:
        NotificationError: it is no notification.
    """
    content = _unwrapped(json_object(body))
    if content.get("Event") == TEST_EVENT:
        return Notification((), 1)
    records = members(content, "", "Records")
    told = [_incoming(record, path, now) for path, record in records]
    incoming = tuple(each for each in told if each is not None)
    return Notification(incoming, len(told) - len(incoming))


def _unwrapped(content: Json) -> Json:
    """What goes through a topic on its way to a queue is a text in that topic's own message."""
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
    at = now
    if time := optional_text(record, path, "eventTime"):
        try:
            at = nanos_of_rfc3339(time)
        except ValueError as error:
            raise NotificationError(joined(path, "eventTime"), str(error)) from error
    # A record holds the id of its request, or a number of its own: no other change looks the same.
    return Incoming(ObjectEvent(change, bucket, key), at, identity("s3", record))


def _change(name: str) -> ObjectChange | None:
    if name in NO_CHANGES:
        return None
    return next((change for start, change in CHANGES.items() if name.startswith(start)), None)
