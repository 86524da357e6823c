"""Adds the limits that a field's options set to the schema of its value."""

import math
import re

from google.protobuf.descriptor import FieldDescriptor

from tocsin.contract.openapi import Json
from tocsin.contract.openapi.well_known import INTEGERS, duration
from tocsin.contract.openapi.well_known import whole_number as whole_number_schema
from tocsin.contract.options import Options
from tocsin.contract.ranges import Range, duration_nanos, parse_range, whole_number

_DURATION = "google.protobuf.Duration"
_NEEDLESS_ESCAPE = re.compile(r"\\([^\w^$\\.*+?()\[\]{}|/-])")


def limited(
    schema: Json, field: FieldDescriptor, options: Options, *, empty: bool, where: str
) -> Json:
    """Returns the schema of one value of a field with its limits.

    Args:
        schema: the schema of the value's type.
        field: the field, or the key or value of a map's entry.
        options: the limits.
        empty: whether the zero value, which means "left out", is allowed whatever the limits say.
        where: the full name of the field, for errors.
    """
    kind = field.message_type
    if options.value is not None:
        is_duration = kind is not None and kind.full_name == _DURATION
        parse = duration_nanos if is_duration else whole_number
        limits = parse_range(options.value, parse, where, "value")
        if not is_duration:
            return _number(field, limits, empty=empty)
        exact = duration(limits.low, limits.high)
        return _told(schema if exact is None else exact, f"Must be {limits.text}.")
    if field.type == FieldDescriptor.TYPE_STRING:
        schema = _string(schema, options, empty=empty, where=where)
    if options.bytes is not None:
        limits = parse_range(options.bytes, whole_number, where, "bytes")
        schema = _told(schema, f"Must be {limits.text} bytes.")
        # A character has one byte or more.
        if field.type == FieldDescriptor.TYPE_STRING and limits.high != math.inf:
            schema = {**schema, "maxLength": int(limits.high)}
    return schema


def item_limits(field: FieldDescriptor, options: Options, *, is_map: bool) -> Json:
    """Returns the keywords that limit how many items a list or a map has, and which."""
    found: Json = {}
    least, most = ("minProperties", "maxProperties") if is_map else ("minItems", "maxItems")
    if options.required:
        found[least] = 1
    if options.size is not None:
        limits = parse_range(options.size, whole_number, field.full_name, "size")
        if limits.low > 0:
            found[least] = int(limits.low)
        if limits.high != math.inf:
            found[most] = int(limits.high)
    if options.unique:
        found["uniqueItems"] = True
    return found


def not_empty(schema: Json, field: FieldDescriptor) -> Json:
    """Returns the schema of a required value that can't be told from one that is left out."""
    if field.enum_type is not None:
        return {**schema, "not": {"const": field.enum_type.values_by_number[0].name}}
    if field.type in INTEGERS:
        return {**schema, "not": {"enum": [0, "0"]}}
    return {**schema, "minLength": max(1, schema.get("minLength", 0))}


def anchored(pattern: str) -> str:
    """Returns a pattern of the contract as JSON Schema has it.

    A contract's pattern matches the whole of a text. ECMA 262 refuses escapes that mean nothing.
    """
    needed = _NEEDLESS_ESCAPE.sub(r"\1", pattern)
    return f"^(?:{needed})$"


def _number(field: FieldDescriptor, limits: Range, *, empty: bool) -> Json:
    _, (least, most) = INTEGERS[field.type]
    low, high = max(limits.low, least), min(limits.high, most)
    return whole_number_schema(field.type, int(low), int(high), zero=empty)


def _string(schema: Json, options: Options, *, empty: bool, where: str) -> Json:
    limits: Json = {}
    if options.length is not None:
        length = parse_range(options.length, whole_number, where, "length")
        if length.low > 0:
            limits["minLength"] = int(length.low)
        if length.high != math.inf:
            limits["maxLength"] = int(length.high)
    if options.pattern is not None:
        limits["pattern"] = anchored(options.pattern)
    if empty and _refuses_empty(options, limits):
        return {**schema, "anyOf": [{"maxLength": 0}, limits]}
    return {**schema, **limits}


def _refuses_empty(options: Options, limits: Json) -> bool:
    if limits.get("minLength", 0):
        return True
    return options.pattern is not None and re.fullmatch(options.pattern, "") is None


def _told(schema: Json, text: str) -> Json:
    before = schema.get("description")
    return {**schema, "description": f"{before} {text}" if before else text}
