"""S3 event notifications, in the forms of those who send them."""

import contextlib
import copy
import json
from typing import Any

import pytest

from tocsin.sources.kinds.object_storage import ObjectChange, ObjectEvent
from tocsin.sources.notifications.reading import NotificationError
from tocsin.sources.notifications.s3 import object_notification

Json = dict[str, Any]

NOW = 1_795_255_200_000_000_000


def record(**changed: Any) -> Json:
    """As AWS sends it, but for what is changed."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-21T10:00:00.104Z",
        "eventName": "ObjectCreated:Put",
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "tocsin",
            "bucket": {"name": "photos", "arn": "arn:aws:s3:::photos"},
            "object": {"key": "in/my+cat+%2B1.jpg", "size": 3, "sequencer": "0055AED6DCD90281E5"},
        },
        **changed,
    }


def read(*records: Json, **beside: Any) -> list[ObjectEvent]:
    body = json.dumps({"Records": records, **beside}).encode()
    return [each.event for each in object_notification(body, NOW).incoming]  # type: ignore[misc]


def test_aws_tells_of_a_new_object() -> None:
    body = json.dumps({"Records": [record()]}).encode()
    [told] = object_notification(body, NOW).incoming
    assert told.event == ObjectEvent(ObjectChange.CREATE, "photos", "in/my cat +1.jpg")
    assert told.at == 1_795_255_200_104_000_000


# https://github.com/minio/minio/blob/master/docs/bucket/notifications/README.md
def test_minio_names_events_in_full_and_adds_to_the_body() -> None:
    minio = record(eventSource="minio:s3", eventName="s3:ObjectRemoved:Delete", eventVersion="2.0")
    assert read(minio, EventName="s3:ObjectRemoved:Delete", Key="photos/in/my cat +1.jpg") == [
        ObjectEvent(ObjectChange.DELETE, "photos", "in/my cat +1.jpg")
    ]


def test_ceph_does_not_escape_keys() -> None:
    ceph = record(eventSource="ceph:s3", eventTime="2026-11-21T10:00:00.124724Z", eventId="")
    assert read(ceph) == [ObjectEvent(ObjectChange.CREATE, "photos", "in/my+cat+%2B1.jpg")]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ObjectCreated:CompleteMultipartUpload", ObjectChange.CREATE),
        ("s3:ObjectCreated:Copy", ObjectChange.CREATE),
        ("ObjectRemoved:DeleteMarkerCreated", ObjectChange.DELETE),
        ("LifecycleExpiration:Delete", ObjectChange.DELETE),
        ("ObjectLifecycle:Expiration:Current", ObjectChange.DELETE),
        ("ObjectAcl:Put", ObjectChange.UPDATE),
    ],
)
def test_changes_by_their_names(name: str, change: ObjectChange) -> None:
    assert [each.event_type for each in read(record(eventName=name))] == [change]


@pytest.mark.parametrize(
    "name",
    [
        "ObjectTagging:Put",
        "ObjectRestore:Completed",
        "ReducedRedundancyLostObject",
        "s3:ObjectAccessed:Get",
        "s3:ObjectCreated:PutRetention",
        "s3:ObjectRemoved:NoOP",
        "ObjectLifecycle:Expiration:AbortMultipartUpload",
    ],
)
def test_what_no_rule_can_ask_for_is_counted(name: str) -> None:
    body = json.dumps({"Records": [record(eventName=name), record()]}).encode()
    notification = object_notification(body, NOW)
    assert (len(notification.incoming), notification.ignored) == (1, 1)


def test_the_test_event_of_aws_is_none() -> None:
    body = b'{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos"}'
    assert (object_notification(body, NOW).incoming, object_notification(body, NOW).ignored) == (
        (),
        1,
    )


def test_what_is_told_again_has_the_same_id_and_nothing_else_has() -> None:
    other = record()
    other["s3"]["object"]["sequencer"] = "0055AED6DCD90281E6"
    body = json.dumps({"Records": [record(), other, record()]}).encode()
    first, second, again = (each.id for each in object_notification(body, NOW).incoming)
    assert first == again
    assert first != second


def test_without_a_time_it_is_now() -> None:
    told = record()
    del told["eventTime"]
    body = json.dumps({"Records": [told]}).encode()
    assert [each.at for each in object_notification(body, NOW).incoming] == [NOW]


def changed(path: str, value: Any) -> bytes:
    told: Json = {"Records": [copy.deepcopy(record())]}
    within: Any = told
    *outer, last = path.replace("[0]", ".0").split(".")
    for name in outer:
        within = within[int(name) if name.isdigit() else name]
    within[int(last) if last.isdigit() else last] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Records", {}),
        ("Records", None),
        ("Records[0]", "x"),
        ("Records[0].eventName", None),
        ("Records[0].eventTime", "yesterday"),
        ("Records[0].eventTime", "2026-13-01T00:00:00Z"),
        ("Records[0].eventTime", "0001-01-01T00:00:00+14:00"),
        ("Records[0].s3", []),
        ("Records[0].s3.bucket", None),
        ("Records[0].s3.bucket.name", ""),
        ("Records[0].s3.object.key", 7),
        ("Records[0].s3.object.key", "\ud800"),
    ],
)
def test_a_body_that_is_none_is_refused_where_it_is_wrong(field: str, value: Any) -> None:
    with pytest.raises(NotificationError) as refused:
        object_notification(changed(field, value), NOW)
    assert refused.value.field == field


def test_what_goes_through_a_topic_is_taken_out_of_it() -> None:
    topic = {"Type": "Notification", "Message": json.dumps({"Records": [record()]})}
    [told] = object_notification(json.dumps(topic).encode(), NOW).incoming
    [direct] = object_notification(json.dumps({"Records": [record()]}).encode(), NOW).incoming
    assert told == direct
    with pytest.raises(NotificationError, match="Message: is not JSON"):
        object_notification(b'{"Type": "Notification", "Message": "hello"}', NOW)


def not_read(key: bytes, number: bytes = b"3") -> bytes:
    """Returns a record, as bytes, with this key and this size."""
    text = json.dumps(record(eventSource="ceph:s3")).encode()
    text = text.replace(b"in/my+cat+%2B1.jpg", key)
    return text.replace(b'"size": 3', b'"size": ' + number)


def test_bytes_that_are_not_utf_8_hold_up_no_other_record() -> None:
    body = b'{"Records": [' + b", ".join((not_read(b"a"), not_read(b"\xff"), not_read(b"b")))
    told = object_notification(body + b"]}", NOW)
    assert [each.event.object_id for each in told.incoming] == ["a", "b"]  # type: ignore[attr-defined]
    [unreadable] = told.unreadable
    assert (unreadable.key, unreadable.entries) == ("photos", 1)
    assert unreadable.error.field == "Records[1].s3.object.key"


def test_bytes_that_are_not_utf_8_do_not_matter_where_nothing_reads_them() -> None:
    text = json.dumps({"Records": [record(principal="?")]}).encode().replace(b'"?"', b'"\xe9"')
    [told] = object_notification(text, NOW).incoming
    assert told.event.object_id == "in/my cat +1.jpg"  # type: ignore[attr-defined]


def test_a_number_of_thousands_of_digits_holds_up_no_record() -> None:
    body = b'{"Records": [' + not_read(b"a") + b", " + not_read(b"b", b"9" * 5000) + b"]}"
    assert len(object_notification(body, NOW).incoming) == 2


@pytest.mark.parametrize("depth", range(900, 1000, 10))
def test_nothing_that_is_nested_deep_breaks_more_than_itself(depth: int) -> None:
    told = json.dumps({"Records": [record()]})[:-3] + ', "x": ' + "[" * depth + "]" * depth + "}]}"
    with contextlib.suppress(NotificationError):
        assert len(object_notification(told.encode(), NOW).incoming) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"<xml/>", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotificationError, match="is not"):
        object_notification(body, NOW)
