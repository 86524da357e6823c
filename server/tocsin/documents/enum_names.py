"""Takes short names of enum values, such as `CREATE_OBJECT`, beside the contract's full ones."""

from typing import Any

UNSPECIFIED = "UNSPECIFIED"


def full_names(value: Any, descriptor: Any) -> Any:
    """Returns a JSON object of a message with the full names of its enum values.

    What is not as the message's descriptor says stays as it is.
    """
    if not isinstance(value, dict):
        return value
    fields = {name: field for field in descriptor.fields for name in (field.json_name, field.name)}
    return {
        name: _in_field(each, fields[name]) if name in fields else each
        for name, each in value.items()
    }


def short_names(enum: Any) -> dict[str, str]:
    """Returns the full name of each value under its short one, without the unspecified one.

    A short name lacks the prefix that all values share: the enum's name in upper case.
    """
    full = list(enum.values_by_name)
    prefix = _shared_prefix(full)
    return {name.removeprefix(prefix): name for name in full if not name.endswith(UNSPECIFIED)}


def _in_field(value: Any, field: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        kind = field.message_type.fields_by_name["value"]
        if isinstance(value, dict):
            return {key: _in_kind(each, kind) for key, each in value.items()}
        return value
    if isinstance(value, list):
        return [_in_kind(each, field) for each in value]
    return _in_kind(value, field)


def _in_kind(value: Any, kind: Any) -> Any:
    if kind.enum_type is not None and isinstance(value, str):
        return short_names(kind.enum_type).get(value, value)
    return full_names(value, kind.message_type) if kind.message_type is not None else value


def _shared_prefix(names: list[str]) -> str:
    """Returns what all names begin with, up to an underscore."""
    first, last = min(names), max(names)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[: first.rfind("_", 0, same) + 1]
