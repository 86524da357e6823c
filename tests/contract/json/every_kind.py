"""A message with fields of every kind that protobuf's JSON knows, in a pool of its own."""

from typing import Any

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

SCALARS = (
    *("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes"),
)
KEYS = ("int32", "int64", "uint32", "uint64", "sint32", "fixed64", "bool", "string")
WRAPPED = ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
KNOWN = (
    *("Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Any"),
    *(f"{kind}Value" for kind in WRAPPED),
)
WELL_KNOWN_FILES = (any_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
PACKAGE = "every.kind"


def _type(kind: str) -> dict[str, Any]:
    if kind in SCALARS:
        return {"type": getattr(Field, f"TYPE_{kind.upper()}")}
    if kind == "enum":
        return {"type": Field.TYPE_ENUM, "type_name": f".{PACKAGE}.Colour"}
    if kind == "null":
        return {"type": Field.TYPE_ENUM, "type_name": ".google.protobuf.NullValue"}
    if kind == "every":
        return {"type": Field.TYPE_MESSAGE, "type_name": f".{PACKAGE}.Every"}
    return {"type": Field.TYPE_MESSAGE, "type_name": f".google.protobuf.{kind}"}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="every.proto", package=PACKAGE, syntax="proto3")
    file.dependency.extend(each.DESCRIPTOR.name for each in WELL_KNOWN_FILES)
    colour = file.enum_type.add(name="Colour")
    for number, name in enumerate(("COLOUR_UNSPECIFIED", "RED", "GREEN")):
        colour.value.add(name=name, number=number * 5)
    every = file.message_type.add(name="Every")
    every.oneof_decl.add(name="choice")
    for name, kind, more in _declared():
        number = len(every.field) + 1
        label = more.pop("label", Field.LABEL_OPTIONAL)
        if "key" in more:
            key, label = more.pop("key"), Field.LABEL_REPEATED
            entry = every.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=Field.LABEL_OPTIONAL, **_type(key))
            entry.field.add(name="value", number=2, label=Field.LABEL_OPTIONAL, **_type(kind))
            type_name = f".{PACKAGE}.Every.{entry.name}"
            every.field.add(
                name=name,
                number=number,
                label=label,
                type=Field.TYPE_MESSAGE,
                type_name=type_name,
            )
        else:
            every.field.add(name=name, number=number, label=label, **_type(kind), **more)
    for field in every.field:
        if field.proto3_optional:
            field.oneof_index = len(every.oneof_decl)
            every.oneof_decl.add(name=f"_{field.name}")
    return file


def _declared() -> list[tuple[str, str, dict[str, Any]]]:
    kinds = (*SCALARS, "enum", "null", *KNOWN, "every")
    singular = [(f"one_{kind.lower()}", kind, {}) for kind in kinds]
    repeated = [
        (f"many_{kind.lower()}", kind, {"label": Field.LABEL_REPEATED})
        for kind in kinds
        if kind != "null"
    ]
    by_key = [(f"by_{key}", "string", {"key": key}) for key in KEYS]
    by_value = [
        (f"map_{kind.lower()}", kind, {"key": "string"})
        for kind in ("int64", "bytes", "enum", "Value", "Timestamp", "every", "BoolValue")
    ]
    chosen = [(f"pick_{kind.lower()}", kind, {"oneof_index": 0}) for kind in ("string", "every")]
    optional = [("maybe_int32", "int32", {"proto3_optional": True})]
    return [*singular, *repeated, *by_key, *by_value, *chosen, *optional]


POOL = descriptor_pool.DescriptorPool()
for _each in WELL_KNOWN_FILES:
    POOL.AddSerializedFile(_each.DESCRIPTOR.serialized_pb)
POOL.AddSerializedFile(_file().SerializeToString())
DESCRIPTOR = POOL.FindMessageTypeByName(f"{PACKAGE}.Every")
Every: Any = message_factory.GetMessageClass(DESCRIPTOR)
