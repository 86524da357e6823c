"""Unpacks records that producers put together into one record of a stream.

The Kinesis Producer Library, and what speaks its format, aggregates small records: a magic number,
a protobuf message, and the MD5 of that message. Only the data of its records is needed here, which
are read one at a time, because strangers may pack millions of empty ones.
https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tocsin.sources.kinds.data_stream import record_text

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES = 16
# No more fit into a mebibyte: a record of one character takes seven bytes.
MOST_RECORDS = 150_000
# Numbers of fields: the records of the message, and the data of a record.
RECORDS, DATA = 3, 3
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10

Value: TypeAlias = int | memoryview


@dataclass(frozen=True, slots=True)
class RecordText:
    """Holds a record as JSON text, and its number: the sequence and the subsequence number."""

    number: str
    text: str


@dataclass(slots=True)
class Refused:
    """Counts records that can't be read, and keeps why the last one can't."""

    records: int = 0
    why: str = ""

    def add(self, why: str) -> None:
        self.records += 1
        self.why = why


def texts_of(
    record: Mapping[str, Any], where: str, refused: Refused
) -> Iterator[RecordText | None]:
    """Yields the records in a stream's record; None for one that can't be read, which is counted.

    A fault in one of the records that were put together holds up no other; what is behind a fault
    in their frame counts as one.
    """
    sequence = record["SequenceNumber"]
    try:
        for ending, data in user_records(record["Data"]):
            number = f"{sequence}{ending}"
            if data is None:
                refused.add(f"record {number} {where} has no data")
                yield None
                continue
            try:
                yield RecordText(number, record_text(data))
            except ValueError as error:
                refused.add(f"record {number} {where} is not JSON: {error}")
                yield None
    except ValueError as error:
        refused.add(f"record {sequence} {where} can't be unpacked: {error}")


def user_records(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yields the records in a stream's record, each with the end of its id; None: it has no data.

    A record that is not aggregated is the only one, and has no subsequence number in its id.

    Raises:
        ValueError: the record is aggregated, but broken; those before the fault were yielded.
    """
    if not data.startswith(MAGIC):
        yield "", data
        return
    packed = memoryview(data)[len(MAGIC) : -DIGEST_BYTES]
    digest = hashlib.md5(packed, usedforsecurity=False).digest()
    if len(data) < len(MAGIC) + DIGEST_BYTES or digest != data[-DIGEST_BYTES:]:
        raise ValueError("it begins as aggregated records do, but its checksum is another")
    number = 0
    for field, value in _fields(packed):
        if field != RECORDS:
            continue
        if number == MOST_RECORDS:
            raise ValueError(f"it holds more than {MOST_RECORDS} records")
        yield f".{number}", _data(value)
        number += 1


def _data(record: Value) -> bytes | None:
    """Returns the data of a record, or None if it has none or is not a record."""
    if isinstance(record, int):
        return None
    found: Value | None = None
    try:
        for field, value in _fields(record):
            if field == DATA:
                found = value
    except ValueError:
        return None
    return None if found is None or isinstance(found, int) else bytes(found)


def _fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Yields the fields of a protobuf message by their numbers; nested messages stay bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError("it is not a protobuf message")
        if length > len(message) - at:
            raise ValueError("it is cut off")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Returns a number, and where it ends."""
    value = 0
    for shift, byte in enumerate(message[at : at + LONGEST_VARINT]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, at + shift + 1
    raise ValueError("it is cut off")
