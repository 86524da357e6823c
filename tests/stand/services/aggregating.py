"""Puts records together as the Kinesis Producer Library does, by the schema that it publishes."""

import hashlib
from collections.abc import Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto
REPEATED, REQUIRED, OPTIONAL = Field.LABEL_REPEATED, Field.LABEL_REQUIRED, Field.LABEL_OPTIONAL
MESSAGES: dict[str, list[tuple[str, int, Any, Any]]] = {
    "Tag": [("key", 1, REQUIRED, Field.TYPE_STRING), ("value", 2, OPTIONAL, Field.TYPE_STRING)],
    "Record": [
        ("partition_key_index", 1, REQUIRED, Field.TYPE_UINT64),
        ("explicit_hash_key_index", 2, OPTIONAL, Field.TYPE_UINT64),
        ("data", 3, REQUIRED, Field.TYPE_BYTES),
        ("tags", 4, REPEATED, ".Tag"),
    ],
    "AggregatedRecord": [
        ("partition_key_table", 1, REPEATED, Field.TYPE_STRING),
        ("explicit_hash_key_table", 2, REPEATED, Field.TYPE_STRING),
        ("records", 3, REPEATED, ".Record"),
    ],
}


def _aggregated_record() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="kpl.proto", syntax="proto2")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind in fields:
            made = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                made.type, made.type_name = Field.TYPE_MESSAGE, kind
            else:
                made.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("AggregatedRecord"))


AggregatedRecord = _aggregated_record()


def enveloped(message: bytes) -> bytes:
    """Puts the magic number before a message, and its digest behind it."""
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


def aggregated(records: Sequence[bytes]) -> bytes:
    message = AggregatedRecord(partition_key_table=["a", "b"], explicit_hash_key_table=["7"])
    for number, data in enumerate(records):
        record = message.records.add(partition_key_index=number % 2, data=data)
        if number % 3 == 0:
            record.explicit_hash_key_index = 0
            record.tags.add(key="k", value="v")
    packed: bytes = message.SerializeToString()
    return enveloped(packed)
