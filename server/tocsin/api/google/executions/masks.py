"""Reduces executions to the fields that a read mask names."""

from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tocsin.wire.errors import invalid_field

M = TypeVar("M", bound=Message)

EVERYTHING = "*"
# Without its name, a client could not tell one execution from another.
ALWAYS = "name"


def read_mask(mask: FieldMask, kind: type[Message]) -> FieldMask | None:
    """Returns the mask of what to return of a message; None means everything (AIP-157).

    Raises:
        ApiError: a path names no field.
    """
    if not mask.paths or EVERYTHING in mask.paths:
        return None
    descriptor: Any = kind.DESCRIPTOR
    for index, path in enumerate(mask.paths):
        if not FieldMask(paths=[path]).IsValidForDescriptor(descriptor):
            raise invalid_field(
                f"read_mask.paths[{index}]",
                f"{path[:64]!r} is not a field of {descriptor.name}",
            )
    return FieldMask(paths=[ALWAYS, *mask.paths])


def reduced(message: M, mask: FieldMask) -> M:
    """Returns the masked fields of a message."""
    part = type(message)()
    mask.MergeMessage(message, part)
    return part
