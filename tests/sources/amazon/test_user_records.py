"""Aggregated records are unpacked, and broken ones are refused in words."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stand.services.aggregating import aggregated, enveloped
from tocsin.sources.amazon import user_records as module
from tocsin.sources.amazon.user_records import MOST_RECORDS, Refused, texts_of, user_records


@given(st.lists(st.binary(max_size=300), max_size=50))
def test_records_come_out_as_they_went_in(records: list[bytes]) -> None:
    unpacked = list(user_records(aggregated(records)))
    assert unpacked == [(f".{number}", data) for number, data in enumerate(records)]


def test_what_is_not_aggregated_is_one_record_with_its_own_number() -> None:
    assert list(user_records(b"{}")) == [("", b"{}")]
    assert list(user_records(b"")) == [("", b"")]


def field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xf3\x89\x9a\xc2", "checksum"),
        (b"\xf3\x89\x9a\xc2" + bytes(15), "checksum"),
        (aggregated([b"1"])[:-1] + b"\0", "checksum"),
        (aggregated([b"1"])[:-1], "checksum"),
        (enveloped(b"\x1a\x05\x08"), "cut off"),
        (enveloped(b"\x1a"), "cut off"),
        (enveloped(b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "cut off"),
        (enveloped(b"\xff" * 12), "cut off"),
        (enveloped(b"\x1b"), "not a protobuf message"),
    ],
)
def test_what_is_broken_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        list(user_records(data))


@given(st.binary(max_size=200))
def test_no_bytes_of_strangers_are_another_error(message: bytes) -> None:
    try:
        list(user_records(enveloped(message)))
    except ValueError:
        return


def test_fields_that_later_versions_may_have_are_passed_over() -> None:
    later = (
        field(9, b"later")
        + b"\x51"
        + struct.pack("<d", 1.5)
        + b"\x5d"
        + struct.pack("<f", 1.5)
        + b"\x60\xac\x02"
    )
    assert list(user_records(enveloped(later + field(3, later + field(3, b"7"))))) == [(".0", b"7")]


def test_no_more_records_than_so_many_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 3)
    unpacking = user_records(aggregated([b"1"] * 4))
    assert [next(unpacking)[0] for _ in range(3)] == [".0", ".1", ".2"]
    with pytest.raises(ValueError, match="more than 3 records"):
        next(unpacking)
    assert MOST_RECORDS * 7 > 1024 * 1024


def test_what_can_not_be_read_in_a_record_is_counted_and_the_rest_is_taken() -> None:
    refused = Refused()
    record = {"SequenceNumber": "49", "Data": aggregated([b"1", b"no", b"\xff", b'{"n":2}'])}
    texts = list(texts_of(record, "of shard-0", refused))
    assert [each and (each.number, each.text) for each in texts] == [
        ("49.0", "1"),
        None,
        None,
        ("49.3", '{"n":2}'),
    ]
    assert refused.records == 2
    assert "record 49.2 of shard-0 is not JSON" in refused.why


@pytest.mark.parametrize(
    "message",
    [
        b"\x18\x01",
        field(3, b"\x08\x00"),
        field(3, b"\x18\x07"),
        field(3, b""),
        field(3, b"\x1a\x09"),
    ],
)
def test_a_record_without_data_holds_up_no_other_of_its_aggregate(message: bytes) -> None:
    refused = Refused()
    good = field(3, field(3, b"1"))
    record = {"SequenceNumber": "49", "Data": enveloped(good + message + good)}
    texts = list(texts_of(record, "of shard-0", refused))
    assert [each and each.number for each in texts] == ["49.0", None, "49.2"]
    assert (refused.records, refused.why) == (1, "record 49.1 of shard-0 has no data")


def test_what_is_behind_a_fault_in_a_record_counts_as_one() -> None:
    refused = Refused()
    broken = enveloped(field(3, field(3, b"1")) + b"\x1a\x05\x08")
    texts = list(texts_of({"SequenceNumber": "49", "Data": broken}, "of shard-0", refused))
    assert [each and each.number for each in texts] == ["49.0"]
    assert refused == Refused(1, "record 49 of shard-0 can't be unpacked: it is cut off")
