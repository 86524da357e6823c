"""Reads JSON as messages, and reports all that does not fit at once, in the order of the text.

The texts of the faults are those of Google's front end, which clients may match.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tocsin.contract.json.scalars import Wrong, map_key, scalar, type_name
from tocsin.contract.json.text import DEEPEST, JsonTextError, RepeatedNames, parse_text
from tocsin.contract.json.well_known import NESTED, WELL_KNOWN
from tocsin.contract.validation import Violation, shown_key

MOST_FAULTS: Final = 100
_SHOWN = 64
APOSTROPHE: Final = "'"
_RECEIVED = "Invalid JSON payload received."


class JsonFaults(Exception):
    """JSON is not a message; the faults have paths as protos name them, empty for the root."""

    def __init__(self, faults: list[Violation]) -> None:
        super().__init__(faults)
        self.faults = faults


class _Enough(Exception):
    """There are as many faults as anyone reads."""


@dataclass(slots=True)
class _Reading:
    """One reading: whether unknown names are faults, and the faults so far."""

    strict: bool
    faults: list[Violation]

    def fault(self, field: str, description: str) -> None:
        self.faults.append(Violation(field, description))
        if len(self.faults) >= MOST_FAULTS:
            raise _Enough

    def unknown(self, path: str, name: str, why: str) -> None:
        at = f" at '{path}'" if path else ""
        self.fault(path, f"{_RECEIVED} Unknown name {quoted(name)}{at}: {why}")

    def wrong(self, path: str, kind: str, value: Any) -> None:
        self.fault(path, f"Invalid value at '{path}' ({kind}), {quoted(value)}")


def read_message(data: bytes, message: Message, *, strict: bool, at: str = "") -> None:
    """Fills a message from the text of its JSON; an empty text is an empty message.

    Args:
        data: the text, whose size was bounded before.
        message: an empty message.
        strict: whether a name that the message does not have is a fault, or is dropped.
        at: the path of the message, for the paths of the faults.

    Raises:
        JsonFaults: the text is not JSON of this message; the message is half filled.
    """
    if not data:
        return
    try:
        value = parse_text(data)
    except JsonTextError as error:
        raise JsonFaults([Violation(at, f"{_RECEIVED} {error}")]) from None
    except RepeatedNames as error:
        raise JsonFaults([_repeated(path, name) for path, name in error.found]) from None
    fill_message(value, message, strict=strict, at=at)


def fill_message(value: Any, message: Message, *, strict: bool, at: str = "") -> None:
    """Fills a message from JSON that was parsed already; the rest is as for `read_message`.

    Raises:
        JsonFaults: the value is not JSON of this message; the message is half filled.
    """
    reading = _Reading(strict, [])
    # Enough faults end the reading.
    with contextlib.suppress(_Enough):
        _reader(message.DESCRIPTOR)(message, value, at, reading, DEEPEST)
    if reading.faults:
        raise JsonFaults(reading.faults)


def _repeated(path: str, name: str) -> Violation:
    where = f" at '{path}'" if path else ""
    what = f"{_RECEIVED} Repeated name {quoted(name)}{where}: A name may be there once."
    return Violation(path, what)


Reader: TypeAlias = Callable[[Any, Any, str, _Reading, int], None]
"""Fills a message from a value at a path, so many levels deep at most."""
Setter: TypeAlias = Callable[[Any, Any, str, _Reading, int], None]
"""Sets a field of a message from a value at the path of the field; null never comes here."""


class _Field(NamedTuple):
    name: str
    oneof: str
    set: Setter
    takes_null: bool


@cache
def _reader(descriptor: Descriptor) -> Reader:
    name = descriptor.full_name
    if name in WELL_KNOWN or name in NESTED:
        return _well_known(name)
    if name == "google.protobuf.Any":
        return _any(descriptor.file.pool)
    if _is_wrapper(descriptor):
        return _wrapper(descriptor.fields_by_name["value"])
    return _fields_reader(descriptor)


def _is_wrapper(descriptor: Descriptor) -> bool:
    return descriptor.file.name == "google/protobuf/wrappers.proto"


def _fields_reader(descriptor: Descriptor) -> Reader:
    kind = f"type.googleapis.com/{descriptor.full_name}"
    fields: dict[str, _Field] = {}

    def read(message: Any, value: Any, path: str, reading: _Reading, left: int) -> None:
        if type(value) is not dict or left <= 0:
            _mismatch(value, path, kind, reading)
            return
        if not fields:
            fields.update(_fields(descriptor))
        _read_fields(fields, message, value, path, reading, left)

    return read


def _mismatch(value: Any, path: str, kind: str, reading: _Reading) -> None:
    if path:
        reading.wrong(path, kind, value)
    elif type(value) is dict:
        reading.fault("", f"{_RECEIVED} It is nested more than {DEEPEST} levels deep.")
    else:
        reading.fault("", f"{_RECEIVED} The body must be an object: the JSON of message {kind}.")


def _read_fields(
    fields: dict[str, _Field],
    message: Any,
    value: dict[str, Any],
    path: str,
    reading: _Reading,
    left: int,
) -> None:
    seen: set[str] = set()
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            if reading.strict:
                reading.unknown(path, name, "Cannot find field.")
            continue
        where = f"{path}.{field.name}" if path else field.name
        if field.name in seen:
            reading.fault(where, f"Invalid value at '{where}': it is set under both of its names.")
            continue
        seen.add(field.name)
        if item is None and not field.takes_null:
            continue
        if field.oneof:
            if field.oneof in seen:
                reading.fault(
                    path,
                    f"Invalid value at '{path}' (oneof), oneof field '{field.oneof[1:]}' is "
                    f"already set. Cannot set {quoted(name, mark=APOSTROPHE)}",
                )
                continue
            seen.add(field.oneof)
        field.set(message, item, where, reading, left)


def _fields(descriptor: Descriptor) -> dict[str, _Field]:
    found: dict[str, _Field] = {}
    for field in descriptor.fields:
        oneof = field.containing_oneof
        described = _Field(
            field.name,
            # A name of a field can't begin so.
            "" if oneof is None or len(oneof.fields) == 1 else f".{oneof.name}",
            _setter(field),
            _takes_null(field),
        )
        found[field.name] = found[field.json_name] = described
    return found


def _takes_null(field: FieldDescriptor) -> bool:
    if field.is_repeated:
        return False
    return _is_value(field) or (
        field.enum_type is not None and field.enum_type.full_name == "google.protobuf.NullValue"
    )


def _is_value(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.full_name == "google.protobuf.Value"


def _setter(field: FieldDescriptor) -> Setter:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _map_setter(field)
    if field.is_repeated:
        return _list_setter(field)
    if field.message_type is not None:
        return _message_setter(field)
    return _scalar_setter(field)


def _read_scalar(field: FieldDescriptor) -> Callable[[Any], Any]:
    read = scalar(field)
    if field.enum_type is not None and field.enum_type.full_name == "google.protobuf.NullValue":
        return lambda value: 0 if value is None else read(value)
    return read


def _scalar_setter(field: FieldDescriptor) -> Setter:
    name, read, kind = field.name, _read_scalar(field), type_name(field)

    def put(message: Any, value: Any, path: str, reading: _Reading, _: int) -> None:
        try:
            setattr(message, name, read(value))
        except Wrong:
            if type(value) is list:
                above, last = path.rpartition(".")[::2]
                why = "Proto field is not repeating, cannot start list."
                reading.unknown(above, last, why)
            else:
                reading.wrong(path, kind, value)

    return put


def _message_setter(field: FieldDescriptor) -> Setter:
    name, read = field.name, _reader(field.message_type)

    def put(message: Any, value: Any, path: str, reading: _Reading, left: int) -> None:
        inner = getattr(message, name)
        inner.SetInParent()
        read(inner, value, path, reading, left - 1)

    return put


def _list_setter(field: FieldDescriptor) -> Setter:
    name, kind = field.name, type_name(field)
    of_messages = field.message_type is not None
    takes_null = _is_value(field)
    read_message = _reader(field.message_type) if of_messages else None
    read = None if of_messages else scalar(field)

    def put(message: Any, value: Any, path: str, reading: _Reading, left: int) -> None:
        if type(value) is not list:
            reading.wrong(path, kind, value)
            return
        container = getattr(message, name)
        for index, item in enumerate(value):
            if item is None and not takes_null:
                reading.wrong(f"{path}[{index}]", kind, None)
            elif read_message is not None:
                read_message(container.add(), item, f"{path}[{index}]", reading, left - 1)
            elif read is not None:
                try:
                    container.append(read(item))
                except Wrong:
                    reading.wrong(f"{path}[{index}]", kind, item)

    return put


def _map_setter(field: FieldDescriptor) -> Setter:
    name, entry = field.name, field.message_type
    assert entry is not None, field.full_name
    key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
    read_key, key_kind, kind = map_key(key_field), type_name(key_field), type_name(value_field)
    takes_null = _is_value(value_field)
    of_messages = value_field.message_type is not None
    read_message = _reader(value_field.message_type) if of_messages else None
    read = None if of_messages else scalar(value_field)

    def put(message: Any, value: Any, path: str, reading: _Reading, left: int) -> None:
        if type(value) is not dict:
            reading.wrong(path, "Map", value)
            return
        container = getattr(message, name)
        for text, item in value.items():
            where = f"{path}[{shown_key(text)}]"
            try:
                key = read_key(text)
            except Wrong:
                reading.wrong(where, key_kind, text)
                continue
            if key in container:
                reading.unknown(path, text, f"Repeated map key: {quoted(text)} is already set.")
            elif item is None and not takes_null:
                reading.wrong(where, kind, None)
            elif read_message is not None:
                read_message(container[key], item, where, reading, left - 1)
            elif read is not None:
                try:
                    container[key] = read(item)
                except Wrong:
                    reading.wrong(where, kind, item)

    return put


def _well_known(name: str) -> Reader:
    kind = f"type.googleapis.com/{name}"
    fill, nested = WELL_KNOWN.get(name), NESTED.get(name)

    def read(message: Any, value: Any, path: str, reading: _Reading, left: int) -> None:
        try:
            if fill is not None:
                fill(message, value)
            elif nested is not None:
                nested(message, value, left)
        except Wrong:
            reading.wrong(path, kind, value)

    return read


def _wrapper(field: FieldDescriptor) -> Reader:
    return _scalar_setter(field)


def _any(pool: DescriptorPool) -> Reader:
    kind = "type.googleapis.com/google.protobuf.Any"

    def read(message: Any, value: Any, path: str, reading: _Reading, left: int) -> None:
        if type(value) is not dict or left <= 0:
            reading.wrong(path, kind, value)
            return
        if not value:
            return
        descriptor = _named(pool, value.get("@type"))
        if descriptor is None:
            reading.wrong(f"{path}.@type" if path else "@type", "a known type", value.get("@type"))
            return
        inner = GetMessageClass(descriptor)()
        rest = {name: item for name, item in value.items() if name != "@type"}
        if _has_own_form(descriptor):
            # The value of such a type is a member of its own.
            for name in rest.keys() - {"value"} if reading.strict else ():
                reading.unknown(path, name, "Cannot find field.")
            where = f"{path}.value" if path else "value"
            if "value" not in rest:
                reading.wrong(where, f"type.googleapis.com/{descriptor.full_name}", None)
                return
            _reader(descriptor)(inner, rest["value"], where, reading, left - 1)
        else:
            _reader(descriptor)(inner, rest, path, reading, left - 1)
        message.type_url, message.value = value["@type"], inner.SerializeToString()

    return read


def _has_own_form(descriptor: Descriptor) -> bool:
    name = descriptor.full_name
    own = name in WELL_KNOWN or name in NESTED or name == "google.protobuf.Any"
    return own or _is_wrapper(descriptor)


def _named(pool: DescriptorPool, url: Any) -> Descriptor | None:
    if type(url) is not str or "/" not in url:
        return None
    try:
        found: Descriptor = pool.FindMessageTypeByName(url.rpartition("/")[2])
    except KeyError:
        return None
    return found


def quoted(value: Any, mark: str = '"') -> str:
    """Returns a value as errors show it: on one line, printable, and cut; a text within marks."""
    text = value if type(value) is str else _json(value)
    plain = "".join(each if each.isprintable() else "?" for each in text[:_SHOWN])
    plain += "…" if len(text) > _SHOWN else ""
    return f"{mark}{plain}{mark}" if type(value) is str else plain


def _json(value: Any) -> str:
    """Returns a scalar's JSON; of a list or an object only what it is."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case int() if abs(value) > 10**_SHOWN:
            return "a number of many digits"
    return json.dumps(value)
