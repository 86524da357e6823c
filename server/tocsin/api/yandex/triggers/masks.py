"""Applies the update mask of a request to a trigger (AIP-134, AIP-161)."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tocsin.contract.validation import Violation
from tocsin.wire import errors
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

MOST_PATHS = 100
# Means every field that can be updated, as no mask does.
EVERYTHING = "*"

_FIELDS = frozenset(Trigger.DESCRIPTOR.fields_by_name)
UPDATABLE = tuple(
    name for name in contract.UpdateTriggerRequest.DESCRIPTOR.fields_by_name if name in _FIELDS
)
# What the server decides; a client that sends back what it read may name it, to no effect.
OUTPUT_ONLY = frozenset(
    {
        *_FIELDS.difference(contract.CreateTriggerRequest.DESCRIPTOR.fields_by_name),
        "rule.mail.email",
    }
)


def update_paths(request: contract.UpdateTriggerRequest) -> tuple[str, ...]:
    """Returns the paths to update, none of them within another; empty if the mask changes nothing.

    An absent mask and `*` mean all fields. Output-only paths are left out.

    Raises:
        ApiError: a path does not exist or can't be updated.
    """
    # Repeated paths count once, so that a long mask costs no more.
    paths = list(dict.fromkeys(request.update_mask.paths))
    if len(paths) > MOST_PATHS:
        raise errors.invalid_field("update_mask", f"must have at most {MOST_PATHS} paths")
    if paths in ([], [EVERYTHING]):
        return UPDATABLE
    if wrong := [problem for path in paths if (problem := _problem(path)) is not None]:
        raise errors.invalid([Violation("update_mask", problem) for problem in wrong])
    return tuple(path for path in _outermost(paths) if not _is_output_only(path))


def sent_part(request: contract.UpdateTriggerRequest) -> contract.UpdateTriggerRequest:
    """Returns the request without the fields that its mask does not name as a whole.

    Such a field is not written, or only parts of it are, so that it need not be valid by itself.
    """
    paths = update_paths(request)
    if paths == UPDATABLE:
        return request
    part = contract.UpdateTriggerRequest()
    part.CopyFrom(request)
    for name in set(UPDATABLE) - set(paths):
        part.ClearField(name)
    return part


def merge(request: contract.UpdateTriggerRequest, trigger: Trigger, paths: Iterable[str]) -> None:
    """Writes the fields of the request that the paths name, and no other, to the trigger.

    A field that the request leaves out goes back to its default.

    Raises:
        ApiError: a path leads into a member of a oneof, but another member is set.
    """
    # All are checked before one is written, so that their order does not matter.
    named = [path.split(".") for path in paths]
    for names in named:
        for message, whose in ((trigger, "the trigger"), (request, "the request")):
            if (problem := _other_member(message, names, whose)) is not None:
                path = ".".join(names)
                raise errors.invalid_field("update_mask", f"path {path!r} {problem}")
    for names in named:
        _write(request, trigger, names)


def _write(sent: Any, kept: Any, names: list[str]) -> None:
    name, *below = names
    field = kept.DESCRIPTOR.fields_by_name[name]
    if below:
        if kept.HasField(name) or _is_set(sent, names):
            _write(getattr(sent, name), getattr(kept, name), below)
        return
    kept.ClearField(name)
    if not _is_set(sent, names):
        return
    if field.is_repeated or field.message_type is not None:
        getattr(kept, name).MergeFrom(getattr(sent, name))
        # An empty message is there, too.
        if not field.is_repeated:
            getattr(kept, name).SetInParent()
    else:
        setattr(kept, name, getattr(sent, name))


def _is_set(message: Any, names: list[str]) -> bool:
    name, *below = names
    if message.DESCRIPTOR.fields_by_name[name].has_presence:
        if not message.HasField(name):
            return False
        return not below or _is_set(getattr(message, name), below)
    return bool(getattr(message, name))


def _other_member(message: Any, names: list[str], whose: str) -> str | None:
    """Returns what is wrong with a path into a oneof's member while another member is set."""
    for index, name in enumerate(names[:-1]):
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.containing_oneof is not None:
            present = message.WhichOneof(field.containing_oneof.name)
            if present not in (None, name):
                whole = ".".join([*names[:index], present])
                return (
                    f"is within {name}, but {whose} has {whole}; to replace that, name "
                    f"{'.'.join(names[: index + 1])} as a whole"
                )
        if not message.HasField(name):
            return None
        message = getattr(message, name)
    return None


def _outermost(paths: list[str]) -> Iterator[str]:
    named = set(paths)
    for path in paths:
        parts = path.split(".")
        if not any(".".join(parts[:depth]) in named for depth in range(1, len(parts))):
            yield path


def _is_output_only(path: str) -> bool:
    parts = path.split(".")
    return any(".".join(parts[:depth]) in OUTPUT_ONLY for depth in range(1, len(parts) + 1))


def _problem(path: str) -> str | None:
    """Returns why a path can't stand in a mask, or None if it can."""
    shown = path[:64]
    if path == EVERYTHING:
        return f"{shown!r} must be the only path of its mask"
    if not _exists(path):
        named = _snake_case(path)
        meant = f"{named[:64]!r}" if named != path and _exists(named) else ", ".join(UPDATABLE)
        return f"unknown path {shown!r}; expected {meant}"
    if path.partition(".")[0] not in UPDATABLE and not _is_output_only(path):
        return f"path {shown!r} can't be updated; expected {', '.join(UPDATABLE)}"
    return None


def _exists(path: str) -> bool:
    """Returns whether a path names a field; it can't lead into lists and maps."""
    within: Any = Trigger.DESCRIPTOR
    field: Any = None
    for name in path.split("."):
        if field is not None and field.is_repeated:
            return False
        field = None if within is None else within.fields_by_name.get(name)
        if field is None:
            return False
        within = field.message_type
    return True


def _snake_case(path: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", path)
