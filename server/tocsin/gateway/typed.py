"""Builds the JSON form of Envoy's messages."""

from typing import Any

Json = dict[str, Any]


def typed(package: str, message: str, **fields: Any) -> Json:
    """Returns one of Envoy's messages as the JSON form of an Any."""
    return {"@type": f"type.googleapis.com/envoy.{package}.{message}", **fields}
