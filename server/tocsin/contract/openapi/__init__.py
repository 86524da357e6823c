"""Writes OpenAPI documents from descriptors, their options and the comments of the protos."""

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
