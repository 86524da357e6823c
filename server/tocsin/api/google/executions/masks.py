"""Reduces executions and versions to the fields that a read mask names."""

from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tocsin.wire.errors import invalid_field

M = TypeVar("M", bound=Message)

EVERYTHING = "*"
# Without its name, a client could not tell one execution from another.
ALWAYS = "name"


def read_mask(mask: FieldMask, kind: type[Message], field: str = "read_mask") -> FieldMask | None:
    """Returns the mask of what to return of a message; None means everything (AIP-157).

    It has each path once: every message of a page is walked by all of its paths.

    Raises:
        ApiError: a path names no field.
    """
    if not mask.paths or EVERYTHING in mask.paths:
        return None
    descriptor: Any = kind.DESCRIPTOR
    paths = dict.fromkeys([ALWAYS])
    for index, path in enumerate(mask.paths):
        if path in paths:
            continue
        if not FieldMask(paths=[path]).IsValidForDescriptor(descriptor):
            raise invalid_field(
                f"{field}.paths[{index}]",
                f"{path[:64]!r} is not a field of {descriptor.name}",
            )
        paths[path] = None
    return FieldMask(paths=paths)


def reduced(message: M, mask: FieldMask) -> M:
    """Returns the masked fields of a message."""
    part = type(message)()
    mask.MergeMessage(message, part)
    return part
