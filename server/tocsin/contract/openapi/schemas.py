"""Describes messages and enums as JSON Schemas, which refer to each other by full names."""

from collections.abc import Collection, Iterator
from itertools import combinations

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from tocsin.contract import ContractError
from tocsin.contract.openapi import Json
from tocsin.contract.openapi.comments import comment_of
from tocsin.contract.openapi.limits import item_limits, limited, not_empty
from tocsin.contract.openapi.well_known import INTEGERS, OTHER_SCALARS, WELL_KNOWN, whole_number
from tocsin.contract.options import Options, exactly_one_of

_REF = "#/components/schemas/"
# Ends the name of a request that stands within another one, and so has the fields too that the path
# of its own method binds.
_WHOLE = ".Whole"


class Schemas:
    """Collects the schemas that a document refers to."""

    def __init__(self) -> None:
        self._found: dict[str, Json] = {}
        self._bound: set[str] = set()
        """Requests that are described without the fields that their paths bind."""

    def of_message(self, descriptor: Descriptor) -> Json:
        """Returns a reference to the schema of a message, which is described once."""
        if descriptor.file.name == "google/protobuf/wrappers.proto":
            return _or_null(self._scalar(descriptor.fields_by_name["value"]))
        name = descriptor.full_name
        if name in self._bound:
            name += _WHOLE
        return self._known(name) or self._message(descriptor, name)

    def of_request(self, descriptor: Descriptor, bound: Collection[str]) -> Json:
        """Returns a reference to the schema of a request without the fields that its path binds.

        Raises:
            ContractError: another route of the message binds other fields.
        """
        name = descriptor.full_name
        if bound:
            self._bound.add(name)
        reference = self._known(name) or self._message(descriptor, name, set(bound))
        left = {field.json_name for field in descriptor.fields if field.name not in bound}
        if set(self._found[descriptor.full_name]["properties"]) != left:
            raise ContractError(f"{descriptor.full_name}: its paths bind different fields")
        return reference

    def has_required(self, descriptor: Descriptor) -> bool:
        """Returns whether a message that was described must have some field or other."""
        schema = self._found[descriptor.full_name]
        return "required" in schema or any("oneOf" in each for each in schema.get("allOf", ()))

    def of_field(self, field: FieldDescriptor) -> Json:
        """Returns the schema of a field's value, with its limits and its comment."""
        options = Options.by(field)
        schema = (
            self._of_map(field, options) if _is_map(field) else self._of_one_or_list(field, options)
        )
        return _described(schema, field, options)

    def add(self, name: str, schema: Json) -> Json:
        """Adds a schema that no message has; returns a reference to it."""
        self._found[name] = schema
        return {"$ref": f"{_REF}{name}"}

    def all(self) -> dict[str, Json]:
        """Returns all schemas that were referred to, by name and in that order."""
        return dict(sorted(self._found.items()))

    def _known(self, name: str) -> Json | None:
        if name in WELL_KNOWN:
            return self.add(name, WELL_KNOWN[name])
        return {"$ref": f"{_REF}{name}"} if name in self._found else None

    def _message(self, descriptor: Descriptor, name: str, bound: Collection[str] = ()) -> Json:
        # A message that contains itself finds its own name here.
        reference = self.add(name, {})
        schema: Json = {"type": "object"}
        if comment := comment_of(descriptor.full_name):
            schema["description"] = comment
        fields = [field for field in descriptor.fields if field.name not in bound]
        required = [field.json_name for field in fields if _must_be_there(field)]
        if required:
            schema["required"] = required
        schema["properties"] = {field.json_name: self.of_field(field) for field in fields}
        choices = [choice for names, one in _oneofs(descriptor) for choice in _choice(names, one)]
        if choices:
            schema["allOf"] = choices
        self.add(name, schema)
        return reference

    def _enum(self, enum: EnumDescriptor) -> Json:
        if enum.full_name == "google.protobuf.NullValue":
            return {"type": "null"}
        known = self._known(enum.full_name)
        if known is not None:
            return known
        schema: Json = {"type": "string", "enum": [value.name for value in enum.values]}
        texts = [comment_of(enum.full_name), *_values(enum)]
        if any(texts):
            schema["description"] = "\n".join(text for text in texts if text)
        return self.add(enum.full_name, schema)

    def _of_one_or_list(self, field: FieldDescriptor, options: Options) -> Json:
        where = field.full_name
        if field.is_repeated:
            item = limited(self._one(field), field, options, empty=False, where=where)
            return {"type": "array", "items": item, **item_limits(field, options, is_map=False)}
        if field.has_presence:
            return limited(self._one(field), field, options, empty=False, where=where)
        schema = limited(self._one(field), field, options, empty=not options.required, where=where)
        return not_empty(schema, field) if options.required else schema

    def _of_map(self, field: FieldDescriptor, options: Options) -> Json:
        entry = field.message_type
        assert entry is not None, field.full_name
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        where = field.full_name
        schema: Json = {
            "type": "object",
            "additionalProperties": limited(
                self._one(value), value, options, empty=False, where=where
            ),
            **item_limits(field, options, is_map=True),
        }
        if options.map_key is not None and key.type == FieldDescriptor.TYPE_STRING:
            schema["propertyNames"] = limited({}, key, options.of_key(), empty=False, where=where)
        return schema

    def _one(self, field: FieldDescriptor) -> Json:
        if field.message_type is not None:
            return self.of_message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return self._scalar(field)

    def _scalar(self, field: FieldDescriptor) -> Json:
        if field.type not in INTEGERS:
            return dict(OTHER_SCALARS[field.type])
        name, (low, high) = INTEGERS[field.type]
        schema = whole_number(field.type, low, high, zero=False)
        # The pattern of 64 bits is long.
        return self.add(name, schema) if "pattern" in schema else schema


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _described(schema: Json, field: FieldDescriptor, options: Options) -> Json:
    more: Json = {}
    texts = [comment_of(field.full_name), schema.get("description", "")]
    if any(texts):
        more["description"] = "\n\n".join(text for text in texts if text)
    if options.output_only:
        more["readOnly"] = True
    if field.GetOptions().deprecated:
        more["deprecated"] = True
    return {**schema, **more}


def _is_map(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.GetOptions().map_entry


def _must_be_there(field: FieldDescriptor) -> bool:
    options = Options.by(field)
    if options.output_only:
        return False
    keywords = item_limits(field, options, is_map=_is_map(field)) if field.is_repeated else {}
    return options.required or "minItems" in keywords or "minProperties" in keywords


def _oneofs(descriptor: Descriptor) -> Iterator[tuple[list[str], bool]]:
    """Yields the members of each oneof of the contract, and whether one of them must be set."""
    declared = DescriptorProto()
    descriptor.CopyToProto(declared)
    # protoc makes up a oneof for each `optional` field.
    optional = {field.name for field in declared.field if field.proto3_optional}
    for oneof in descriptor.oneofs:
        members = [field for field in oneof.fields if field.name not in optional]
        if members:
            yield [field.json_name for field in members], exactly_one_of(oneof)


def _choice(names: list[str], exactly_one: bool) -> Iterator[Json]:
    """Yields what allows one of the members, or none unless one must be there."""
    if exactly_one:
        yield {"oneOf": [{"required": [name]} for name in names]}
    elif len(names) > 1:
        pairs = [{"required": list(pair)} for pair in combinations(names, 2)]
        yield {"not": {"anyOf": pairs}}


def _values(enum: EnumDescriptor) -> Iterator[str]:
    # The full name of a value is a sibling's of its enum; the compiler's comments are below it.
    for value in enum.values:
        text = comment_of(f"{enum.full_name}.{value.name}")
        if text:
            yield f"\n- `{value.name}`: {text}"
