"""JSON as Envoy's configuration has it."""

from typing import Any

Json = dict[str, Any]


def typed(package: str, message: str, **fields: Any) -> Json:
    """Returns a message of Envoy's as the JSON form of an Any."""
    return {"@type": f"type.googleapis.com/envoy.{package}.{message}", **fields}
