"""Writes Python values as the input parameters of an integration."""

import json
from collections.abc import Mapping
from typing import Any

_SCALARS: Mapping[type, str] = {
    bool: "booleanValue",
    int: "intValue",
    float: "doubleValue",
    str: "stringValue",
}
_LISTS: Mapping[type, tuple[str, str]] = {
    bool: ("booleanArray", "booleanValues"),
    int: ("intArray", "intValues"),
    float: ("doubleArray", "doubleValues"),
    str: ("stringArray", "stringValues"),
}


def as_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns values as JSON of `google.cloud.integrations.v1alpha.ValueType`."""
    return {name: _as_parameter(value) for name, value in values.items()}


def _as_parameter(value: Any) -> dict[str, Any]:
    if (scalar := _SCALARS.get(type(value))) is not None:
        return {scalar: value}
    if isinstance(value, list | tuple):
        types = {type(item) for item in value}
        if len(types) == 1 and (names := _LISTS.get(types.pop())) is not None:
            array, items = names
            return {array: {items: [*value]}}
    return {"jsonValue": json.dumps(value)}
