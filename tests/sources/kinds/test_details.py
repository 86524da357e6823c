"""Digests of a queue, records of a stream, headers of a mail."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.sqs.models import Message

from tocsin.sources.kinds.data_stream import record_text
from tocsin.sources.kinds.mail import canonical
from tocsin.sources.kinds.message_queue import MessageAttribute, md5_of_attributes

NAMES = st.text("abcXYZ_-09", min_size=1, max_size=8)
ATTRIBUTES = st.dictionaries(NAMES, st.text(min_size=1, max_size=20), max_size=4)


@given(ATTRIBUTES)
def test_the_digest_of_attributes_is_that_of_other_queues(values: dict[str, str]) -> None:
    message = Message("m", "body", "0")
    message.message_attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in values.items()
    }
    ours = {name: MessageAttribute("String", value) for name, value in values.items()}
    assert md5_of_attributes(ours) == (message.attribute_md5 if values else "")


def test_the_digest_of_binary_attributes_tells_them_from_texts() -> None:
    text = md5_of_attributes({"a": MessageAttribute("Binary", "x")})
    assert md5_of_attributes({"a": MessageAttribute("Binary", b"x")}) != text


@pytest.mark.parametrize(
    "record",
    [b'{"a": 1.10, "a": 2}', b" [1, 2]\r\n", b"12345678901234567890123", b'"\\ud800"', b"null"],
)
def test_a_record_goes_as_it_stands(record: bytes) -> None:
    assert record_text(record) == record.decode().strip()


def test_a_byte_order_mark_is_no_part_of_a_record() -> None:
    assert record_text(b"\xef\xbb\xbf{}") == "{}"


@pytest.mark.parametrize(
    "record", [b"", b"hello", b"\xff", b"{", b"NaN", b"[1] [2]", b"[" * 100_000, b"1\xef\xbb\xbf"]
)
def test_what_is_not_json_is_no_record(record: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any will do, all are shown)
        record_text(record)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_each_json_is_a_record(value: object) -> None:
    text = json.dumps(value)
    assert record_text(text.encode()) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [("subject", "Subject"), ("MIME-VERSION", "Mime-Version"), ("x-a-b", "X-A-B"), ("", "")],
)
def test_the_names_of_headers_are_written_alike(name: str, shown: str) -> None:
    assert canonical(name) == shown
