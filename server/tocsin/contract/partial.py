"""Cuts answers down to the fields that a caller asks for, by the masks of Google's APIs.

A mask names fields, with commas between them: `a/b` or `a.b` is a field of a field, `a(b,c)` are
some of its fields, `*` are all. https://cloud.google.com/apis/docs/system-parameters
"""

import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from tocsin.contract.json.well_known import WELL_KNOWN

Mask: TypeAlias = dict[str, "Mask"]
"""Names of fields, each with the mask below it; an empty one means all of the field."""

DEEPEST: Final = 20
_PIECE = re.compile(r"[(),]|[^(),]+")
_WHOLE: Final = ""
"""Stands in the mask of a field that is asked for whole, while the text is read."""
# What these hold is known with a value only.
_OPEN: Final = frozenset(
    f"google.protobuf.{name}" for name in ("Any", "Struct", "Value", "ListValue")
)


class MaskError(Exception):
    """A mask can't be read; the message says why."""


class UnknownPath(MaskError):
    """A mask names a field that the answer does not have."""

    def __init__(self, path: str) -> None:
        super().__init__(
            "Error expanding 'fields' parameter. Cannot find matching fields for path "
            f"'{path[:64]}'."
        )


def partial(descriptor: Descriptor, text: str) -> Callable[[bytes], bytes]:
    """Returns what cuts a serialized answer down to a mask.

    Raises:
        MaskError: the mask is malformed, or names a field that the answer can't have.
    """
    mask = parse_mask(text)
    _check(descriptor, mask, "")
    answer_class = GetMessageClass(descriptor)

    def cut(answer: bytes) -> bytes:
        message: Any = answer_class.FromString(answer)
        _cut(message, mask)
        cut_down: bytes = message.SerializeToString()
        return cut_down

    return cut


def parse_mask(text: str) -> Mask:
    """Parses the text of a mask.

    Raises:
        MaskError: it is malformed, or nested too deeply.
    """
    root: Mask = {}
    # The masks in whose brackets we are, and that of the name before us.
    above: list[Mask] = [root]
    last: Mask | None = None
    pieces = _PIECE.findall(text)
    closed = False
    for piece, following in zip_longest(pieces, pieces[1:]):
        match piece:
            case "(" if last is not None and not closed and len(above) <= DEEPEST:
                above.append(last)
                last = None
            case ")" if last is not None and len(above) > 1:
                last = above.pop()
                closed = True
                continue
            case "," if last is not None:
                last = None
            case "(" | ")" | ",":
                raise MaskError(f"Error expanding 'fields' parameter. Misplaced '{piece}'.")
            case _ if last is not None:
                raise MaskError("Error expanding 'fields' parameter. A comma is missing.")
            case _:
                last = _entered(above[-1], piece)
                if following != "(":
                    last[_WHOLE] = {}
        closed = False
    if len(above) > 1 or last is None:
        raise MaskError("Error expanding 'fields' parameter. It ends too early.")
    _open_whole(root)
    return root


def _entered(mask: Mask, path: str) -> Mask:
    names = re.split("[/.]", path)
    if _WHOLE in names or len(names) > DEEPEST:
        raise UnknownPath(path)
    for name in names:
        mask = mask.setdefault(name, {})
    return mask


def _open_whole(mask: Mask) -> None:
    """Empties the masks of fields that are asked for whole, in other places of the text too."""
    for below in mask.values():
        if _WHOLE in below:
            below.clear()
        _open_whole(below)


def _check(descriptor: Descriptor, mask: Mask, path: str) -> None:
    if descriptor.full_name in _OPEN:
        return
    for name, below in mask.items():
        where = f"{path}/{name}" if path else name
        fields = descriptor.fields if name == "*" else [_field(descriptor, name)]
        for field in fields:
            if field is None:
                raise UnknownPath(where)
            kind = field.message_type
            if not below or _is_map(field):
                continue
            if kind is None or _is_text(kind):
                if name == "*":
                    continue
                raise UnknownPath(f"{where}/{next(iter(below))}")
            _check(kind, below, where)


def _field(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    found: FieldDescriptor | None = descriptor.fields_by_name.get(name)
    return found or descriptor.fields_by_camelcase_name.get(name)


def _is_text(descriptor: Descriptor) -> bool:
    """Returns whether JSON has one value for a message, such as the text of an instant."""
    wraps = descriptor.file.name == "google/protobuf/wrappers.proto"
    return wraps or descriptor.full_name in WELL_KNOWN


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _cut(message: Any, mask: Mask) -> None:
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Any":
        _cut_any(message, mask)
    elif name == "google.protobuf.Struct":
        _cut_map(message.fields, mask)
    elif name not in _OPEN and not _is_text(message.DESCRIPTOR):
        for field, value in message.ListFields():
            below = _below(mask, field.name, field.camelcase_name)
            if below is None:
                message.ClearField(field.name)
            elif below and _is_map(field):
                _cut_map(value, below)
            elif below and field.message_type is not None:
                for each in value if field.is_repeated else [value]:
                    _cut(each, below)


def _cut_any(message: Any, mask: Mask) -> None:
    """Cuts what an Any holds, if its type is known here; its type stays."""
    pool = message.DESCRIPTOR.file.pool
    try:
        kind = pool.FindMessageTypeByName(message.TypeName())
        inner = GetMessageClass(kind).FromString(message.value)
    except (KeyError, DecodeError):
        return
    _cut(inner, mask)
    message.value = inner.SerializeToString()


def _cut_map(values: Any, mask: Mask) -> None:
    for key in list(values):
        below = _below(mask, str(key))
        if below is None:
            del values[key]
        elif below and hasattr(values[key], "DESCRIPTOR"):
            _cut(values[key], below)


def _below(mask: Mask, *names: str) -> Mask | None:
    """Returns the mask below a field, empty for all of it; None if the field is not asked for."""
    found = [mask[name] for name in dict.fromkeys((*names, "*")) if name in mask]
    if not found:
        return None
    if not all(found):
        return {}
    merged: Mask = {}
    for each in found:
        _merge(merged, each)
    return merged


def _merge(into: Mask, mask: Mask) -> None:
    for name, below in mask.items():
        if name in into and not (into[name] and below):
            into[name] = {}
        else:
            _merge(into.setdefault(name, {}), below)
