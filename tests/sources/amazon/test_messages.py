"""A message of a queue is read whole, or refused in words."""

from typing import Any

import pytest

from tocsin.sources.amazon.messages import UnreadableMessage, message_of, millis_of
from tocsin.sources.kinds.message_queue import MessageAttribute

WHOLE = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": "hello"}


def test_all_attributes_of_the_queue_and_of_the_sender_are_kept() -> None:
    own = {"SentTimestamp": "1795255200104", "AWSTraceHeader": "Root=1-5", "MessageGroupId": "g"}
    message = message_of(
        "q",
        WHOLE
        | {
            "Attributes": own,
            "MessageAttributes": {
                "n": {"DataType": "Number.int", "StringValue": "7"},
                "b": {"DataType": "Binary.png", "BinaryValue": b"\0"},
                "base64": {"DataType": "Binary", "BinaryValue": "AP8="},
                "empty": {"DataType": "String"},
            },
        },
    )
    assert message.attributes == own
    assert message.message_attributes == {
        "n": MessageAttribute("Number.int", "7"),
        "b": MessageAttribute("Binary.png", b"\0"),
        "base64": MessageAttribute("Binary", b"\0\xff"),
        "empty": MessageAttribute("String", ""),
    }


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"Body": None}, "message m1: Body is missing"),
        ({"Body": "\ud800"}, "message m1: Body is not Unicode"),
        ({"MessageId": ""}, "MessageId is empty"),
        ({"MessageId": "m\0"}, "MessageId is empty or has a NUL"),
        ({"ReceiptHandle": None}, "message m1: ReceiptHandle is missing"),
        ({"Attributes": ["x"]}, "message m1: Attributes is not an object"),
        ({"Attributes": {"SenderId": 7}}, "Attributes.'SenderId' is missing or not a string"),
        ({"MessageAttributes": {"a": "x"}}, "MessageAttributes.'a' is not an object"),
        ({"MessageAttributes": {"a": {}}}, "MessageAttributes.'a'.DataType is missing"),
        (
            {"MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "AP8"}}},
            "MessageAttributes.'a'.BinaryValue is not base64",
        ),
        ({"MessageAttributes": {"\udfff": {}}}, "MessageAttributes"),
    ],
)
def test_what_can_not_be_read_is_named(wrong: Any, why: str) -> None:
    with pytest.raises(UnreadableMessage) as refused:
        message_of("q", WHOLE | wrong)
    assert why in str(refused.value)
    str(refused.value).encode()


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1795255200104", 1795255200104_000_000),
        ("0", None),
        ("-1", None),
        ("", None),
        ("٣", None),
        ("9" * 5000, None),
        ("253402300800000", None),
    ],
)
def test_a_time_that_is_none_is_left_to_the_clock(text: str, nanos: int | None) -> None:
    assert millis_of(text) == nanos
